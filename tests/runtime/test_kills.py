"""SIGKILL of each part, and of all at once, while workflows are saved, published and run."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.runtime.ledger import ENDED, Ledger, load, until
from tests.runtime.service import Service

PARTS = ("gateway", "engine", "dynoxide", "ministack")
ENOUGH = 6
"""Runs that are acknowledged before the kill, and after it."""


@pytest.fixture(scope="module")
def firsts() -> Iterator[int]:
    return iter(range(10_000, 1_000_000, 10_000))


def kill_under_load(http: httpx.Client, first: int, kill: Callable[[], None]) -> None:
    """Kill something while there is load; see that work goes on, and that all that was acknowledged is there."""
    ledger = Ledger()
    with load(http, ledger, first):
        ledger.reach(len(ledger.runs) + ENOUGH)
        kill()
        ledger.reach(len(ledger.runs) + ENOUGH)
    assert not ledger.faults, ledger.faults[0]
    nothing_is_lost(http, ledger)


def nothing_is_lost(http: httpx.Client, ledger: Ledger) -> None:
    for workflow, number in ledger.workflows.items():
        found = http.get(f"/api/workflows/{workflow}").json()["data"]
        described = int(found["description"] or 0)
        assert described == number or described in ledger.uncertain[workflow]
        assert found["definition"]["nodes"].keys() >= {"value", "wait", "out"}
    for workflow in ledger.versions:
        version = http.get(f"/api/workflows/{workflow}/versions/1")
        assert version.status_code == 200, version.text
    for run, number in ledger.runs.items():
        until(lambda run=run: http.get(f"/api/executions/{run}").json()["data"]["status"] in ENDED)
        found = http.get(f"/api/executions/{run}").json()["data"]
        assert (found["status"], found["outputs"]) == ("completed", {"out": number}), found
        until(lambda run=run: steps_of(http, run) == {"value": "completed", "wait": "completed", "out": "completed"})


def steps_of(http: httpx.Client, run: str) -> dict[str, str]:
    steps = http.get(f"/api/executions/{run}/steps").json()["data"]["steps"]
    return {step["node_id"]: step["status"] for step in steps}


@pytest.mark.parametrize("part", PARTS)
def test_nothing_acknowledged_is_lost_when_a_part_is_killed(
    service: Service, http: httpx.Client, firsts: Iterator[int], part: str
) -> None:
    kill_under_load(http, next(firsts), lambda: service.kill_part(part))


def test_nothing_acknowledged_is_lost_when_everything_is_killed(
    service: Service, http: httpx.Client, firsts: Iterator[int]
) -> None:
    def kill() -> None:
        service.kill()
        service.start()

    kill_under_load(http, next(firsts), kill)
