"""The load generator, a process of its own: clients that each send a request, wait for its answer, and send the next.

python -m bench.runtime.load < PLAN; prints a Load in JSON. It takes a tenth of the CPU time that httpx would.
"""

import asyncio
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """A request of HTTP.

    Attributes:
        body: JSON; None for none.
    """

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it.

    Attributes:
        p50: Milliseconds from a request to its answer; p95 likewise.
        rate: Requests a second.
        failed: How many answers had no status of success.
        fault: The first of these.
    """

    p50: float
    p95: float
    rate: float
    failed: int
    fault: str = ""


def put_load(port: int, requests: Sequence[Request], clients: int, seconds: float, *, pause: float = 0.0) -> Load:
    """Let clients send requests for some seconds; each sends its share of the requests, again and again.

    Args:
        port: Of the service.
        requests: What is sent.
        clients: How many there are.
        seconds: For how long.
        pause: Seconds that a client waits after an answer, on average; 0 keeps the service as busy as it can be.

    Raises:
        RuntimeError: A request failed.
    """
    plan = {
        "port": port,
        "requests": [asdict(one) for one in requests],
        "clients": clients,
        "seconds": seconds,
        "pause": pause,
    }
    command = [sys.executable, "-m", "bench.runtime.load"]
    done = subprocess.run(command, input=orjson.dumps(plan), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.decode()[-2000:]}")
    load = Load(**orjson.loads(done.stdout))
    if load.failed:
        raise RuntimeError(f"expected all answers to tell of success, found {load.failed} others, such as {load.fault}")
    return load


async def _generate(plan: dict[str, Any]) -> Load:
    messages = [_message(Request(**one)) for one in plan["requests"]]
    taken: list[float] = []
    faults: list[str] = []
    began = time.perf_counter()

    async def work(client: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, plan["port"], limit=1 << 24)
        number = client
        # Clients that pause do not begin all at once either.
        await asyncio.sleep(random.uniform(0, 2 * plan["pause"]))
        while time.perf_counter() - began < plan["seconds"]:
            sent = time.perf_counter()
            writer.write(messages[number % len(messages)])
            status, answer = await _answer(reader)
            taken.append((time.perf_counter() - sent) * 1000)
            if not 200 <= status < 300:
                faults.append(f"{status}: {answer[:300].decode(errors='replace')}")
            number += plan["clients"]
            if plan["pause"]:
                await asyncio.sleep(random.uniform(0, 2 * plan["pause"]))
        writer.close()

    await asyncio.gather(*(work(client) for client in range(plan["clients"])))
    seconds = time.perf_counter() - began
    p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    return Load(statistics.median(taken), p95, len(taken) / seconds, len(faults), faults[0] if faults else "")


def _message(request: Request) -> bytes:
    body = b"" if request.body is None else orjson.dumps(request.body)
    given = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{name}: {value}" for name, value in (given | dict(request.headers or {})).items()]
    return "\r\n".join([f"{request.method} {request.path} HTTP/1.1", *lines, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(head[9:12]), await reader.readexactly(int(value))
    raise EOFError(f"expected an answer with a Content-Length, found {head!r}")


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_generate(orjson.loads(sys.stdin.buffer.read())))))
