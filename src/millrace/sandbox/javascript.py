"""JavaScript in QuickJS, in a process of its own that is killed when time is up.

QuickJS can be asked to stop itself, but some of its operations never look (joining or sorting an array of 500 million
holes runs for seconds to minutes), and a fault in it would take the caller down. A process bounds both.
"""

import atexit
import functools
import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from millrace.model import Json
from millrace.sandbox.console import Console
from millrace.sandbox.errors import (
    Position,
    ProgramError,
    ProgramMemoryError,
    ProgramSyntaxError,
    ProgramTimeoutError,
    ResultError,
    SandboxError,
)
from millrace.sandbox.limits import Limits
from millrace.sandbox.result import read_result

_WORKER: Final = Path(__file__).with_name("_javascript_worker.py")
_PRELUDE: Final = Path(__file__).with_name("_javascript_prelude.js")
_IDLE_WORKERS: Final = 2
_FRAME: Final = re.compile(r"<input>:(\d+):(\d+)")
# `AsyncFunction(names, source)` puts two lines in front of the source: `async function anonymous(names` and `) {`.
_LINES_BEFORE: Final = 2
_EXPLANATIONS: Final = (
    ("require is not defined", "modules cannot be loaded here; only the language itself and `console` are available"),
    ("fetch is not defined", "code has no network; use an http node and pass its output in"),
    ("process is not defined", "code has no environment; pass what it needs through `inputs`"),
    ("setTimeout is not defined", "code has no timers; use a wait node"),
)


class _Worker:
    """One interpreter process; serves one run at a time."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("_quickjs")
        if spec is None or spec.origin is None:
            raise ProgramError("JavaScript is not installed on this runtime; install the package quickjs-ng")
        self._process = subprocess.Popen(  # noqa: S603 - fixed command, no shell
            [sys.executable, "-I", "-S", str(_WORKER), spec.origin, str(_PRELUDE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd=Path(sys.executable).anchor,
            text=True,
            encoding="utf-8",
        )

    @property
    def is_alive(self) -> bool:
        """Whether the process is there to serve."""
        return self._process.poll() is None

    def run(self, request: Mapping[str, object], seconds: float, log: Callable[[str], None]) -> dict[str, Any] | None:
        """Run one request; None when the process died or was killed, after which the worker is of no more use."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                message: dict[str, Any] = json.loads(line)
                if "end" in message:
                    return message["end"]
                log(message["log"])
        except (OSError, ValueError):  # a broken pipe or half a line: the process is gone
            pass
        finally:
            timer.cancel()
        self.close()
        return None

    def close(self) -> None:
        """End the process and take its exit status, so that no zombie stays."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # unwritten requests of a dead process
                    continue


class _Workers:
    """Idle processes, so that a run need not wait for one to start (about 20 ms)."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def take(self) -> _Worker:
        """Give an idle process, or a new one."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                worker.close()
        return _Worker()

    def put_back(self, worker: _Worker) -> None:
        """Keep a process for the next run, or end it when enough are kept."""
        with self._lock:
            if len(self._idle) < _IDLE_WORKERS:
                self._idle.append(worker)
                return
        worker.close()

    def close(self) -> None:
        """End all idle processes."""
        with self._lock:
            for worker in self._idle:
                worker.close()
            self._idle.clear()


@functools.cache
def _workers() -> _Workers:
    workers = _Workers()
    atexit.register(workers.close)
    return workers


def _environment() -> dict[str, str]:
    """The child's environment: where its own shared library is, and nothing of ours."""
    library = sysconfig.get_config_var("LIBDIR")
    return {"LD_LIBRARY_PATH": library} if isinstance(library, str) else {}


def run_javascript(source: str, inputs: Mapping[str, Json], limits: Limits, console: Callable[[str], None]) -> Json:
    """Run JavaScript as the body of an async function.

    Each input is a variable of the source, and a member of `inputs`; `console` takes each line of output as it is
    written.

    Raises:
        SandboxError: The code came to no result; the subclass says why.
    """
    output = Console(console, limits.console_bytes)
    request = {
        "source": source,
        "names": list(inputs),
        "values": list(inputs.values()),
        "inputs": dict(inputs),
        "seconds": limits.seconds,
        "memory": limits.memory_bytes,
        "console": limits.console_bytes,
        "result": limits.result_bytes,
    }
    worker = _workers().take()
    started = time.monotonic()
    end = worker.run(request, limits.seconds, output.line)
    if end is None:
        if time.monotonic() - started >= limits.seconds:
            raise ProgramTimeoutError(
                f"The code ran longer than {limits.seconds:g} s; raise timeoutSeconds or do less in one node"
            )
        raise ProgramError("The interpreter died while it ran the code; it needed too much memory or nested too deeply")
    _workers().put_back(worker)
    outcome = read_result(end["json"]) if "json" in end else end
    if outcome["kind"] != "value":
        raise _failure(outcome, source, limits)
    return outcome["value"]


def _failure(outcome: Mapping[str, Any], source: str, limits: Limits) -> SandboxError:
    message = str(outcome.get("message", ""))
    match outcome["kind"]:
        case "syntax":
            return ProgramSyntaxError(message, _position(outcome, source))
        case "result":
            return ResultError(f"The returned value is not JSON: {message}")
        case "large":
            return ResultError(
                f"The returned value has {outcome['size']:,} characters of JSON; "
                f"at most {limits.result_bytes:,} are allowed"
            )
        case "pending":
            return ProgramError(
                "The code waits for a promise that nothing settles; there are no timers and no network to wait for"
            )
        case "memory":
            return _out_of_memory(limits)
        case _ if (
            "out of memory" in message or message == "null was thrown"
        ):  # QuickJS throws null when not even an error fits
            return _out_of_memory(limits)
        case _:
            remedy = next((f"; {text}" for sign, text in _EXPLANATIONS if sign in message), "")
            return ProgramError(message + remedy, _position(outcome, source))


def _out_of_memory(limits: Limits) -> ProgramMemoryError:
    return ProgramMemoryError(
        f"The code needed more than {limits.memory_bytes // 1024**2} MB of memory; work on fewer items at a time"
    )


def _position(outcome: Mapping[str, Any], source: str) -> Position | None:
    lines = source.split("\n")
    for found in _FRAME.finditer(str(outcome.get("stack", ""))):
        line = int(found[1]) - _LINES_BEFORE
        if 1 <= line <= len(lines):
            return Position(line, int(found[2]), lines[line - 1].strip()[:200])
    return None
