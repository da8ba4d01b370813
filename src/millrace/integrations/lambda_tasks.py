"""Lambda functions: in this process where they are known here, at the Lambda endpoint otherwise.

Sources: AWS Step Functions Developer Guide, "Invoke an AWS Lambda function"; AWS Lambda API, Invoke.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

from millrace.engine import FunctionTasks, TaskFailure, TaskRequest
from millrace.engine.resource import Integration
from millrace.engine.tasks import Function, function_name
from millrace.integrations.errors import ArgumentsError, IntegrationError
from millrace.integrations.failures import OptimisedFailures
from millrace.integrations.metadata import local_metadata, with_metadata
from millrace.integrations.roles import Roles
from millrace.integrations.shapes import text_of
from millrace.model.json import Json

_MEMBERS: Final = ("ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier")
_FAILURES: Final = OptimisedFailures("Lambda", "AWSLambda", "AWSLambdaException")
_UNKNOWN: Final = "Lambda.Unknown"
_ACCEPTED, _NO_CONTENT = 202, 204


class LambdaTasks:
    """Invokes functions.

    Args:
        functions: The functions of this process, by name or ARN.
        roles: Gives the clients for all others.
    """

    def __init__(self, functions: Mapping[str, Function], roles: Roles) -> None:
        self._functions = functions
        self._local = FunctionTasks(functions)
        self._roles = roles
        self._events: set[asyncio.Task[Json]] = set()

    async def __call__(self, task: TaskRequest) -> Json:
        """Invoke one function."""
        if task.resource.integration is Integration.FUNCTION:
            if self._known(task.resource.arn):
                return await self._local(task)
            parameters: dict[str, Any] = {"FunctionName": task.resource.arn, "Payload": _json(task.arguments)}
            return (await self._invoke(task, parameters))[0]
        try:
            arguments = _arguments(task.arguments)
        except ArgumentsError as error:
            raise _FAILURES.failure(error, task.arguments) from error
        if self._known(cast("str", arguments["FunctionName"])):
            return await self._here(task, arguments)
        payload, answer = await self._invoke(task, {**arguments, "Payload": _request_text(arguments.get("Payload"))})
        result: dict[str, Json] = {
            name: answer[name] for name in ("ExecutedVersion", "LogResult", "StatusCode") if name in answer
        }
        return with_metadata({**result, "Payload": payload}, answer)

    def close(self) -> None:
        """Cancel the functions of this process that were invoked without waiting for them."""
        for running in self._events:
            running.cancel()

    def _known(self, name: str) -> bool:
        return name in self._functions or function_name(name) in self._functions

    async def _here(self, task: TaskRequest, arguments: dict[str, Json]) -> Json:
        payload = cast("Json", json.loads(_request_text(arguments.get("Payload"))))
        local = replace(task, arguments={**arguments, "Payload": payload})
        match arguments.get("InvocationType"):
            case "DryRun":
                return local_metadata({"Payload": "", "StatusCode": _NO_CONTENT}, _NO_CONTENT)
            case "Event":
                running = asyncio.ensure_future(self._local(local))
                self._events.add(running)
                running.add_done_callback(self._forget)
                return local_metadata({"Payload": "", "StatusCode": _ACCEPTED}, _ACCEPTED)
            case _:
                return await self._local(local)

    def _forget(self, running: asyncio.Task[Json]) -> None:
        self._events.discard(running)
        if not running.cancelled():
            running.exception()  # nobody waits for the outcome, so that a failure must not be reported as unseen

    async def _invoke(self, task: TaskRequest, parameters: dict[str, Any]) -> tuple[Json, dict[str, Any]]:
        clients = await self._roles.clients(task.credentials)
        try:
            answer = await clients.call("lambda", "Invoke", parameters)
            text = cast("bytes", answer["Payload"].read()).decode()
        except IntegrationError as error:
            raise _FAILURES.failure(error, task.arguments) from error
        payload = _response(text)
        if "FunctionError" in answer:
            raise _function_failure(text, payload)
        return payload, answer


def _arguments(arguments: Json) -> dict[str, Json]:
    """Check the arguments of lambda:invoke.

    Raises:
        ArgumentsError: There is no function's name, or a member that Step Functions does not pass on.
    """
    given = arguments if isinstance(arguments, dict) else {}
    for name in given:
        if name not in _MEMBERS:
            raise ArgumentsError(f'The field "{name}" is not supported by Step Functions')
    if not isinstance(given.get("FunctionName"), str):
        raise ArgumentsError("The field 'FunctionName' is required but was missing")
    return {name: value for name, value in given.items() if value is not None}


def _request_text(payload: Json) -> str:
    """Write lambda:invoke's Payload: JSON text goes as it is, nothing as an empty object (both recorded)."""
    if payload is None:
        return "{}"
    if isinstance(payload, str):
        try:
            json.loads(payload)
        except ValueError:
            return _json(payload)
        return payload
    return _json(payload)


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _response(text: str) -> Json:
    """Read what a function returned; text that is not JSON stays text."""
    try:
        return cast("Json", json.loads(text))
    except ValueError:
        return text


def _function_failure(text: str, payload: Json) -> TaskFailure:
    kind = payload.get("errorType") if isinstance(payload, dict) else None
    if kind is None:
        cause = (
            "The cause could not be determined because Lambda did not return an error type. "
            f"Returned payload: {text_of(payload)}"
        )
        return TaskFailure(_UNKNOWN, cause)
    return TaskFailure(text_of(kind), text)
