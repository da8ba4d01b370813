"""The subscriber of execution logs: what CloudWatch Logs would call, which remembers the events that came."""

import asyncio
import base64
import gzip
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson

HOST: Final = "127.0.0.1"


class LogReceiver:
    """Takes log messages over HTTP.

    Attributes:
        delivered: The ids of the events that came, by execution.
        repeated: How many came again.
    """

    def __init__(self) -> None:
        self.delivered: defaultdict[str, set[int]] = defaultdict(set)
        self.repeated = 0
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[str, None]:
        """Serve; gives the URL to post messages to."""
        server = await asyncio.start_server(self._serve, HOST, 0)
        port: int = server.sockets[0].getsockname()[1]
        async with server:
            try:
                yield f"http://{HOST}:{port}/logs"
            finally:
                for writer in self._connections:
                    writer.close()
                await asyncio.gather(*filter(None, self._connections.values()))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[writer] = asyncio.current_task()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
                self._take(orjson.loads(await reader.readexactly(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (OSError, EOFError):  # the engine was killed
            return
        finally:
            writer.close()
            del self._connections[writer]

    def _take(self, event: dict[str, Any]) -> None:
        message = orjson.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
        for log_event in message["logEvents"]:
            written = orjson.loads(log_event["message"])
            delivered, number = self.delivered[written["execution_arn"]], int(written["id"])
            self.repeated += number in delivered
            delivered.add(number)
