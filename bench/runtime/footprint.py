"""What the service takes before it does anything: time to start, memory, time to import."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.runtime.subject import subject
from bench.runtime.table import Figure
from tests.runtime.service import Service

_FIRST: Final = "/api/workflows"
_API: Final = (
    "from aws_lambda_powertools.event_handler import APIGatewayHttpResolver\n"
    "APIGatewayHttpResolver(enable_validation=True)"
)
_STEPS: Final = "from pydantic import BaseModel\nclass Model(BaseModel):\n    member: int"


def starts(folder: Path, quick: bool) -> Iterator[Figure]:
    """Measure the first start, and how soon a later one answers a request."""
    service = Service(folder / "home")
    yield Figure("first start, with table and samples: to the first answered request, s", _seconds_to_serve(service))
    service.wait_for_parts()
    service.stop()
    taken: list[float] = []
    for _ in range(2 if quick else 5):
        taken.append(_seconds_to_serve(service))
        service.wait_for_parts()
        service.stop()
    yield Figure("warm start: to the first answered request, median, s", sorted(taken)[len(taken) // 2], 3)


def _seconds_to_serve(service: Service) -> float:
    began = time.perf_counter()
    service.launch()
    service.wait_for_answer(_FIRST)
    return time.perf_counter() - began


def memory(folder: Path, quick: bool) -> Iterator[Figure]:
    """Measure the memory of all parts once they have nothing to do."""
    with subject(folder) as found:
        found.call("GET", _FIRST)
        # Functions that nobody has called yet are imported meanwhile.
        time.sleep(3.0 if quick else 8.0)
        parts = found.service.parts()
        everything = found.service.processes()
        yield Figure("resident memory, idle: all processes, MiB", sum(map(_resident, everything)), 350)
        for name, pid in parts.items():
            yield Figure(f"  {name}, MiB", _resident(pid))
        others = [pid for pid in everything if pid not in parts.values()]
        yield Figure("  supervisor and its guard, MiB", sum(map(_resident, others)))


def _resident(pid: int) -> float:
    """Give a process's resident memory in MiB (Linux: proc(5), /proc/pid/status)."""
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found is not None else 0.0


def imports(_folder: Path, quick: bool) -> Iterator[Figure]:
    """Measure what the import of a function takes, beside that of its heaviest dependency."""
    rounds = 5 if quick else 15
    api, powertools, steps, pydantic = _best_seconds(
        ("import functions.api.app", _API, "import functions.steps.app", _STEPS), rounds
    )
    yield Figure("import of functions/api, ms", api * 1000)
    yield Figure("  of Powertools' resolver with validation, ms", powertools * 1000)
    yield Figure("  the one in relation to the other", api / powertools, 1.5)
    yield Figure("import of functions/steps, ms", steps * 1000)
    yield Figure("  of pydantic, with a model, ms", pydantic * 1000)
    yield Figure("  the one in relation to the other", steps / pydantic, 1.5)


def _best_seconds(scripts: Sequence[str], rounds: int) -> list[float]:
    """Give the least time that each script takes beyond an interpreter's start; the rounds are interleaved."""
    best = [float("inf")] * (len(scripts) + 1)
    for _ in range(rounds):
        for index, script in enumerate(("", *scripts)):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", script], check=True)
            best[index] = min(best[index], time.perf_counter() - began)
    return [seconds - best[0] for seconds in best[1:]]
