"""The WebSocket API: connections that are open, their events for functions/socket, and messages to them.

Messages of one connection are handled one after the other. A connection that does not take what is sent to it is
closed; its client connects again and catches up.
"""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

import orjson

from millrace.local.gateway.asgi import (
    Answer,
    BodyTooLargeError,
    Message,
    Receive,
    Scope,
    Send,
    json_answer,
    read_body,
)
from millrace.local.gateway.functions import FunctionError, Functions, FunctionTimeoutError, ThrottledError
from millrace.local.gateway.websocket_event import (
    Peer,
    connect_event,
    disconnect_event,
    message_event,
    new_peer,
)
from millrace.model import Json
from millrace.store.records import ConnectionId

PREFIX: Final = "/@connections/"
MESSAGE_LIMIT: Final = 128 * 1024
"""Bytes (API Gateway Developer Guide, "Quotas for WebSocket APIs")."""
SECONDS: Final = 29
"""How long an event's function may take (ibid.)."""

# Messages that wait for a slow client.
_BACKLOG: Final = 1000
_GOING_AWAY: Final = 1001
_POLICY_VIOLATION: Final = 1008

_PATH: Final = re.compile(r"/@connections/(?P<connection>[^/]+)")
_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class _Connection:
    peer: Peer
    outgoing: asyncio.Queue[Message] = field(default_factory=lambda: asyncio.Queue[Message](_BACKLOG))
    active: float = 0.0
    overrun: bool = False


class Sockets:
    """Holds the open connections.

    Args:
        functions: Where the function is.
        function: Its name.
    """

    def __init__(self, functions: Functions, function: str) -> None:
        self._functions = functions
        self._function = function
        self._open: dict[ConnectionId, _Connection] = {}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection from its handshake to its end."""
        await receive()
        peer = new_peer(scope)
        status = await self._event(connect_event(peer))
        if not 200 <= status <= 299:
            await _refuse(scope, send, status)
            return
        await send({"type": "websocket.accept"})
        connection = self._open[peer.id] = _Connection(peer)
        sending = asyncio.create_task(self._send(connection, send))
        code, reason = _GOING_AWAY, ""
        try:
            code, reason = await self._receive(connection, receive)
        finally:
            del self._open[peer.id]
            sending.cancel()
            await asyncio.shield(self._event(disconnect_event(peer, code, reason)))

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """Answer a request of the management API ("Use @connections commands in your backend service")."""
        path = _PATH.fullmatch(scope["path"])
        try:
            body = await read_body(receive, MESSAGE_LIMIT)
        except BodyTooLargeError as error:
            return _refusal(413, "PayloadTooLargeException", str(error))
        if path is None:
            return _refusal(404, "NotFoundException", f"expected {PREFIX}CONNECTION_ID")
        connection = self._open.get(ConnectionId(unquote(path["connection"])))
        if connection is None:
            return _refusal(410, "GoneException", "the connection is closed, or not open yet")
        match scope["method"]:
            case "POST":
                return self._post(connection, body)
            case "GET":
                return json_answer(200, _description(connection))
            case "DELETE":
                self._close(connection, 1000)
                return Answer(204)
            case method:
                return _refusal(405, "MethodNotAllowedException", f"expected POST, GET or DELETE, found {method}")

    def close(self) -> None:
        """Tell all clients that the server goes away."""
        for connection in self._open.values():
            self._close(connection, _GOING_AWAY)

    def _post(self, connection: _Connection, body: bytes) -> Answer:
        try:
            connection.outgoing.put_nowait({"type": "websocket.send", "text": body.decode()})
        except UnicodeDecodeError:
            return _refusal(400, "BadRequestException", "expected a message in UTF-8")
        except asyncio.QueueFull:
            self._close(connection, _POLICY_VIOLATION)
            return _refusal(410, "GoneException", "the client did not take its messages, and was disconnected")
        return Answer(200)

    def _close(self, connection: _Connection, code: int) -> None:
        while connection.outgoing.full():
            connection.outgoing.get_nowait()
        connection.outgoing.put_nowait({"type": "websocket.close", "code": code})

    async def _send(self, connection: _Connection, send: Send) -> None:
        try:
            while True:
                await send(await connection.outgoing.get())
                connection.active = _now()
        except (OSError, RuntimeError):
            # The client has gone; `_receive` learns it too, and ends the connection.
            return

    async def _receive(self, connection: _Connection, receive: Receive) -> tuple[int, str]:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return message.get("code") or 1005, message.get("reason") or ""
            connection.active = _now()
            text: str | None = message.get("text")
            status = await self._event(
                message_event(
                    connection.peer, (message.get("bytes") or b"").decode("utf-8", "replace") if text is None else text
                )
            )
            if status >= 500:
                failure: Message = {"type": "websocket.send", "text": _failure(connection.peer)}
                if not connection.outgoing.full():
                    connection.outgoing.put_nowait(failure)

    async def _event(self, event: dict[str, Json]) -> int:
        """Invoke the function; gives its status code, 500 where it failed."""
        if self._function not in self._functions:
            return 500
        try:
            result = await self._functions.invoke(self._function, event, SECONDS)
        except (FunctionTimeoutError, ThrottledError) as error:
            _log.error("%s", error)
            return 500
        if isinstance(result, FunctionError):
            return 500
        return _status(result)


def _status(result: bytes) -> int:
    value: Json = orjson.loads(result)
    status = value.get("statusCode") if isinstance(value, dict) else None
    return status if isinstance(status, int) else 500


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    """Answer a handshake with a status (ASGI, "Websocket Denial Response"), where the server can."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "websocket.http.response.body", "body": b""})


def _failure(peer: Peer) -> str:
    return f'{{"message": "Internal server error", "connectionId": "{peer.id}", "requestId": "{peer.connected}"}}'


def _description(connection: _Connection) -> Json:
    return {
        "connectedAt": _timestamp(connection.peer.connected / 1000),
        "lastActiveAt": _timestamp(max(connection.active, connection.peer.connected / 1000)),
        "identity": {"sourceIp": connection.peer.source, "userAgent": connection.peer.user_agent},
    }


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refusal(status: int, code: str, message: str) -> Answer:
    return json_answer(status, {"message": message}, (("x-amzn-errortype", code),))
