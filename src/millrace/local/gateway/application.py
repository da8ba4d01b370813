"""The gateway's ASGI application: which part answers which path.

| path | answered by |
| --- | --- |
| `/api/...` | functions/api, by an HTTP API's event |
| `/hooks/...` | functions/trigger, likewise |
| `/ws` | functions/socket, by a WebSocket API's events |
| `/@connections/...` | the WebSocket API's management |
| `/2015-03-31/functions/...` | Lambda's Invoke |
| `/health` | the gateway |
| `/samples/...` | the servers of the examples |
| anything else | the page |
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

import orjson

from millrace.local.gateway import lambda_api, sample_servers, sockets
from millrace.local.gateway.asgi import (
    Answer,
    BodyTooLargeError,
    Receive,
    Scope,
    Send,
    json_answer,
    message_answer,
    read_body,
    send_answer,
)
from millrace.local.gateway.functions import FunctionError, Functions, FunctionTimeoutError, ThrottledError
from millrace.local.gateway.http_event import http_answer, http_event
from millrace.local.gateway.lambda_api import LambdaApi
from millrace.local.gateway.origin import is_trusted
from millrace.local.gateway.sample_servers import SampleServers
from millrace.local.gateway.sockets import Sockets
from millrace.local.gateway.static_files import StaticFiles

BODY_LIMIT: Final = 10 * 1024 * 1024
"""Bytes (API Gateway Developer Guide, "Quotas for HTTP APIs")."""
SECONDS: Final = 30
"""How long an integration may take (ibid.)."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Route:
    """A path prefix, and the function behind it.

    Attributes:
        open: Whether it may be called from anywhere, as webhooks through a tunnel are.
    """

    prefix: str
    function: str
    open: bool = False


class Gateway:
    """The ASGI application.

    Args:
        routes: The HTTP API's routes.
        functions: Where HTTP requests and WebSocket events go.
        invocations: Where Lambda invocations go, to other threads: a request may wait for a run, and that for these.
        socket: The name of the WebSocket API's function.
        page: The static files.
        samples: What the samples call.
        seconds: How long an HTTP request's function may take.

    Attributes:
        ready: Whether health is told.
    """

    def __init__(
        self,
        routes: tuple[Route, ...],
        functions: Functions,
        invocations: Functions,
        socket: str,
        page: StaticFiles,
        samples: SampleServers,
        seconds: float = SECONDS,
    ) -> None:
        self.ready = True
        self._routes = routes
        self._functions = functions
        self._seconds = seconds
        self._lambda = LambdaApi(invocations)
        self._sockets = Sockets(functions, socket)
        self._page = page
        self._samples = samples

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            try:
                answer = await self._answer(scope, receive)
            except ConnectionError:
                return
            except Exception:  # noqa: BLE001 - the client is to get an answer
                _log.exception("%s %s failed", scope["method"], scope["path"])
                answer = message_answer(500, "Internal Server Error")
            await send_answer(send, answer, head=scope["method"] == "HEAD")

    async def close(self) -> None:
        """End what is open."""
        self._sockets.close()
        await self._lambda.close()

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/ws" or not is_trusted(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._sockets.serve(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path: str = scope["path"]
        route = next((route for route in self._routes if _is_below(path, route.prefix)), None)
        if not (route is not None and route.open) and not is_trusted(scope):
            return message_answer(403, "Forbidden")
        if route is not None:
            return await self._proxy(route, scope, receive)
        if path == "/health":
            return json_answer(200, {"status": "ok"}) if self.ready else json_answer(503, {"status": "starting"})
        if path.startswith(lambda_api.PREFIX):
            return await self._lambda.answer(scope, receive)
        if path.startswith(sockets.PREFIX):
            return await self._sockets.answer(scope, receive)
        if path.startswith(sample_servers.PREFIX):
            return await asyncio.to_thread(self._samples.answer, scope)
        return await asyncio.to_thread(self._page.answer, scope)

    async def _proxy(self, route: Route, scope: Scope, receive: Receive) -> Answer:
        try:
            body = await read_body(receive, BODY_LIMIT)
        except BodyTooLargeError:
            return message_answer(413, "Request Entity Too Large")
        if route.function not in self._functions:
            return message_answer(404, "Not Found")
        proxy = scope["path"][len(route.prefix) + 1 :]
        event = http_event(scope, body, route=f"{route.prefix}/{{proxy+}}", proxy=proxy)
        try:
            result = await self._functions.invoke(route.function, event, self._seconds)
        except (FunctionTimeoutError, ThrottledError):
            # An HTTP API answers so both to an integration that takes too long and to a function that is throttled.
            return message_answer(503, "Service Unavailable")
        if isinstance(result, FunctionError):
            return message_answer(500, "Internal Server Error")
        return http_answer(orjson.loads(result))


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
