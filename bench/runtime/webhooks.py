"""From a request at a webhook to the answer with the outputs, every step recorded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.runtime.documents import five_sets, hundred_items, if_merge, split_transform_aggregate, three_calls
from bench.runtime.load import Request
from bench.runtime.subject import Subject, subject
from bench.runtime.table import Figure
from tests.stepfunctions.soak.server import HOST, Server, free_port, python_module

CLIENTS: Final = 16
_LATENCY: Final = {"p50": 10.0, "p95": 25.0}


def webhooks(folder: Path, quick: bool) -> Iterator[Figure]:
    """Measure workflows behind webhooks that answer when the run has finished."""
    seconds = 2.0 if quick else 6.0
    slow = Server(python_module("bench.runtime.slow_server"), free_port(), folder / "slow.log")
    slow.start(str(slow.port))
    try:
        with subject(folder, {"MILLRACE_ALLOW_PRIVATE_HOSTS": f"{HOST}:{slow.port}"}) as found:
            path = found.webhook("standard", five_sets(settings={}))
            yield from _figures(found, "five set nodes, Standard", path, {"n": 1}, {"n": 6}, seconds, promised=False)
            path = found.webhook("five", five_sets())
            yield from _figures(found, "five set nodes, Express", path, {"n": 1}, {"n": 6}, seconds)
            path = found.webhook("merge", if_merge())
            yield from _figures(found, "if and merge, Express", path, {"n": 5}, None, seconds)
            path = found.webhook("items", split_transform_aggregate())
            yield from _items(found, path, seconds)
            path = found.webhook("calls", three_calls(slow.url))
            yield from _calls(found, path, seconds)
    finally:
        slow.stop()


def _figures(
    found: Subject, label: str, path: str, body: Any, expected: Any, seconds: float, *, promised: bool = True
) -> Iterator[Figure]:
    answer = found.answer(path, body)
    if expected is not None and answer != expected:
        raise RuntimeError(f"expected {expected} from {label}, found {answer}")
    request = [Request("POST", path, body)]
    alone = found.load(request, 1, seconds)
    yield Figure(f"{label}: one client, p50, ms", alone.p50, _LATENCY["p50"] if promised else None)
    yield Figure(f"{label}: one client, p95, ms", alone.p95, _LATENCY["p95"] if promised else None)
    many = found.load(request, CLIENTS, seconds)
    rate = f"{label}: {CLIENTS} clients, requests/s"
    yield Figure(rate, many.rate, 300 if promised else None, more_is_better=True)
    yield Figure(f"{label}: {CLIENTS} clients, p50, ms", many.p50)
    yield Figure(f"{label}: {CLIENTS} clients, p95, ms", many.p95)


def _items(found: Subject, path: str, seconds: float) -> Iterator[Figure]:
    body = {"items": hundred_items()}
    totals = found.answer(path, body)["totals"]
    if sum(entry["total"] for entry in totals) != sum(item["price"] * 2 for item in body["items"]):
        raise RuntimeError(f"expected the sum of all items, found {totals}")
    many = found.load([Request("POST", path, body)], CLIENTS, seconds)
    label = "split, transform and aggregate 100 items"
    yield Figure(f"{label}: {CLIENTS} clients, requests/s", many.rate, 60, more_is_better=True)


def _calls(found: Subject, path: str, seconds: float) -> Iterator[Figure]:
    statuses = found.answer(path, {})
    if statuses != {"statuses": [200, 200, 200]}:
        raise RuntimeError(f"expected three calls to succeed, found {statuses}")
    alone = found.load([Request("POST", path, {})], 1, seconds)
    yield Figure("three parallel HTTP calls of 100 ms: one client, p50, ms", alone.p50, 125)
