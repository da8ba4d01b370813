"""The whole service as `millrace up` starts it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.local.runtime.conftest import free_ports


@contextmanager
def up(home: Path, port: int) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "millrace", "up", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as service:
        try:
            yield service
        finally:
            service.kill()


def line_with(service: "subprocess.Popen[str]", text: str) -> str:
    """Read until a line holds a text."""
    assert service.stdout is not None
    for line in service.stdout:
        if text in line:
            return line
    assert service.stderr is not None
    raise AssertionError(f"expected a line with {text!r}, found the end: {service.stderr.read()}")


def test_the_service_comes_up_heals_and_ends_cleanly(tmp_path: Path) -> None:
    port = free_ports(4)
    with up(tmp_path, port) as service:
        assert f"serves http://127.0.0.1:{port}" in line_with(service, "serves")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            assert client.get("/health").json() == {"status": "ok"}
            assert client.get("/").headers["content-type"].startswith("text/html")
        for name in ("gateway", "engine", "ministack"):
            os.kill(process_at(port, name), signal.SIGKILL)
            line_with(service, f"{name} serves again")
        service.terminate()
        assert service.wait(30) == 0
    with socket.create_server(("127.0.0.1", port)):
        pass


def process_at(port: int, name: str) -> int:
    """Find a part's process by its command line."""
    words = {
        "gateway": ("millrace.local.gateway", str(port)),
        "engine": ("engine", str(port + 1)),
        "ministack": ("millrace.local.emulator", str(port + 3)),
    }[name]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if all(word.encode() in line for word in words):
            return int(folder.name)
    raise AssertionError(f"expected a process of the {name}, found none")


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    port = free_ports(4)
    with socket.create_server(("127.0.0.1", port + 1)), up(tmp_path, port) as service:
        _, told = service.communicate(timeout=30)
        assert service.returncode == 1
    assert f"port {port + 1} (engine) cannot be used" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_ends_it(tmp_path: Path, signal_number: signal.Signals) -> None:
    with up(tmp_path, free_ports(4)) as service:
        line_with(service, "Starting")
        while not (tmp_path / "logs").is_dir():
            assert service.poll() is None
        service.send_signal(signal_number)
        assert service.wait(30) == (130 if signal_number is signal.SIGINT else 0)
