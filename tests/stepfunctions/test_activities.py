"""Activities: tasks find workers, and no task is lost with a worker."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from millrace.engine.errors import TaskTokenError
from millrace.engine.messages import TaskHeartbeat, TaskSucceeded
from millrace.engine.payload import Payload
from millrace.stepfunctions.executions import ActivityTask
from millrace.stepfunctions.store.errors import StoreError
from tests.stepfunctions.in_process_engine import ACTIVITY, InProcessEngine, activity, opened, until

LONG = 30.0

Course = Callable[[InProcessEngine], Coroutine[Any, Any, None]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "engine.sqlite3"


def lives(data: Path, *courses: Course) -> None:
    """Open the engine anew for each course."""

    async def all_of_them() -> None:
        for course in courses:
            async with opened(data) as engine:
                await course(engine)

    asyncio.run(all_of_them())
    gc.collect()


async def take(engine: InProcessEngine, worker: str = "w", wait: float = LONG) -> ActivityTask:
    """Take a task that must come."""
    task = await engine.executions.activity_task(ACTIVITY, worker, wait)
    assert task is not None
    return task


async def waiting(
    engine: InProcessEngine, worker: str = "w", wait: float = LONG
) -> "asyncio.Task[ActivityTask | None]":
    """Have a worker wait for a task."""
    polling = asyncio.create_task(engine.executions.activity_task(ACTIVITY, worker, wait))
    await asyncio.sleep(0)
    return polling


async def done(engine: InProcessEngine, task: ActivityTask, result: Any = 1) -> None:
    await engine.executions.send(TaskSucceeded(task.token, Payload.of(result)))


def test_tasks_are_taken_oldest_first(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        for number in range(5):
            await engine.start(activity(), value=number)
        assert [(await take(engine)).input for _ in range(5)] == ["0", "1", "2", "3", "4"]
        assert await engine.executions.activity_task(ACTIVITY, None, 0.01) is None

    lives(data, course)


def test_each_of_several_workers_gets_tasks_of_its_own(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arns = [await engine.start(activity(), value=number) for number in range(20)]

        async def work(name: str) -> None:
            while (task := await engine.executions.activity_task(ACTIVITY, name, 0.3)) is not None:
                await done(engine, task, f"{name}: {task.input}")

        await asyncio.gather(*(work(name) for name in "abc"))
        outputs = [(await engine.ended(arn)).output for arn in arns]
        assert [str(output).partition(": ")[2] for output in outputs] == [f'{number}"' for number in range(20)]

    lives(data, course)


def test_workers_that_wait_get_tasks_in_the_order_in_which_they_came(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        workers = [await waiting(engine, name) for name in "abc"]
        for number in range(3):
            await engine.start(activity(), value=number)
        taken = await asyncio.gather(*workers)
        assert [task and task.input for task in taken] == ["0", "1", "2"]

    lives(data, course)


def test_the_history_names_the_worker(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(activity())
        await done(engine, await take(engine, "digger"))
        record = await engine.ended(arn)
        events = engine.store.history(record.key, 1, 100)
        started = next(event for event in events if event["type"] == "ActivityStarted")
        assert started["activityStartedEventDetails"] == {"workerName": "digger"}

    lives(data, course)


def test_a_worker_that_has_gone_leaves_its_task_to_another(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        gone, stays = await waiting(engine, "gone"), await waiting(engine, "stays")
        launch = await engine.launch(activity())
        starting = asyncio.create_task(engine.executions.start(launch))
        async with asyncio.timeout(LONG):
            # Until the worker has been woken, and has not yet gone on.
            while not engine.executions.counts()["activityTasks"]:  # noqa: ASYNC110 - the moment counts
                await asyncio.sleep(0)
        gone.cancel()
        await starting
        assert await asyncio.wait_for(stays, LONG / 2) is not None
        assert gone.cancelled()

    lives(data, course)


def test_a_worker_that_goes_while_its_task_is_committed_leaves_it_to_another(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(activity())
        await until(lambda: engine.executions.counts()["activityTasks"])
        gone = await waiting(engine, "gone")
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled()
        await done(engine, await take(engine, "stays"))
        await engine.ended(arn)

    lives(data, course)


def test_a_task_whose_start_is_not_kept_is_offered_again(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        first = await engine.start(activity(), value=1)
        await engine.start(activity(), value=2)
        await until(lambda: engine.executions.counts()["activityTasks"] == 2)
        engine.store.full = True
        with pytest.raises(StoreError):
            await take(engine)
        engine.store.full = False
        task = await take(engine)
        assert task.input == "1"
        await done(engine, task)
        await engine.ended(first)

    lives(data, course)


def test_a_task_that_nobody_waits_for_any_more_is_not_handed_out(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        stopped = await engine.start(activity(), value=1)
        await engine.start(activity(), value=2)
        await engine.executions.stop(stopped, None, None)
        assert (await take(engine)).input == "2"

    lives(data, course)


def test_a_task_that_no_worker_takes_times_out(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(activity(TimeoutSeconds=1))
        assert (await engine.ended(arn)).error == "States.Timeout"
        assert engine.types(arn)[-2:] == ["ActivityTimedOut", "ExecutionFailed"]
        assert await engine.executions.activity_task(ACTIVITY, None, 0.01) is None

    lives(data, course)


def test_heartbeats_keep_a_task_alive_and_silence_ends_it(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        began = time.monotonic()
        arn = await engine.start(activity(HeartbeatSeconds=2, TimeoutSeconds=60))
        task = await take(engine)
        while time.monotonic() - began < 2.5:
            await engine.executions.send(TaskHeartbeat(task.token))
            await asyncio.sleep(0.2)
        assert engine.status(arn) == "RUNNING"
        assert (await engine.ended(arn)).error == "States.Timeout"
        with pytest.raises(TaskTokenError):
            await done(engine, task)

    lives(data, course)


def test_a_retried_task_is_offered_with_another_token(data: Path) -> None:
    retry = [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1, "IntervalSeconds": 1}]

    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(activity(TimeoutSeconds=1, Retry=retry))
        first, second = await take(engine), await take(engine)
        assert first.token != second.token
        await done(engine, second)
        await engine.ended(arn)

    lives(data, course)


def test_after_a_start_what_was_handed_out_stays_with_its_worker_and_the_rest_is_offered(data: Path) -> None:
    taken: list[ActivityTask] = []

    async def first(engine: InProcessEngine) -> None:
        await engine.start(activity(), value="taken")
        await engine.start(activity(), value="left")
        taken.append(await take(engine))

    async def second(engine: InProcessEngine) -> None:
        left = await take(engine)
        assert (taken[0].input, left.input) == ('"taken"', '"left"')
        assert await engine.executions.activity_task(ACTIVITY, None, 0.01) is None
        records = [record for record, _ in engine.store.running()]
        for task in (taken[0], left):
            await done(engine, task)
        for record in records:
            await engine.ended(record.arn)

    lives(data, first, second)


def test_workers_are_sent_away_when_the_engine_closes(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        workers = [await waiting(engine) for _ in range(3)]
        engine.executions.send_workers_away()
        assert await asyncio.gather(*workers) == [None, None, None]
        assert await engine.executions.activity_task(ACTIVITY, None, LONG) is None

    lives(data, course)
