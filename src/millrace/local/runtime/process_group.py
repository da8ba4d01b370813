"""Processes that cannot outlive their parent, however it ends.

All are members of one process group whose leader, a shell, waits for the end of a pipe that only this process holds
open. When this process is gone, by SIGKILL too, the shell reads the pipe's end and kills the group: binaries that are
not ours, and what members have started, included. It takes 1 MB. The terminal's Ctrl-C does not reach the group, so
that its members end in order.

Rejected: PR_SET_PDEATHSIG, which only Linux has and which reaches children only.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

_GUARD: Final = "trap '' HUP INT TERM; read -r _; kill -KILL 0"


class ProcessGroup:
    """Starts processes; use it as a context."""

    def __enter__(self) -> Self:
        """Start the guard."""
        self._reading, self._writing = os.pipe()
        self._guard = self._new_guard(0)
        self._group = self._guard.pid
        return self

    def __exit__(self, *_: object) -> None:
        """End every process that is left."""
        with suppress(ProcessLookupError):
            os.killpg(self._group, signal.SIGKILL)
        self._guard.wait()
        os.close(self._reading)
        os.close(self._writing)

    async def start(
        self, command: tuple[str, ...], environment: Mapping[str, str], log: Path
    ) -> asyncio.subprocess.Process:
        """Start a process that writes what it prints to a file.

        Raises:
            OSError: It cannot be started.
        """
        self._keep_guarded()
        with log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(environment),
                process_group=self._group,
            )

    def _keep_guarded(self) -> None:
        """Replace a guard that somebody has killed."""
        if self._guard.poll() is None:
            return
        try:
            self._guard = self._new_guard(self._group)
        except OSError:
            # The group has gone with its last member.
            self._guard = self._new_guard(0)
            self._group = self._guard.pid

    def _new_guard(self, group: int) -> "subprocess.Popen[bytes]":
        """Start a guard in a group, or with 0 as the leader of a new one."""
        return subprocess.Popen(  # noqa: S603 - a script of ours
            ["/bin/sh", "-c", _GUARD],
            stdin=self._reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=group,
        )
