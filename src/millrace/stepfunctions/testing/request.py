"""What TestState is asked for, read and checked.

Source: AWS Step Functions API reference, TestState; the wording of errors as recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, cast

from millrace.engine.definition import MapState, ParallelState, State, TaskState
from millrace.engine.errors import Failure, PayloadError
from millrace.engine.payload import EMPTY_OBJECT, Payload
from millrace.engine.resource import Integration, Pattern
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.context_object import read_context
from millrace.stepfunctions.testing.result_check import FieldValidationMode, check_result
from millrace.stepfunctions.testing.tested_state import TestedState, read_tested_state

_MOCKABLE: Final = (TaskState, MapState, ParallelState)


class InspectionLevel(StrEnum):
    """How much of a test's course the answer shows."""

    INFO = "INFO"
    DEBUG = "DEBUG"
    TRACE = "TRACE"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is assumed of the state's past and of its surroundings: TestState's stateConfiguration.

    Attributes:
        retries: How often the state has been retried, by the retrier that matches the error.
        failed_iterations: How many of a Map's iterations failed; None when it is not said.
        item_data: What a Map's ItemReader reads, as it stands in its source.
    """

    retries: int = 0
    failed_iterations: int | None = None
    item_data: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One test of a state.

    Attributes:
        role: The role's ARN; None when none is given.
        mock: The result or the error that stands for the state's work; None runs the task.
        context: The whole context object; None for one like AWS's.
        variables: What is assigned before; None when it is not said.
    """

    tested: TestedState
    input: Payload
    level: InspectionLevel = InspectionLevel.INFO
    role: str | None = None
    mock: Payload | Failure | None = None
    context: dict[str, Json] | None = None
    variables: dict[str, Json] | None = None
    configuration: Configuration = Configuration()
    reveal_secrets: bool = False


def read_request(parameters: Mapping[str, Json]) -> Request:
    """Read the parameters of a TestState call; their types are those of the service's model.

    Raises:
        ApiError: InvalidDefinition, InvalidExecutionInput or ValidationException.
    """
    tested = read_tested_state(_text(parameters, "definition") or "", _text(parameters, "stateName"))
    state = tested.state
    mock = _object(parameters, "mock")
    role = _text(parameters, "roleArn")
    if mock is None:
        _check_unmocked(state, parameters, role)
    else:
        _check_mocked(state, parameters, mock)
    configuration = _configuration(_object(parameters, "stateConfiguration") or {}, tested)
    context = _text(parameters, "context")
    return Request(
        tested=tested,
        input=_input(parameters),
        level=InspectionLevel(_text(parameters, "inspectionLevel") or "INFO"),
        role=role,
        mock=None if mock is None else _outcome(mock, state),
        context=None if context is None else read_context(context, state),
        variables=_variables(parameters),
        configuration=configuration,
        reveal_secrets=parameters.get("revealSecrets") is True,
    )


def _check_unmocked(state: State, parameters: Mapping[str, Json], role: str | None) -> None:
    if "mapIterationFailureCount" in (_object(parameters, "stateConfiguration") or {}):
        raise _invalid("State configuration 'mapIterationFailureCount' can only be specified when a mock is specified.")
    if isinstance(state, MapState | ParallelState):
        raise ApiError(
            "InvalidDefinition",
            "TestState API does not support Map or Parallel states. Supported state types include: "
            "[Task, Wait, Pass, Succeed, Fail, Choice]",
        )
    if "context" in parameters:
        raise _invalid("A Context object can only be specified when a mock is specified.")
    if isinstance(state, TaskState):
        resource = state.resource
        if resource.integration is Integration.ACTIVITY or resource.pattern is not Pattern.REQUEST:
            raise ApiError(
                "InvalidDefinition",
                "TestState API does not support Activity tasks and the service integration patterns '.sync' and "
                "'.waitForTaskToken' unless a mock is specified",
            )
        if role is None:
            raise _invalid("RoleArn must be specified when testing a Task state")


def _check_mocked(state: State, parameters: Mapping[str, Json], mock: Mapping[str, Json]) -> None:
    if ("result" in mock) == ("errorOutput" in mock):
        raise _invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if parameters.get("revealSecrets") is True:
        raise _invalid("TestState does not support RevealSecrets when a mock is specified.")
    if not isinstance(state, _MOCKABLE):
        raise _invalid(f"State type '{state.type}' is not supported when a mock is specified")


def _outcome(mock: Mapping[str, Json], state: State) -> Payload | Failure:
    """Read what stands for the state's work, and check that it can."""
    error = _object(mock, "errorOutput")
    if error is not None:
        if not error.get("error"):
            raise _invalid("An error must be specified in mock.errorOutput.")
        return Failure(_text(error, "error"), _text(error, "cause"))
    try:
        result = Payload.parse(_text(mock, "result") or "")
    except PayloadError as problem:
        raise _invalid("Mocked result must be valid JSON") from problem
    mode = FieldValidationMode(_text(mock, "fieldValidationMode") or "STRICT")
    match state:
        case TaskState():
            check_result(result.value, state.resource, mode)
        case ParallelState():
            if not isinstance(result.value, list):
                raise _invalid("Mocked result must be an array.")
            if len(result.value) != len(state.branches):
                raise _invalid("Mocked result must contain the same number of items as number of Parallel branches.")
        case MapState():
            writer = state.distributed.writer if state.distributed else None
            if writer is not None and writer.resource is not None:
                # The result says where the results were written.
                if not isinstance(result.value, dict):
                    raise _invalid("Mocked result must be a JSON object.")
            elif not isinstance(result.value, list):
                raise _invalid("Mocked result must be an array.")
        case _:
            pass
    return result


def _configuration(given: Mapping[str, Json], tested: TestedState) -> Configuration:
    state = tested.state
    failed = given.get("mapIterationFailureCount")
    data = _text(given, "mapItemReaderData")
    in_map = isinstance(state, MapState) or tested.iterated
    if not in_map and (failed is not None or data is not None):
        field = "mapIterationFailureCount" if failed is not None else "mapItemReaderData"
        raise _invalid(f"State configuration '{field}' can only be specified when testing a Map state.")
    culprit = _text(given, "errorCausedByState")
    if culprit is not None and not isinstance(state, MapState | ParallelState):
        raise _invalid("State configuration 'errorCausedByState' can only be specified for a Map or Parallel state.")
    if culprit is not None and culprit not in tested.inner:
        raise _invalid(f"State '{culprit}' of 'errorCausedByState' not found in definition")
    retries = given.get("retrierRetryCount", 0)
    return Configuration(
        retries=retries if isinstance(retries, int) else 0,
        failed_iterations=failed if isinstance(failed, int) else None,
        item_data=data,
    )


def _input(parameters: Mapping[str, Json]) -> Payload:
    text = _text(parameters, "input")
    if text is None:
        return EMPTY_OBJECT
    try:
        return Payload.parse(text)
    except PayloadError as error:
        raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error


def _variables(parameters: Mapping[str, Json]) -> dict[str, Json] | None:
    text = _text(parameters, "variables")
    if text is None:
        return None
    try:
        variables = Payload.parse(text).value
    except PayloadError:
        variables = None
    if not isinstance(variables, dict):
        raise _invalid("Variables must be a valid JSON object.")
    return variables


def _text(parameters: Mapping[str, Json], name: str) -> str | None:
    value = parameters.get(name)
    return value if isinstance(value, str) else None


def _object(parameters: Mapping[str, Json], name: str) -> dict[str, Json] | None:
    value = parameters.get(name)
    return cast("dict[str, Json]", value) if isinstance(value, dict) else None


def _invalid(message: str) -> ApiError:
    return ApiError("ValidationException", message)
