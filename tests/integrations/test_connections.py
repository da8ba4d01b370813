import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from millrace.engine import TaskRequest
from millrace.engine.resource import Resource
from millrace.integrations import AwsEndpoint, Integrations
from millrace.integrations.connections import Connections
from millrace.integrations.errors import ClientError
from millrace.model import StateName

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answering) -> AsyncGenerator[str]:
    """A server that has let go of every connection when the block ends."""
    handlers: set[asyncio.Task[Any] | None] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await answer(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=2048)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await asyncio.gather(*filter(None, handlers))


async def request_of(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))
    return head


def test_a_connection_is_used_again() -> None:
    opened: list[asyncio.StreamReader] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(reader)
        while True:
            await request_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")

    async def go() -> list[bytes]:
        async with serving(answer) as url:
            connections = Connections()
            bodies = [(await connections.send("POST", url, [], b"x")).body for _ in range(3)]
            await connections.close()
            return bodies

    assert asyncio.run(go()) == [b"abc"] * 3
    assert len(opened) == 1


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")  # and closes without saying so

    async def go() -> list[bytes]:
        async with serving(answer) as url:
            connections = Connections()
            bodies: list[bytes] = []
            for _ in range(3):
                bodies.append((await connections.send("GET", url, [], b"")).body)
                await asyncio.sleep(0.01)  # the end of the connection is on its way
            await connections.close()
            return bodies

    assert asyncio.run(go()) == [b"a"] * 3


@pytest.mark.parametrize("answered", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"nonsense\r\n\r\n"])
def test_an_answer_that_breaks_off_is_a_client_error(answered: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(answered)

    async def go() -> None:
        async with serving(answer) as url:
            with pytest.raises(ClientError, match="Unable to execute HTTP request"):
                await Connections().send("GET", url, [], b"")

    asyncio.run(go())


def test_a_cancelled_call_closes_its_connection() -> None:
    async def go() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_of(reader)
            asked.set()
            assert await reader.read() == b""
            gone.set()

        async with serving(answer) as url:
            call = asyncio.create_task(Connections().send("GET", url, [], b""))
            await asked.wait()
            call.cancel()
            await asyncio.wait_for(gone.wait(), 5)

    asyncio.run(go())


def invocation(url: str) -> tuple[Integrations, Any]:
    tasks = Integrations(AwsEndpoint(lambda_url=url))
    arn = "arn:aws:lambda:us-east-1:123456789012:function:slow"
    return tasks, TaskRequest(Resource.parse(arn), {"a": 1}, "token", StateName("Call"))


def test_hundreds_of_slow_functions_need_no_threads() -> None:
    count = 400

    async def go() -> tuple[list[Any], int]:
        waiting: list[asyncio.StreamWriter] = []
        everyone = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_of(reader)
            waiting.append(writer)
            if len(waiting) == count:
                everyone.set()
            await everyone.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntrue")

        async with serving(answer) as url:
            tasks, request = invocation(url)
            calls = [asyncio.create_task(tasks(request)) for _ in range(count)]
            await everyone.wait()
            threads = threading.active_count()
            results = await asyncio.gather(*calls)
            await tasks.close()
            return results, threads

    before = threading.active_count()
    results, threads = asyncio.run(go())
    assert results == [True] * count
    assert threads <= before + 2


def test_a_cancelled_function_call_is_really_cancelled() -> None:
    async def go() -> None:
        asked, gone = asyncio.Event(), asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_of(reader)
            asked.set()
            await reader.read()
            gone.set()

        async with serving(answer) as url:
            tasks, request = invocation(url)
            call = asyncio.create_task(tasks(request))
            await asked.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.wait_for(gone.wait(), 5)
            await tasks.close()

    asyncio.run(go())
