"""The engine as a process that is killed: what it had acknowledged goes on, and nothing of it happens twice."""

import asyncio
from pathlib import Path
from random import Random
from typing import Final

import pytest

from millrace.stepfunctions.faults import POINTS
from tests.stepfunctions.soak.kills import armed_fault, random_kills
from tests.stepfunctions.soak.soak import Soak, draw_plans

_QUICK: Final = ("chain", "loop", "failing", "functions", "caught", "asked", "nested", "redriven", "distributed")
# The store is written for each machine before the first execution starts.
_PASSINGS: Final = {"store.during-migration": 1, "mapruns.before-child": 3, "mapruns.after-child": 3}
_STORE_PASSING: Final = 24
_PASSING: Final = 5


def passing(point: str) -> int:
    return _PASSINGS.get(point, _STORE_PASSING if point.startswith("store.") else _PASSING)


@pytest.mark.parametrize("point", POINTS)
def test_executions_outlive_a_death_at(point: str, tmp_path: Path) -> None:
    random = Random(point)
    soak = Soak(tmp_path, draw_plans(random, 18, _QUICK), random, settle_seconds=15)
    report = asyncio.run(soak.run(armed_fault, "--fault", f"{point}:{passing(point)}"))
    assert report.faults == []


def test_executions_outlive_kills_at_random_moments(tmp_path: Path) -> None:
    random = Random(20261121)
    soak = Soak(tmp_path, draw_plans(random, 40), random, settle_seconds=30)
    report = asyncio.run(soak.run(random_kills(random, kills=4)))
    assert report.faults == []
