"""`states:startExecution`: executions of other state machines of the same engine.

Sources: AWS Step Functions Developer Guide, "Start a new AWS Step Functions execution"; that dates are in milliseconds
and that StartExecution's own defaults stand for members that are null is recorded.
"""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Final, cast

from millrace.engine import TaskFailure, TaskRequest
from millrace.engine.errors import TASK_FAILED
from millrace.engine.resource import Pattern
from millrace.integrations.errors import ApiError, ArgumentsError, IntegrationError, ServiceError
from millrace.integrations.failures import OptimisedFailures
from millrace.integrations.metadata import local_metadata
from millrace.integrations.naming import optimised_member
from millrace.integrations.sdk_tasks import call_states
from millrace.integrations.shapes import text_of
from millrace.integrations.states_api import StatesApi
from millrace.model.json import Json

_FAILURES: Final = OptimisedFailures("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException")
_EXISTS: Final = "ExecutionAlreadyExists"
_MEMBERS: Final = {
    "Input": "input",
    "Name": "name",
    "StateMachineArn": "stateMachineArn",
    "TraceHeader": "traceHeader",
}
_DATES: Final = frozenset({"StartDate", "StopDate", "RedriveDate"})
_TEXTS: Final = frozenset({"Input", "Output"})


class ExecutionTasks:
    """Starts executions.

    Args:
        states: The engine.
        closing: Tells whether the engine goes down: executions are left alone then.
    """

    def __init__(self, states: StatesApi, closing: Callable[[], bool]) -> None:
        self._states = states
        self._closing = closing
        self._stopping: set[asyncio.Task[object]] = set()

    async def __call__(self, task: TaskRequest) -> Json:
        """Start one execution, and with .sync wait for its end; a cancelled wait stops it."""
        try:
            answer = task.submitted
            if answer is None:
                answer = local_metadata(_described(await self._start(task), parsed=False))
                if task.resource.pattern is not Pattern.SYNC:
                    return answer
                task.submit(answer)
            arn = cast("dict[str, Json]", answer)["ExecutionArn"]
            description = await self._ended(cast("str", arn))
        except IntegrationError as error:
            raise _FAILURES.failure(error, task.arguments) from error
        result = _described(description, parsed=task.resource.action.endswith(":2"))
        if result.get("Status") != "SUCCEEDED":
            raise TaskFailure(TASK_FAILED, json.dumps(result, separators=(",", ":"), ensure_ascii=False))
        return result

    async def _start(self, task: TaskRequest) -> dict[str, Json]:
        """Start the execution; without a Name it gets one of its task's, so that a task that is run again finds it."""
        parameters = _parameters(task.arguments)
        named = "name" in parameters
        name = parameters.setdefault("name", str(uuid.uuid5(uuid.NAMESPACE_OID, task.token)))
        try:
            return await call_states(self._states, "StartExecution", parameters)
        except ServiceError as error:
            if named or error.answer.code != _EXISTS:
                raise
        machine = cast("str", parameters["stateMachineArn"]).split(":")
        arn = ":".join([*machine[:5], "execution", machine[6], cast("str", name)])
        found = await call_states(self._states, "DescribeExecution", {"executionArn": arn})
        return {"executionArn": found["executionArn"], "startDate": found["startDate"]}

    async def _ended(self, arn: str) -> dict[str, Json]:
        try:
            return await self._states.ended(arn)
        except asyncio.CancelledError:
            if not self._closing():
                stopping: asyncio.Task[object] = asyncio.create_task(self._stop(arn))
                self._stopping.add(stopping)
                stopping.add_done_callback(self._stopping.discard)
            raise

    async def _stop(self, arn: str) -> object:
        try:
            return await self._states.call("StopExecution", {"executionArn": arn})
        except ApiError:  # it has ended meanwhile
            return None


def _parameters(arguments: Json) -> dict[str, Json]:
    """Make the arguments StartExecution's.

    Raises:
        ArgumentsError: There is no state machine, or a member that Step Functions does not pass on.
    """
    given = arguments if isinstance(arguments, dict) else {}
    parameters: dict[str, Json] = {}
    for name, value in given.items():
        if name not in _MEMBERS:
            raise ArgumentsError(f'The field "{name}" is not supported by Step Functions')
        if value is not None:
            parameters[_MEMBERS[name]] = text_of(value)
    if "stateMachineArn" not in parameters:
        raise ArgumentsError("The field 'StateMachineArn' is required but was missing")
    return parameters


def _described(answer: dict[str, Json], *, parsed: bool) -> dict[str, Json]:
    """Spell an answer of the API as the task's result; `.sync:2` gives input and output as JSON."""
    result: dict[str, Json] = {}
    for name, value in answer.items():
        member = optimised_member(name)
        match value:
            case None:
                continue
            case int() | float() if member in _DATES:
                result[member] = round(value * 1000)
            case str() if parsed and member in _TEXTS:
                result[member] = cast("Json", json.loads(value))
            case dict():
                result[member] = {optimised_member(key): item for key, item in value.items()}
            case _:
                result[member] = value
    return dict(sorted(result.items()))
