"""The HTTP server: one address that takes every operation, and one that tells that it serves.

Source: the ASGI specification, "HTTP & WebSocket ASGI Message Format".
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Final, TypeAlias

import uvicorn

from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations import OPERATIONS, Service, call, prepare
from millrace.stepfunctions.protocol import (
    CONTENT_TYPE,
    operation_of,
    read_parameters,
    write_answer,
    write_error,
)
from millrace.stepfunctions.store.errors import StoreError

__all__ = ["BODY_LIMIT", "Application", "server"]

_log: Final = logging.getLogger(__name__)

# Bytes of a request: a definition has at most 1 MiB, and grows when its quotes are escaped.
BODY_LIMIT: Final = 1_500_000

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]


class Application:
    """The ASGI application of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = str(uuid.uuid4())
        if scope["method"] == "GET" and scope["path"] == "/health":
            await _respond(send, 200, b'{"status":"ok"}', b"application/json", request)
            return
        try:
            status, body = 200, await self._answer(scope, receive, request)
        except ApiError as error:
            status, body = error.status, write_error(error)
        await _respond(send, status, body, CONTENT_TYPE, request)

    async def _answer(self, scope: _Message, receive: _Receive, request: str) -> bytes:
        body = await _body(receive)
        if scope["method"] != "POST":
            raise ApiError("UnknownOperationException", f"expected POST, found {scope['method']}")
        operation = operation_of(next((value for name, value in scope["headers"] if name == b"x-amz-target"), b""))
        parameters = read_parameters(body)
        try:
            answer = call(self._service, operation, parameters)
            if (known := OPERATIONS.get(operation)) is not None and known.abandonable:
                return write_answer(await _unless_gone(answer, receive))
            return write_answer(await answer)
        except ApiError:
            raise
        except StoreError as error:
            _log.error("%s (request %s) was not kept: %s", operation, request, error)
            raise ApiError("ServiceUnavailable", f"The data file cannot be written or read: {error}") from error
        except Exception as error:
            _log.exception("%s (request %s) failed", operation, request)
            raise ApiError(
                "InternalServerError", f"The engine failed; its log has the reason beside the request id {request}."
            ) from error


async def _body(receive: _Receive) -> bytes:
    """Read a request's body; of one that is too large the rest is read, and forgotten.

    Raises:
        ApiError: RequestEntityTooLargeException.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    size = len(body)
    if message.get("more_body"):
        parts = [body]
        while message.get("more_body"):
            message = await receive()
            part: bytes = message.get("body", b"")
            size += len(part)
            if size <= BODY_LIMIT:
                parts.append(part)
        body = b"".join(parts)
    if size > BODY_LIMIT:
        raise ApiError(
            "RequestEntityTooLargeException", f"expected a request of at most {BODY_LIMIT} bytes, found {size}"
        )
    return body


async def _unless_gone(answer: Coroutine[Any, Any, dict[str, Any]], receive: _Receive) -> dict[str, Any]:
    """Wait for an answer as long as the caller does; one who is gone gets an empty one."""
    working = asyncio.ensure_future(answer)
    # After the body, the next message tells that the caller has closed the connection.
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else {}
    finally:
        working.cancel()
        gone.cancel()


async def _respond(send: _Send, status: int, body: bytes, content_type: bytes, request: str) -> None:
    headers = [
        (b"x-amzn-requestid", request.encode()),
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def server(service: Service, *, host: str = "127.0.0.1", port: int = 8701) -> uvicorn.Server:
    """Make the server of a service; `await server.serve()` runs it in the service's event loop."""
    prepare()
    config = uvicorn.Config(
        Application(service),
        host=host,
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)
