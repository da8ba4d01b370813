import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from millrace.local.runtime.part import Part

SMALL_PART = Path(__file__).with_name("small_part.py")

MakePart = Callable[..., Part]


def free_ports(count: int) -> int:
    """Give the first of some free ports in a row."""
    for _ in range(100):
        with ExitStack() as stack:
            first = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                for port in range(first + 1, first + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except (OSError, OverflowError):
                continue
            return first
    raise RuntimeError(f"expected {count} free ports in a row, found none")


def small_part(name: str, port: int, *options: str, stop_seconds: float = 10) -> Part:
    command = (sys.executable, "-S", str(SMALL_PART), name, str(port), *options)
    return Part(name, command, port, "/health", {}, stop_seconds)


@pytest.fixture
def make_part() -> MakePart:
    """Make a part on a free port."""

    def make(name: str, *options: str, stop_seconds: float = 10) -> Part:
        return small_part(name, free_ports(1), *options, stop_seconds=stop_seconds)

    return make
