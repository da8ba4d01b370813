"""Servers in processes of their own: the engine, and whatever it is compared with."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0


class ServerError(Exception):
    """A server did not start; the message has the end of what it wrote."""


@dataclass
class Server:
    """A server on a port of the loopback address, which keeps that port over its lives.

    Attributes:
        command: What starts it.
        port: Where it listens.
        log: Where its output goes, of all its lives.
        health: A path that it answers once it serves.
        environment: Variables beside this process's.
    """

    command: Sequence[str]
    port: int
    log: Path
    health: str = "/health"
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    @property
    def _name(self) -> str:
        return " ".join(self.command[1:4])

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None, "the server has not been launched"
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def launch(self, *arguments: str) -> None:
        """Begin its process, without waiting until it serves."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )

    def serves(self) -> bool:
        """Wait until it serves; False when its process ended before.

        Raises:
            ServerError: It neither serves nor ends.
        """
        give_up = time.monotonic() + _START_SECONDS
        while self.alive:
            try:
                with urllib.request.urlopen(self.url + self.health, timeout=5):
                    return True
            except urllib.error.HTTPError:
                return True
            except OSError:
                if time.monotonic() > give_up:
                    raise ServerError(f"{self._name} does not answer at {self.url}; {self.last_words()}") from None
                time.sleep(0.005)
        return False

    def start(self, *arguments: str) -> "Server":
        """Launch it and wait until it serves.

        Raises:
            ServerError: It ended instead.
        """
        self.launch(*arguments)
        if not self.serves():
            raise ServerError(f"{self._name} ended with {self.wait()} before it served; {self.last_words()}")
        return self

    def kill(self) -> None:
        """End it by SIGKILL, at whatever it does."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> None:
        """End it as Ctrl-C does, or by SIGKILL if that takes long."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self, seconds: float | None = None) -> int:
        """Wait for the end of its process; give its status, negative for a signal."""
        assert self._process is not None, "the server has not been launched"
        return self._process.wait(seconds)

    def resident(self, *, peak: bool = False) -> float:
        """Give its resident memory in MiB, now or at its peak (Linux: proc(5), /proc/pid/status)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None, status
        return int(found[1]) / 1024

    def last_words(self) -> str:
        """Quote the end of its output."""
        text = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        return f"its last words:\n{text.strip() or '(none)'}"


def engine(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Server:
    """Describe an engine whose data file and log are in a folder."""
    port = free_port()
    data = folder / "engine.sqlite3"
    command = python_module("millrace", "engine", "--port", str(port), "--data", str(data), *options)
    return Server(command, port, folder / "engine.log", environment=environment or {})


def ministack(folder: Path) -> Server:
    """Describe a MiniStack: many of AWS's services, Step Functions among them."""
    port = free_port()
    environment = {"GATEWAY_PORT": str(port), "BIND_HOST": HOST, "LOG_LEVEL": "WARNING", "SFN_WAIT_SCALE": "1"}
    return Server(python_module("ministack"), port, folder / "ministack.log", "/_ministack/health", environment)


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """Write the command that runs a module in this environment."""
    return (sys.executable, "-m", module, *arguments)


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket.create_server((HOST, 0)) as listener:
        return listener.getsockname()[1]
