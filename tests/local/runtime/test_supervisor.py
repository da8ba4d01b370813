"""The supervisor with real, small processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from millrace.local.runtime.errors import PartFailedError
from millrace.local.runtime.part import Part, is_serving
from millrace.local.runtime.supervisor import Supervisor
from tests.local.runtime.conftest import MakePart, free_ports

SECONDS = 20


class Watched:
    """A supervisor, and what it tells."""

    def __init__(self, parts: Sequence[Part], logs: Path) -> None:
        self.told: list[str] = []
        self.ready = asyncio.Event()
        self.supervisor = Supervisor(parts, logs, self.told.append)

    async def run(self, act: "Callable[[Watched], object]") -> None:
        """Run until everything serves and `act` is done."""

        async def acting() -> None:
            await self.ready.wait()
            result = act(self)
            if asyncio.iscoroutine(result):
                await result
            self.supervisor.end()

        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as group:
            group.create_task(acting())
            group.create_task(self.supervisor.run(self.ready.set))

    async def until_told(self, text: str) -> None:
        while not any(text in line for line in self.told):  # noqa: ASYNC110 - lines are told by a plain function
            await asyncio.sleep(0.01)


def pid_of(part: Part) -> int:
    """Find the process that runs a part's command."""
    wanted = "\0".join(part.command).encode()
    return next(pid for pid, line in processes().items() if wanted in line)


def processes() -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
    return found


def run(parts: Sequence[Part], logs: Path, act: Callable[[Watched], object]) -> Watched:
    async def go() -> Watched:
        watched = Watched(parts, logs)
        await watched.run(act)
        return watched

    return asyncio.run(go())


def test_it_is_ready_when_every_part_serves(make_part: MakePart, tmp_path: Path) -> None:
    parts = [make_part("one"), make_part("two")]

    async def look(_: Watched) -> None:
        assert [await is_serving(part) for part in parts] == [True, True]

    run(parts, tmp_path, look)
    assert not any(asyncio.run(is_serving(part)) for part in parts)


def test_parts_stop_in_their_order(make_part: MakePart, tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    run([make_part(name, "--ended", str(ended)) for name in ("gateway", "engine", "store")], tmp_path, lambda _: None)
    assert ended.read_text().split() == ["gateway", "engine", "store"]


def test_a_part_that_is_killed_starts_again(make_part: MakePart, tmp_path: Path) -> None:
    part = make_part("engine")

    async def kill(watched: Watched) -> None:
        os.kill(pid_of(part), signal.SIGKILL)
        await watched.until_told("engine serves again")
        assert await is_serving(part)

    watched = run([part], tmp_path, kill)
    assert watched.told[0].startswith("engine was ended by SIGKILL; it starts again in 0.1 s")


def test_everything_that_is_killed_at_once_starts_again(make_part: MakePart, tmp_path: Path) -> None:
    parts = [make_part("engine"), make_part("store")]

    async def kill(watched: Watched) -> None:
        os.killpg(os.getpgid(pid_of(parts[0])), signal.SIGKILL)
        for part in parts:
            await watched.until_told(f"{part.name} serves again")
        assert os.getpgid(pid_of(parts[0])) == os.getpgid(pid_of(parts[1])) != os.getpgid(0)

    run(parts, tmp_path, kill)


def test_a_part_that_does_not_end_is_killed(make_part: MakePart, tmp_path: Path) -> None:
    part = make_part("engine", "--stubborn", stop_seconds=0.2)
    watched = run([part], tmp_path, lambda _: None)
    assert watched.told == ["engine did not end within 0.2 s, and is killed"]


def test_a_part_that_never_serves_ends_it_with_its_last_words(tmp_path: Path) -> None:
    part = Part("engine", (sys.executable, "-S", "-c", "print('no room left'); raise SystemExit(3)"), free_ports(1))
    with pytest.raises(ExceptionGroup) as failure:
        run([part], tmp_path, lambda _: None)
    assert isinstance(failure.value.exceptions[0], PartFailedError)
    assert "engine does not start (no room left)" in str(failure.value.exceptions[0])


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    part = Part("dynoxide", (str(tmp_path / "missing"),), free_ports(1))
    with pytest.raises(ExceptionGroup) as failure:
        run([part], tmp_path, lambda _: None)
    assert "dynoxide cannot be started: No such file or directory" in str(failure.value.exceptions[0])


SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from millrace.local.runtime.part import Part
from millrace.local.runtime.supervisor import Supervisor
name, command, port = json.loads(sys.argv[1])
supervisor = Supervisor([Part(name, tuple(command), port, "/health")], Path(sys.argv[2]), print)
asyncio.run(supervisor.run(lambda: print("ready", flush=True)))
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to look for processes")
def test_nothing_outlives_a_supervisor_that_is_killed(make_part: MakePart, tmp_path: Path) -> None:
    part = make_part("engine", "--child")
    given = json.dumps([part.name, part.command, part.port])
    command = [sys.executable, "-c", SCRIPT, given, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "ready\n"
        marks = (str(part.port).encode(), f"child-of-{part.port}".encode())
        left = [pid for pid, line in processes().items() if any(mark in line for mark in marks)]
        assert len(left) == 3
        supervisor.kill()
    deadline = time.monotonic() + SECONDS
    while any(mark in line for line in processes().values() for mark in marks):
        assert time.monotonic() < deadline
        time.sleep(0.01)
