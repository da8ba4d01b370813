"""How tasks get done: the handlers that the runner calls, and those that the engine brings along."""

import asyncio
import inspect
import json
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from millrace.engine.errors import RUNTIME, TASK_FAILED, PayloadError, TaskFailure
from millrace.engine.payload import Payload
from millrace.engine.resource import Integration, Resource
from millrace.model.ids import StateName
from millrace.model.json import Json

Function: TypeAlias = Callable[[Json], Json] | Callable[[Json], Awaitable[Json]]


def _ignore(_output: Json) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One task to do.

    Attributes:
        resource: The parsed Resource; `resource.arn` is what the definition says.
        arguments: The evaluated Arguments; not to be changed.
        token: The task token.
        state: The state that the task belongs to.
        execution: The ARN of its execution.
        credentials: The evaluated Credentials ({"RoleArn": ...}); None where the state has none.
        timeout, heartbeat: Seconds that the engine waits; None without limit.
        submit: Tells the engine that a .sync task's job was started, with what the start answered.
        submitted: What `submit` was told before a restart: the job runs already; None for a job that is to be started.
        trace: Is shown the request and the response of an HTTP call, for TestState; None: nobody looks.
        reveal_secrets: The trace may show what a connection added to the request.
    """

    resource: Resource
    arguments: Json
    token: str
    state: StateName
    execution: str = ""
    credentials: Json = None
    timeout: float | None = None
    heartbeat: float | None = None
    submit: Callable[[Json], None] = field(default=_ignore, compare=False)
    submitted: Json = None
    trace: Callable[[str, Json], None] | None = field(default=None, compare=False)
    reveal_secrets: bool = False


class TaskHandler(Protocol):
    """Does tasks.

    The return value is the task's result, as AWS gives it for the resource. Of a `.waitForTaskToken` task it is only
    recorded; the task ends when its token comes back. A `TaskFailure` fails the task; a cancelled call means that
    nobody waits for the result any more.
    """

    async def __call__(self, task: TaskRequest, /) -> Json:
        """Do one task."""
        ...


class TaskRoutes:
    """A handler that chooses another by resource.

    Args:
        routes: Handlers by the start of the Resource ARN; the longest start that matches is taken.
    """

    def __init__(self, routes: Mapping[str, TaskHandler]) -> None:
        self._routes = sorted(routes.items(), key=lambda route: -len(route[0]))

    async def __call__(self, task: TaskRequest) -> Json:
        """Do one task."""
        for start, handler in self._routes:
            if task.resource.arn.startswith(start):
                return await handler(task)
        raise TaskFailure(
            RUNTIME,
            f"expected a resource that runs here ({', '.join(start for start, _ in self._routes) or 'none does'}), "
            f"found {task.resource.arn!r} in state {task.state!r}",
        )


class FunctionTasks:
    """Lambda functions in this process: Python callables by function name.

    A function takes the payload and gives the result; one that is not asynchronous runs in a thread. What it raises
    becomes Lambda's error: the exception's class is the error name, the cause is JSON as Lambda writes it.

    Args:
        functions: The callables, by the name or ARN that definitions use; versions and aliases are ignored.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions

    async def __call__(self, task: TaskRequest) -> Json:
        """Invoke one function."""
        if task.resource.integration is Integration.FUNCTION:
            return await self._invoke(task.resource.arn, task.arguments)
        arguments = task.arguments if isinstance(task.arguments, dict) else {}
        name = arguments.get("FunctionName")
        if not isinstance(name, str):
            raise TaskFailure("Lambda.ValidationException", f"expected FunctionName to be a string, found {name!r}")
        result = await self._invoke(name, arguments.get("Payload", {}))
        request = str(uuid.uuid4())
        return {
            "ExecutedVersion": "$LATEST",
            "Payload": result,
            "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
            "SdkResponseMetadata": {"RequestId": request},
            "StatusCode": 200,
        }

    async def _invoke(self, name: str, payload: Json) -> Json:
        function = self._functions.get(name) or self._functions.get(function_name(name))
        if function is None:
            raise TaskFailure("Lambda.ResourceNotFoundException", f"Function not found: {name}")
        try:
            if inspect.iscoroutinefunction(function):
                return await function(payload)
            result = await asyncio.to_thread(function, payload)
            return await result if inspect.isawaitable(result) else result
        except TaskFailure:
            raise
        except Exception as error:
            raise function_failure(error) from error


def function_name(name: str) -> str:
    """Take the function's name out of an ARN, a partial ARN or a qualified name."""
    parts = name.split(":")
    if "function" in parts[:-1]:
        return parts[parts.index("function") + 1]
    return parts[0]


def function_failure(error: Exception) -> TaskFailure:
    """Write an exception as Lambda's Python runtime reports it."""
    report = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": str(uuid.uuid4()),
        "stackTrace": traceback.format_tb(error.__traceback__),
    }
    return TaskFailure(type(error).__name__, json.dumps(report, separators=(",", ":"), ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a call of a handler came to: the result, or the failure."""

    output: Payload | None = None
    error: str | None = None
    cause: str | None = None


async def perform(handler: TaskHandler, task: TaskRequest) -> TaskOutcome:
    """Have a handler do a task, and turn whatever it raises into a failure.

    A handler that raises something else than `TaskFailure` has a fault of its own: the task fails with
    States.TaskFailed and the exception's text, so that a run shows it rather than hangs.
    """
    try:
        return TaskOutcome(Payload.foreign(await handler(task)))
    except TaskFailure as failure:
        return TaskOutcome(error=failure.error, cause=failure.cause)
    except PayloadError as error:
        return TaskOutcome(error=RUNTIME, cause=f"the task of state {task.state!r} gave no JSON: {error}")
    except Exception as error:  # noqa: BLE001 - the boundary to foreign code
        return TaskOutcome(error=TASK_FAILED, cause=f"{type(error).__name__}: {error}")
