"""A Map Run by itself: what it counts, and what may be changed while it goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from millrace.engine import ExecutionType, Status
from millrace.engine.context import MapItem
from millrace.engine.errors import Failure
from millrace.engine.map_run import MapRun
from millrace.engine.map_run_children import Child, ChildResult
from millrace.engine.map_run_spec import BatcherSpec, MapRunSpec
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, StartMapRun
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.model.json import Json


class Gate:
    """Children that end when they are told to."""

    def __init__(self) -> None:
        self.open: dict[int, asyncio.Future[Status]] = {}
        self.kept: list[ChildResult] = []

    async def run(self, child: Child) -> Status:
        future = self.open[child.index] = asyncio.get_running_loop().create_future()
        try:
            return await future
        finally:
            del self.open[child.index]

    def end(self, index: int, status: Status) -> None:
        self.open[index].set_result(status)

    async def results(self) -> AsyncIterator[ChildResult]:
        for result in self.kept:
            yield result


def map_run(gate: Gate, items: list[Json], **fields: Any) -> MapRun:
    spec = MapRunSpec("arn:run", "M", StateName("I"), ExecutionType.STANDARD, Payload.of(items), **fields)

    def select(item: MapItem) -> Payload | Failure:
        return Payload.of(item.value)

    return MapRun(StartMapRun("arn:run", StateName("M"), spec), select, gate)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never held")


def test_counts_follow_the_items_and_the_executions() -> None:
    async def scenario() -> list[Any]:
        gate = Gate()
        run = map_run(gate, [1, 2, 3, 4, 5], concurrency=1, batcher=BatcherSpec(max_items=2), tolerated_count=9)
        task = asyncio.create_task(run.run())
        await until(lambda: 0 in gate.open)
        seen: list[Any] = [run.counts.to_json()]
        for index, status in enumerate([Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT]):
            await until(lambda index=index: index in gate.open)
            gate.end(index, status)
        await task
        return [*seen, run.counts.to_json()]

    before, after = asyncio.run(scenario())
    assert (before["items"]["total"], before["items"]["running"], before["items"]["pending"]) == (5, 2, 3)
    assert {name: after["items"][name] for name in ("total", "succeeded", "failed", "timedOut", "pending")} == {
        "total": 5,
        "succeeded": 2,
        "failed": 2,
        "timedOut": 1,
        "pending": 0,
    }
    assert (after["executions"]["total"], after["executions"]["failed"]) == (3, 1)


def test_concurrency_and_tolerance_change_while_a_map_run_goes_on() -> None:
    async def scenario() -> tuple[MapRunSucceeded | MapRunFailed, int, int]:
        gate = Gate()
        run = map_run(gate, list(range(10)), concurrency=1, tolerated_count=5)
        task = asyncio.create_task(run.run())
        await until(lambda: len(gate.open) == 1)
        run.update(concurrency=4)
        await until(lambda: len(gate.open) == 4)
        gate.end(0, Status.FAILED)
        gate.end(1, Status.FAILED)
        await until(lambda: run.counts.items.failed == 2)
        run.update(tolerated_count=1)
        return await task, run.counts.items.aborted, len(gate.open)

    end, aborted, left = asyncio.run(scenario())
    assert isinstance(end, MapRunFailed)
    assert end.error == "States.ExceedToleratedFailureThreshold"
    assert (aborted > 0, left) == (True, 0)
