"""One process of the runtime, and how to tell whether it serves."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from millrace.local.runtime.layout import HOST

_ANSWER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    """A process that the supervisor keeps running.

    Attributes:
        name: What people call it.
        health: The path that answers 200 once it serves; None: it serves as soon as it takes connections.
        environment: The whole environment.
        stop_seconds: How long it may take to end before it is killed.
    """

    name: str
    command: tuple[str, ...]
    port: int
    health: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    stop_seconds: float = 10


async def is_serving(part: Part) -> bool:
    """Ask a part whether it serves."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, part.port)
            try:
                if part.health is None:
                    return True
                writer.write(f"GET {part.health} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
