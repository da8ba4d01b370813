"""HTTP/1.1 on the event loop: connections that are kept and used again.

Sources: RFC 9112 (framing, which h11 does, and persistence, section 9.3).
"""

import asyncio
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import h11

from millrace.integrations.errors import ClientError

_CONNECT_SECONDS: Final = 10.0
_READ_BYTES: Final = 64 * 1024
_IDLE_SECONDS: Final = 3.0
"""A kept connection is used again within this time; servers keep theirs longer, so that none closes under a request."""
_MOST_IDLE: Final = 128

_Origin = tuple[bool, str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response; the body as it came, not decompressed."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class _Connection:
    origin: _Origin
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    framing: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))
    idle_since: float = 0.0

    def fit(self) -> bool:
        """Tell whether the connection can be used again."""
        fresh = time.monotonic() - self.idle_since < _IDLE_SECONDS
        return fresh and not self.reader.at_eof() and not self.writer.is_closing()

    async def event(self) -> "h11.Event":
        while True:
            event = self.framing.next_event()
            if event is h11.NEED_DATA:
                self.framing.receive_data(await self.reader.read(_READ_BYTES))
            elif isinstance(event, h11.Event):
                return event
            else:
                raise h11.RemoteProtocolError("the connection was used beyond its end")


class Connections:
    """Sends requests; as many at once as there are callers.

    A cancelled `send` closes its connection, so that the server sees that nobody waits.

    Args:
        tls: Makes the TLS settings when the first https URL is met.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext] = ssl.create_default_context) -> None:
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._idle: defaultdict[_Origin, deque[_Connection]] = defaultdict(deque)

    async def send(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Send a request and read its response.

        Raises:
            ClientError: There was no connection, or it broke.
        """
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        origin = (secure, parts.hostname or "", parts.port or (443 if secure else 80))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = h11.Request(method=method, target=target, headers=_headers(headers, parts.netloc, body))
        try:
            connection = await self._connection(origin)
            try:
                answer = await _exchange(connection, request, body)
            except BaseException:
                connection.writer.close()
                raise
        except (OSError, h11.ProtocolError, TimeoutError) as error:
            shown = f"{parts.scheme}://{parts.netloc}"
            raise ClientError(f"Unable to execute HTTP request: {shown}: {error or type(error).__name__}") from error
        self._keep(connection)
        return answer

    async def close(self) -> None:
        """Close the connections that are not in use."""
        idle = [connection for connections in self._idle.values() for connection in connections]
        self._idle.clear()
        for connection in idle:
            connection.writer.close()
        await asyncio.gather(*(connection.writer.wait_closed() for connection in idle), return_exceptions=True)

    async def _connection(self, origin: _Origin) -> _Connection:
        kept = self._idle[origin]
        while kept:
            connection = kept.pop()
            if connection.fit():
                return connection
            connection.writer.close()
        secure, host, port = origin
        if secure and self._tls is None:
            self._tls = await asyncio.to_thread(self._make_tls)
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=self._tls if secure else None)
        return _Connection(origin, reader, writer)

    def _keep(self, connection: _Connection) -> None:
        try:
            connection.framing.start_next_cycle()
        except h11.LocalProtocolError:  # one side wants the connection closed
            connection.writer.close()
            return
        connection.idle_since = time.monotonic()
        kept = self._idle[connection.origin]
        kept.append(connection)
        while kept and (len(kept) > _MOST_IDLE or not kept[0].fit()):
            kept.popleft().writer.close()


def _headers(headers: Iterable[tuple[str, str]], host: str, body: bytes) -> list[tuple[str, str]]:
    sent = [(name, value) for name, value in headers if name.lower() not in {"expect", "connection"}]
    names = {name.lower() for name, _ in sent}
    if "host" not in names:
        sent.insert(0, ("Host", host))
    if not names & {"content-length", "transfer-encoding"} and body:
        sent.append(("Content-Length", str(len(body))))
    return sent


async def _exchange(connection: _Connection, request: h11.Request, body: bytes) -> Answer:
    framing, writer = connection.framing, connection.writer
    parts = [
        framing.send(request),
        framing.send(h11.Data(data=body)) if body else b"",
        framing.send(h11.EndOfMessage()),
    ]
    writer.write(b"".join(part for part in parts if part))
    await writer.drain()
    response = await connection.event()
    while isinstance(response, h11.InformationalResponse):
        response = await connection.event()
    if not isinstance(response, h11.Response):
        raise h11.RemoteProtocolError("the server closed the connection without an answer")
    received = bytearray()
    while isinstance(event := await connection.event(), h11.Data):
        received += event.data
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    return Answer(response.status_code, headers, bytes(received))
