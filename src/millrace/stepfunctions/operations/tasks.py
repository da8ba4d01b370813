"""Task tokens: what came of a task, from whoever did it."""

import re
from typing import Any, Final

from millrace.engine.errors import PayloadError, TaskTokenError
from millrace.engine.messages import TaskFailed, TaskHeartbeat, TaskSucceeded
from millrace.engine.payload import PAYLOAD_LIMIT, Payload
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.service import Service

# What a token of the engine looks like.
_TOKEN: Final = re.compile(r"[0-9a-f]{64}")


async def send_task_success(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """End a task with its result."""
    _check(parameters["taskToken"])
    try:
        output = Payload.parse(parameters["output"])
    except PayloadError as error:
        raise ApiError("InvalidOutput", f"Invalid Output: '{error}'") from error
    if output.size > PAYLOAD_LIMIT:
        raise ApiError(
            "InvalidOutput", f"Invalid Output: 'expected at most {PAYLOAD_LIMIT} bytes, found {output.size}'"
        )
    await _send(service, TaskSucceeded(parameters["taskToken"], output))
    return {}


async def send_task_failure(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """End a task with its error."""
    await _send(service, TaskFailed(parameters["taskToken"], parameters.get("error"), parameters.get("cause")))
    return {}


async def send_task_heartbeat(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Tell that a task is still at work."""
    await _send(service, TaskHeartbeat(parameters["taskToken"]))
    return {}


async def _send(service: Service, message: TaskSucceeded | TaskFailed | TaskHeartbeat) -> None:
    _check(message.token)
    try:
        await service.executions.send(message)
    except TaskTokenError as error:
        raise ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'") from error


def _check(token: str) -> None:
    """Tell a text that is no token from the token of a task that is over."""
    if _TOKEN.fullmatch(token) is None:
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
