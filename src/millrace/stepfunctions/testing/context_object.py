"""The context object of a state under test: the one that a test gives, and the usual one.

Source: AWS Step Functions Developer Guide, "Accessing execution data from the Context object"; the wording as recorded.
"""

import uuid
from collections.abc import Mapping
from typing import Final

from millrace.engine.context import ExecutionInfo, MapItem, map_member, timestamp
from millrace.engine.definition import MapState, ParallelState, State, TaskState
from millrace.engine.errors import PayloadError
from millrace.engine.payload import Payload
from millrace.engine.resource import Pattern
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.tested_state import NAME, TestedState

_TEXT: Final = (str, "a string")
_NUMBER: Final = ((int, float), "a number")
_ANY: Final = (object, "a value")
_FIELDS: Final[Mapping[str, Mapping[str, tuple[type | tuple[type, ...], str]]]] = {
    "Execution": {
        "Id": _TEXT,
        "Input": _ANY,
        "Name": _TEXT,
        "RoleArn": _TEXT,
        "StartTime": _TEXT,
        "RedriveCount": _NUMBER,
        "RedriveTime": _TEXT,
    },
    "State": {"EnteredTime": _TEXT, "Name": _TEXT, "RetryCount": _NUMBER},
    "StateMachine": {"Id": _TEXT, "Name": _TEXT},
    "Task": {"Token": _TEXT},
}


def read_context(text: str, state: State) -> dict[str, Json]:
    """Read the context object that stands for AWS's own while a state is tested.

    Raises:
        ApiError: ValidationException, with the first thing that is wrong.
    """
    try:
        context = Payload.parse(text).value
    except PayloadError:
        context = None
    if not isinstance(context, dict):
        raise _error("Context must be a valid JSON object")
    if "Map" in context:
        raise _error("'Map' field is not supported when mocking a Context object")
    for name, member in context.items():
        if name not in _FIELDS:
            raise _error(f"Field '{name}' is not allowed")
        _check_member(name, member)
    if "Task" in context and not (
        isinstance(state, TaskState) and state.resource.pattern in (Pattern.SYNC, Pattern.TOKEN)
    ):
        raise _error(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' "
            "service integration pattern"
        )
    return context


def usual_context(
    given: Json, info: ExecutionInfo, tested: TestedState, role: str | None, retries: int, now: float
) -> dict[str, Json]:
    """Make the context object of a test that gives none.

    Args:
        given: The state's input.
        info: The execution that stands for the test.
        tested: The state; inside of a Map its input is the item of the first iteration.
        role: The role's ARN; null in the context object where a test names none.
        retries: How often the state was retried.
        now: Seconds since the epoch.
    """
    state, moment = tested.state, timestamp(now)
    about: dict[str, Json] = {"Name": NAME, "EnteredTime": moment}
    if isinstance(state, TaskState | MapState | ParallelState):
        about["RetryCount"] = retries
    context: dict[str, Json] = {
        "Execution": {
            "Id": info.id,
            "Input": given,
            "Name": info.name,
            "RoleArn": role,
            "StartTime": moment,
        },
        "StateMachine": {"Id": info.machine_arn, "Name": info.machine},
        "State": about,
    }
    if isinstance(state, TaskState) and state.resource.pattern is Pattern.TOKEN:
        context["Task"] = {"Token": uuid.uuid4().hex}
    if tested.iterated:
        context |= map_member(MapItem(0, given))
    return context


def _check_member(name: str, member: Json) -> None:
    if not isinstance(member, dict):
        raise _error(f"{name} must be an object")
    for field, found in member.items():
        if field not in _FIELDS[name]:
            raise _error(f"Field '{field}' is not allowed")
        expected, article = _FIELDS[name][field]
        if not isinstance(found, expected) or (isinstance(found, bool) and expected is not object):
            raise _error(f"{name}.{field} must be {article}")


def _error(problem: str) -> ApiError:
    return ApiError("ValidationException", f"Invalid Context object provided: {problem}")
