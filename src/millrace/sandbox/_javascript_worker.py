"""The process that JavaScript runs in: a QuickJS context per request, no environment, no files, no sockets.

Started as a script by `javascript.py` with an interpreter that sees only the standard library. One JSON object a line:
a request comes in on stdin; `{"log": text}` any number of times and one `{"end": ...}` go out on stdout.
"""

import contextlib
import importlib.machinery
import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

_STACK_BYTES = 512 * 1024
_ADDRESS_SPACE_BYTES = 2 * 1024**3


def _lock() -> None:
    """Give up what a program has no use for: files, sockets, processes, dumps."""
    try:
        import resource
    except ImportError:  # Windows has no resource limits; QuickJS itself offers no files or sockets
        return
    limits = {"NOFILE": 0, "FSIZE": 0, "CORE": 0, "NPROC": 0}
    if sys.platform == "linux":
        limits["AS"] = _ADDRESS_SPACE_BYTES
    for name, value in limits.items():
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def _end_runaway(seconds: float) -> None:
    """Have the system end this process if it computes on after its parent died."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 5, hard))


def _send(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _is_memory(text: str) -> bool:
    return "out of memory" in text or text.split("\n", maxsplit=1)[0] in {"null", ""}


def _run(quickjs: Any, prelude: str, request: dict[str, Any]) -> dict[str, Any]:
    context = quickjs.Context()
    context.set_memory_limit(request["memory"])
    context.set_max_stack_size(_STACK_BYTES)
    left = request["console"]
    end: list[str] = []

    def emit(kind: str, text: str) -> None:
        nonlocal left
        if kind == "end":
            end.append(text)
        elif left > 0:
            left -= len(text) + 1
            _send({"log": text})

    context.add_callable("__emit", emit)
    shared = ("source", "names", "values", "inputs", "console", "result")
    context.set("__request", json.dumps({key: request[key] for key in shared}))
    try:
        context.eval(prelude)
        while not end and context.execute_pending_job():
            pass
    except (quickjs.JSException, quickjs.StackOverflow, MemoryError) as error:
        if not end:
            return {
                "kind": "memory" if isinstance(error, MemoryError) or _is_memory(str(error)) else "error",
                "message": str(error).split("\n")[0],
            }
    return {"json": end[0]} if end else {"kind": "pending"}


def main() -> None:
    """Serve requests until stdin ends."""
    loader = importlib.machinery.ExtensionFileLoader("_quickjs", sys.argv[1])
    spec = importlib.util.spec_from_file_location("_quickjs", sys.argv[1], loader=loader)
    assert spec is not None
    quickjs = importlib.util.module_from_spec(spec)
    loader.exec_module(quickjs)
    prelude = Path(sys.argv[2]).read_text(encoding="utf-8")
    _lock()
    for line in sys.stdin:
        request = json.loads(line)
        _end_runaway(request["seconds"])
        _send({"end": _run(quickjs, prelude, request)})


if __name__ == "__main__":
    main()
