"""The whole service as `millrace up` starts it, with its processes in reach."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import httpx

HOST: Final = "127.0.0.1"
PORTS: Final = 4
START_SECONDS: Final = 60.0

_WORDS: Final = {
    "gateway": "millrace.local.gateway",
    "engine": "engine",
    "dynoxide": "dynoxide",
    "ministack": "millrace.local.emulator",
}


class ServiceError(Exception):
    """The service did not start, or a part of it is not there."""


class Service:
    """A service that keeps its data and its ports over its lives.

    Args:
        home: The folder of its data.
        environment: Variables beside this process's.
    """

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = _free_ports(PORTS)
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What all its lives print."""
        return self.home.with_suffix(".log")

    def launch(self) -> None:
        """Begin its process, without waiting until it serves."""
        command = [sys.executable, "-m", "millrace", "up", "--home", str(self.home), "--port", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
            )

    def start(self) -> None:
        """Launch it, and wait until every part serves."""
        self.launch()
        self.wait_for_parts()

    def wait_for_parts(self) -> None:
        """Wait until every part takes connections, and the gateway is ready.

        Raises:
            ServiceError: It ended, or takes too long.
        """
        for port in range(self.port + PORTS - 1, self.port - 1, -1):
            self._wait_for(port)
        self.wait_for_answer("/health")

    def wait_for_answer(self, path: str) -> None:
        """Wait until a path is answered with a status of success.

        Raises:
            ServiceError: It ended, or takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(self.url + path, timeout=5).is_success:
                    return
            self._look(deadline)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_SECONDS)

    def kill(self) -> None:
        """End all of its processes at once, at whatever they do."""
        assert self._process is not None, "the service has not been launched"
        for pid in [*self.parts().values(), self._process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def kill_part(self, name: str) -> None:
        """End a part by SIGKILL, and wait until another process has taken its place.

        Raises:
            ServiceError: None did.
        """
        before = self.parts()[name]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + START_SECONDS
        while self.parts().get(name, before) == before:
            self._look(deadline)
        self.wait_for_parts()

    def parts(self) -> dict[str, int]:
        """Give the processes of the parts that run (Linux: proc(5))."""
        found: dict[str, int] = {}
        for pid in self.processes():
            with suppress(OSError):
                words = [Path(word).name for word in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]
                found |= {name: pid for name, word in _WORDS.items() if word in words}
        return found

    def processes(self) -> list[int]:
        """Give all its processes, the supervisor first."""
        assert self._process is not None, "the service has not been launched"
        parents: dict[int, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                # proc(5), stat: the name, which may hold anything, ends with the last parenthesis.
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        found = [self._process.pid]
        for parent in found:
            found += [pid for pid, its_parent in parents.items() if its_parent == parent]
        return found

    def _wait_for(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError), socket.create_connection((HOST, port), timeout=5):
                return
            self._look(deadline)

    def _look(self, deadline: float) -> None:
        """Let a moment pass, unless there is nothing to wait for."""
        assert self._process is not None, "the service has not been launched"
        if self._process.poll() is not None or time.monotonic() > deadline:
            raise ServiceError(f"the service does not serve; its last words: {self.log.read_text()[-2000:]}")
        time.sleep(0.01)


def _free_ports(count: int) -> int:
    """Give the first of some free ports in a row; not where connections get theirs, for they are used again later."""
    for first in random.sample(range(10_000, 30_000, count), 100):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.create_server((HOST, port)))
            except OSError:
                continue
            return first
    raise ServiceError(f"expected {count} free ports in a row, found none")
