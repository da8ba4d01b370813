"""The whole service in one call: checks, parts, and their end."""

import asyncio
import os
import signal
from collections.abc import Callable

from millrace.local.runtime.checks import check_home, check_ports, locked
from millrace.local.runtime.database import choose_database
from millrace.local.runtime.layout import Layout, url
from millrace.local.runtime.parts import service_parts, service_ports
from millrace.local.runtime.supervisor import Supervisor


def run_service(
    layout: Layout,
    *,
    tell: Callable[[str], None],
    ready: Callable[[str], None],
) -> None:
    """Serve until a signal ends the process; a second signal ends it at once.

    Args:
        layout: Where data and ports are.
        tell: Told what people should know, a line at a time.
        ready: Told the URL once everything serves.

    Raises:
        RuntimeFault: The service cannot start, or a part does not come up.
        KeyboardInterrupt: The signal was SIGINT; everything has been stopped. SIGTERM is an end like any other.
    """
    with locked(layout):
        parts = service_parts(layout, choose_database(layout, tell))
        check_ports(service_ports(parts))
        check_home(layout)
        supervisor = Supervisor(parts, layout.logs, tell)
        received = asyncio.run(_run(supervisor, lambda: ready(url(layout.gateway)), tell))
    if signal.SIGINT in received:
        raise KeyboardInterrupt


async def _run(supervisor: Supervisor, ready: Callable[[], None], tell: Callable[[str], None]) -> list[int]:
    """Run until a signal; gives the signals."""
    received: list[int] = []

    def receive(number: int) -> None:
        if received:
            # What is left is killed by the process group's guard.
            os._exit(128 + number)
        received.append(number)
        tell("Stopping.")
        supervisor.end()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, receive, number)
    await supervisor.run(ready)
    return received
