"""Containers of a task definition as processes of this machine.

What stands in a container's definition and its overrides is used as far as a process has it: entry point, command,
environment, working directory. The image is not: the command must exist on this machine.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_logger = logging.getLogger(__name__)
_GRACE_SECONDS: Final = 5.0
_READ_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Container:
    """One container to run.

    Attributes:
        command: The entry point and the command.
        environment: All variables of the process.
        essential: When it ends, so does the whole task.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: str | None = None
    essential: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a container ended.

    Attributes:
        exit_code: None for one that could not start.
        reason: Why it could not start; empty otherwise.
    """

    exit_code: int | None
    reason: str = ""


async def run_containers(containers: Iterable[Container]) -> dict[str, Outcome]:
    """Run the containers of a task until the first essential one ends; the others are ended then.

    A cancelled call ends them all.
    """
    running = {asyncio.create_task(_run(container)): container for container in containers}
    waiting = set(running)
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if any(running[task].essential for task in done):
                break
    finally:
        for task in waiting:
            task.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
    killed = Outcome(128 + signal.SIGTERM)
    return {
        container.name: outcome if isinstance(outcome, Outcome) else killed
        for container, outcome in zip(running.values(), ended, strict=True)
    }


async def _run(container: Container) -> Outcome:
    try:
        process = await asyncio.create_subprocess_exec(
            *container.command,
            env=dict(container.environment),
            cwd=_directory(container),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Outcome(None, f"CannotStartContainerError: {error}")
    assert process.stdout is not None
    try:
        while chunk := await process.stdout.read(_READ_BYTES):
            _logger.info("%s: %s", container.name, chunk.decode(errors="replace").rstrip())
        code = await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise
    return Outcome(code if code >= 0 else 128 - code)


def _directory(container: Container) -> str | None:
    """Give the working directory where this machine has it; a definition's is one of its image."""
    directory = container.directory
    return directory if directory and Path(directory).is_dir() else None


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process and those it started: ask first, as ECS does, then kill."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.wait()
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
