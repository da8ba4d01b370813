"""Retention: old executions go, those that run and fresh ones stay."""

import asyncio
import gc
import time
from pathlib import Path

import pytest

from millrace.stepfunctions.retention import BATCH, DAY, keep_removing
from millrace.stepfunctions.store.errors import StoreFullError
from millrace.stepfunctions.store.sqlite_store import SqliteStore
from tests.stepfunctions.in_process_engine import InProcessEngine, opened, until

PASS = {"Type": "Pass"}
WAIT = {"Type": "Wait", "Seconds": 3600}


class Clock:
    """The time, and days that pass at once."""

    def __init__(self) -> None:
        self.days = 0.0

    def __call__(self) -> float:
        return time.time() + self.days * DAY


async def removing(engine: InProcessEngine, clock: Clock, days: float) -> "asyncio.Task[None]":
    return asyncio.create_task(keep_removing(engine.store, clock, days))


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def test_old_executions_go_and_fresh_and_running_ones_stay(tmp_path: Path) -> None:
    clock = Clock()

    async def course() -> None:
        async with opened(tmp_path / "engine.sqlite3", clock=clock) as engine:
            running, old = await engine.start(WAIT), await engine.start(PASS)
            key = (await engine.ended(old)).key
            clock.days = 6
            fresh = await engine.start(PASS)
            await engine.ended(fresh)
            clock.days = 8
            task = await removing(engine, clock, 7)
            await until(lambda: engine.store.execution(old) is None)
            assert engine.store.history(key, 1, 10) == []
            assert engine.executions.execution(old) is None
            assert engine.status(fresh) == "SUCCEEDED"
            assert engine.status(running) == "RUNNING"
            await ended(task)

    asyncio.run(course())
    gc.collect()


def test_more_than_one_batch_goes_without_waiting_for_the_next_round(tmp_path: Path) -> None:
    clock = Clock()

    async def course() -> None:
        async with opened(tmp_path / "engine.sqlite3", clock=clock) as engine:
            launches = [await engine.launch(PASS) for _ in range(BATCH + 10)]
            records = await asyncio.gather(*(engine.executions.start(launch) for launch in launches))
            await asyncio.gather(*(engine.ended(record.arn) for record in records))
            clock.days = 1
            task = await removing(engine, clock, 0.5)
            await until(lambda: all(engine.store.execution(record.arn) is None for record in records))
            await ended(task)

    asyncio.run(course())
    gc.collect()


def test_a_redriven_execution_stays(tmp_path: Path) -> None:
    clock = Clock()

    async def course() -> None:
        async with opened(tmp_path / "engine.sqlite3", clock=clock) as engine:
            arn = await engine.start(WAIT)
            await engine.executions.stop(arn, None, None)
            other = await engine.start(PASS)
            await engine.ended(other)
            clock.days = 8
            await engine.executions.redrive(arn)
            task = await removing(engine, clock, 7)
            await until(lambda: engine.store.execution(other) is None)
            assert engine.status(arn) == "RUNNING"
            await ended(task)

    asyncio.run(course())
    gc.collect()


class BrokenStore(SqliteStore):
    """A store of which nothing can be removed.

    Attributes:
        asked: How often it was asked.
    """

    asked = 0

    async def remove_ended(self, before: float, limit: int) -> int:
        del before, limit
        self.asked += 1
        raise StoreFullError("no room is left")


def test_a_store_that_fails_is_told_of_and_asked_again_later(caplog: pytest.LogCaptureFixture) -> None:
    async def course() -> None:
        store = BrokenStore.in_memory()
        assert isinstance(store, BrokenStore)
        task = asyncio.create_task(keep_removing(store, time.time, 1))
        await until(lambda: store.asked)
        await asyncio.sleep(0)
        assert not task.done()
        await ended(task)
        await store.close()

    asyncio.run(course())
    assert "old executions stay for now: no room is left" in caplog.text
