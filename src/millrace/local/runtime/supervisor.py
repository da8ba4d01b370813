"""Keeps the parts running: starts them together, starts again what crashed, stops them in order.

Honcho and mirakuru start processes but never again; circus (ZeroMQ, tornado) and supervisor (a daemon with its
configuration files) do, but neither waits for health nor ends with its parent. What is needed of them is below.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from millrace.local.runtime.errors import PartFailedError
from millrace.local.runtime.part import Part, is_serving
from millrace.local.runtime.process_group import ProcessGroup

LOOK_SECONDS: Final = 0.02
"""Between two questions whether a part serves."""
FIRST_DELAY_SECONDS: Final = 0.1
LONGEST_DELAY_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 5.0
"""A part that has served so long has its next crash forgiven."""
START_SECONDS: Final = 60.0
"""How long a part may take to serve."""
FIRST_TRIES: Final = 3
"""How often a part that has never served is started."""

_LOG_LIMIT: Final = 5_000_000


class Supervisor:
    """Runs parts until it is told to end.

    Args:
        parts: In the order in which they stop.
        logs: The folder of what they print.
        tell: Told what people should know, a line at a time.
    """

    def __init__(self, parts: Sequence[Part], logs: Path, tell: Callable[[str], None]) -> None:
        self._parts = parts
        self._logs = logs
        self._tell = tell
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._serving = {part.name: asyncio.Event() for part in parts}
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let `run` stop the parts and return."""
        self._ending.set()

    async def run(self, ready: Callable[[], None]) -> None:
        """Run the parts until `end`.

        Args:
            ready: Called once all of them serve.

        Raises:
            PartFailedError: A part does not come up.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        with ProcessGroup() as group:
            keepers = [asyncio.create_task(self._keep(part, group)) for part in self._parts]
            announcing = asyncio.create_task(self._announce(ready))
            ending = asyncio.create_task(self._ending.wait())
            try:
                await asyncio.wait([*keepers, ending], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (announcing, ending, *keepers):
                    task.cancel()
                await asyncio.wait([announcing, ending, *keepers])
                await self._stop()
            for keeper in keepers:
                if not keeper.cancelled():
                    keeper.result()

    async def _announce(self, ready: Callable[[], None]) -> None:
        for serving in self._serving.values():
            await serving.wait()
        ready()

    async def _keep(self, part: Part, group: ProcessGroup) -> None:
        """Start a part, and start it again whenever it ends."""
        log = self._logs / f"{part.name}.log"
        delay = FIRST_DELAY_SECONDS
        tried = 0
        while True:
            tried += 1
            _shorten(log)
            try:
                process = await group.start(part.command, part.environment, log)
            except OSError as error:
                raise PartFailedError(f"{part.name} cannot be started: {error.strerror}: {part.command[0]}") from error
            self._running[part.name] = process
            served = await self._watch(part, process)
            if not self._serving[part.name].is_set() and tried >= FIRST_TRIES:
                raise PartFailedError(f"{part.name} does not start ({_last_line(log)}); its log is {log}")
            delay = FIRST_DELAY_SECONDS if served >= STEADY_SECONDS else delay
            self._tell(f"{part.name} {_ending_of(process)}; it starts again in {delay:g} s (log: {log})")
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)

    async def _watch(self, part: Part, process: asyncio.subprocess.Process) -> float:
        """Wait for a process to serve, and to end; gives the seconds that it served."""
        ended = asyncio.create_task(process.wait())
        started = time.monotonic()
        while not ended.done() and not await is_serving(part):
            if time.monotonic() - started > START_SECONDS:
                process.kill()
            await asyncio.wait([ended], timeout=LOOK_SECONDS)
        serving = time.monotonic()
        if not ended.done():
            if self._serving[part.name].is_set():
                self._tell(f"{part.name} serves again")
            self._serving[part.name].set()
        try:
            await ended
        finally:
            ended.cancel()
        return time.monotonic() - serving

    async def _stop(self) -> None:
        """Stop the parts, one after the other."""
        for part in self._parts:
            process = self._running.get(part.name)
            if process is None or process.returncode is not None:
                continue
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(part.stop_seconds):
                    await process.wait()
            except TimeoutError:
                self._tell(f"{part.name} did not end within {part.stop_seconds:g} s, and is killed")
                process.kill()
                await process.wait()


def _ending_of(process: asyncio.subprocess.Process) -> str:
    code = process.returncode
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _shorten(log: Path) -> None:
    """Begin a log anew that has grown large; the former one is kept beside it."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".1.log"))


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace")[-4000:].splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
