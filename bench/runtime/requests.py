"""The API under load: reads, writes, and a list of many workflows."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from bench.runtime.documents import five_sets
from bench.runtime.load import Request
from bench.runtime.subject import Subject, subject
from bench.runtime.table import Figure

CLIENTS: Final = 50
PAUSE_SECONDS: Final = 0.5

_CREATORS: Final = 16


def requests(folder: Path, quick: bool) -> Iterator[Figure]:
    """Measure reads and writes with many clients, then the first page of many workflows."""
    seconds = 2.0 if quick else 6.0
    with subject(folder) as found:
        ids = [found.create(f"workflow {number}", five_sets()) for number in range(CLIENTS)]
        gets = [Request("GET", f"/api/workflows/{one}") for one in ids]
        reads = found.load(gets, CLIENTS, seconds)
        yield Figure(f"GET a workflow: {CLIENTS} clients, p95, ms", reads.p95, 30)
        yield Figure(f"GET a workflow: {CLIENTS} clients, requests/s", reads.rate)
        body, headers = {"definition": five_sets()}, {"If-Match": "*"}
        saves = [Request("PUT", f"/api/workflows/{one}", body, headers) for one in ids]
        writes = found.load(saves, CLIENTS, seconds)
        yield Figure(f"PUT a workflow: {CLIENTS} clients, p95, ms", writes.p95, 50)
        yield Figure(f"PUT a workflow: {CLIENTS} clients, requests/s", writes.rate)
        yield from _with_pauses(found, gets, saves, seconds)
        count = 1_000 if quick else 10_000
        _fill(found, count - len(ids))
        first = found.load([Request("GET", "/api/workflows?limit=20")], 1, seconds)
        yield Figure(f"first page of {count:,} workflows: one client, p50, ms", first.p50, 30)
        yield Figure(f"first page of {count:,} workflows: one client, p95, ms", first.p95)


def _with_pauses(found: Subject, gets: list[Request], saves: list[Request], seconds: float) -> Iterator[Figure]:
    for label, sent in (("GET", gets), ("PUT", saves)):
        paused = found.load(sent, CLIENTS, seconds, pause=PAUSE_SECONDS)
        yield Figure(f"{label} a workflow: {CLIENTS} clients that pause {PAUSE_SECONDS} s, p95, ms", paused.p95)
        yield Figure(f"{label} a workflow: one client, p50, ms", found.load(sent, 1, seconds).p50)


def _fill(found: Subject, count: int) -> None:
    definition = five_sets()

    def create(number: int) -> str:
        return found.create(f"filler {number}", definition)

    with ThreadPoolExecutor(_CREATORS) as threads:
        list(threads.map(create, range(count)))
