"""Lambda's Invoke operation for the functions that the gateway hosts.

Source: AWS Lambda API Reference, "Invoke".
"""

import asyncio
import logging
import re
import uuid
from typing import Final
from urllib.parse import unquote

import orjson

from millrace.local.gateway.asgi import Answer, BodyTooLargeError, Receive, Scope, header, json_answer, read_body
from millrace.local.gateway.functions import FunctionError, Functions, FunctionTimeoutError, ThrottledError
from millrace.model import Json

PREFIX: Final = "/2015-03-31/functions/"
PAYLOAD_LIMIT: Final = 6 * 1024 * 1024
"""Bytes (AWS Lambda Developer Guide, "Lambda quotas", synchronous invocations)."""
SECONDS: Final = 900
"""How long an invocation may take at most (ibid.)."""
ASYNCHRONOUS_TRIES: Final = 3

_PATH: Final = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations")
_NAME: Final = re.compile(
    r"(?:arn:aws[\w-]*:lambda:[\w-]+:\d{12}:)?(?:\d{12}:)?(?:function:)?(?P<name>[\w-]+)(?::[\w$-]+)?"
)
_log: Final = logging.getLogger(__name__)


class LambdaApi:
    """Answers invocations."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._asynchronous: set[asyncio.Task[None]] = set()

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Answer a request below `PREFIX`."""
        path = _PATH.fullmatch(scope["path"])
        if path is None or scope["method"] != "POST":
            return _refusal(404, "UnknownOperationException", f"expected POST {PREFIX}NAME/invocations")
        try:
            body = await read_body(receive, PAYLOAD_LIMIT)
        except BodyTooLargeError as error:
            return _refusal(413, "RequestTooLargeException", str(error))
        given = unquote(path["name"])
        name = _NAME.fullmatch(given)
        if name is None or name["name"] not in self._functions:
            return _refusal(404, "ResourceNotFoundException", f"Function not found: {given}")
        try:
            payload: Json = orjson.loads(body) if body else {}
        except orjson.JSONDecodeError as error:
            return _refusal(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        match header(scope, b"x-amz-invocation-type") or "RequestResponse":
            case "RequestResponse":
                return await self._synchronous(name["name"], payload)
            case "Event":
                task = asyncio.create_task(self._in_background(name["name"], payload))
                self._asynchronous.add(task)
                task.add_done_callback(self._asynchronous.discard)
                return Answer(202, headers=_request_id())
            case "DryRun":
                return Answer(204, headers=_request_id())
            case other:
                return _refusal(
                    400,
                    "InvalidParameterValueException",
                    f"expected the invocation type RequestResponse, Event or DryRun, found {other!r}",
                )

    async def close(self) -> None:
        """Cancel what waits in the background."""
        for task in self._asynchronous:
            task.cancel()
        await asyncio.gather(*self._asynchronous, return_exceptions=True)

    async def _synchronous(self, name: str, payload: Json) -> Answer:
        try:
            result = await self._functions.invoke(name, payload, SECONDS)
        except ThrottledError as error:
            return _refusal(429, "TooManyRequestsException", f"Rate Exceeded: {error}")
        except FunctionTimeoutError as error:
            result = FunctionError("Sandbox.Timedout", str(error))
        headers = (*_request_id(), ("x-amz-executed-version", "$LATEST"))
        if isinstance(result, FunctionError):
            return json_answer(200, result.to_json(), (("x-amz-function-error", "Unhandled"), *headers))
        return Answer(200, result, (("content-type", "application/json"), *headers))

    async def _in_background(self, name: str, payload: Json) -> None:
        """Invoke as Lambda's queue does: again after an error, twice at most ("Asynchronous invocation")."""
        for tried in range(ASYNCHRONOUS_TRIES):
            await asyncio.sleep(tried)
            try:
                if not isinstance(await self._functions.invoke(name, payload, SECONDS), FunctionError):
                    return
            except (ThrottledError, FunctionTimeoutError):
                continue
        _log.error("%s was invoked %d times without success; its event is dropped", name, ASYNCHRONOUS_TRIES)


def _request_id() -> tuple[tuple[str, str], ...]:
    return (("x-amzn-requestid", str(uuid.uuid4())),)


def _refusal(status: int, code: str, message: str) -> Answer:
    return json_answer(
        status, {"Type": "User", "Message": message, "message": message}, (("x-amzn-errortype", code), *_request_id())
    )
