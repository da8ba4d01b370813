"""The parts of ASGI that the gateway speaks.

Source: the ASGI specification, "HTTP & WebSocket ASGI Message Format".
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from millrace.model import Json

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response.

    Attributes:
        headers: Names in lower case; content-length is added when it is sent.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class BodyTooLargeError(Exception):
    """A request has more bytes than are allowed."""


def json_answer(status: int, value: Json, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Make an answer in JSON."""
    return Answer(status, orjson.dumps(value), (("content-type", "application/json"), *headers))


def message_answer(status: int, message: str) -> Answer:
    """Make an answer of API Gateway itself."""
    return json_answer(status, {"message": message})


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read a request's body; of one that is too large the rest is read, and forgotten, so that the answer arrives.

    Args:
        receive: Gives the request's messages.
        limit: Bytes.

    Raises:
        BodyTooLargeError: The body is larger.
        ConnectionError: The client has gone.
    """
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client closed the connection before its request was read")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        more = message.get("more_body", False)
    if size > limit:
        raise BodyTooLargeError(f"expected a body of at most {limit} bytes, found {size}")
    return b"".join(parts)


async def send_answer(send: Send, answer: Answer, *, head: bool = False) -> None:
    """Send an answer.

    Args:
        send: Takes the messages.
        answer: What to send.
        head: The request was HEAD: only the headers go.
    """
    headers = [(name.encode("latin-1", "replace"), value.encode("utf-8")) for name, value in answer.headers]
    if answer.status not in _WITHOUT_BODY:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    bodiless = head or answer.status in _WITHOUT_BODY
    await send({"type": "http.response.body", "body": b"" if bodiless else answer.body})


def header(scope: Scope, name: bytes) -> str | None:
    """Give the first header of a name, which is in lower case."""
    return next((value.decode("latin-1") for found, value in scope["headers"] if found == name), None)
