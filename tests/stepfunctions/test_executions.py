"""Executions in one process: what a stop and a start leave unchanged, and what a store that fails does to them."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import TaskTokenError
from millrace.engine.messages import Status, TaskFailed, TaskHeartbeat, TaskSucceeded
from millrace.engine.payload import Payload
from millrace.stepfunctions.executions import RECOVERY_BATCH
from millrace.stepfunctions.store.errors import StoreError
from tests.stepfunctions.in_process_engine import InProcessEngine, activity, opened, task, until

PASS = {"Type": "Pass"}
WAIT = {"Type": "Wait", "Seconds": 3600}
TOKEN = ".waitForTaskToken"

Course = Callable[[InProcessEngine], Coroutine[Any, Any, None]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "engine.sqlite3"


def lives(data: Path, *courses: Course, clock: Callable[[], float] = time.time) -> None:
    """Open the engine anew for each course."""

    async def all_of_them() -> None:
        for course in courses:
            async with opened(data, clock=clock) as engine:
                await course(engine)

    asyncio.run(all_of_them())
    gc.collect()


# ---- closing and opening


def test_a_wait_keeps_its_moment(data: Path) -> None:
    later = [0.0]

    async def first(engine: InProcessEngine) -> None:
        await engine.start(WAIT)
        later[0] = 3599.5

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        record = await engine.ended(record.arn)
        assert record.stopped is not None
        assert record.stopped - record.started >= 3600

    lives(data, first, second, clock=lambda: time.time() + later[0])


def test_a_wait_that_was_over_meanwhile_ends_at_once(data: Path) -> None:
    moment = [time.time()]

    async def first(engine: InProcessEngine) -> None:
        await engine.start(WAIT)
        moment[0] += 3601

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        assert (await engine.ended(record.arn)).status is Status.SUCCEEDED

    lives(data, first, second, clock=lambda: moment[0])


def test_a_token_stays_valid_and_its_task_is_not_run_again(data: Path) -> None:
    tokens: list[str] = []

    async def first(engine: InProcessEngine) -> None:
        arn = await engine.start(task("ask", TOKEN), PASS)
        await until(lambda: "TaskSubmitted" in engine.types(arn))
        tokens.append(engine.work.began[0].token)

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        await engine.executions.send(TaskHeartbeat(tokens[0]))
        await engine.executions.send(TaskSucceeded(tokens[0], Payload.of("answer")))
        assert (await engine.ended(record.arn)).output == '"answer"'
        assert engine.work.began == []
        with pytest.raises(TaskTokenError):
            await engine.executions.send(TaskSucceeded(tokens[0], Payload.of("again")))

    lives(data, first, second)


def test_a_task_in_flight_is_run_again_and_a_finished_one_is_not(data: Path) -> None:
    async def first(engine: InProcessEngine) -> None:
        await engine.start(task(1), task("hold"))
        await until(lambda: len(engine.work.began) == 2)

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        engine.work.let_go.set()
        assert (await engine.ended(record.arn)).output == '"hold"'
        assert [begun.arguments for begun in engine.work.began] == ["hold"]
        assert engine.types(record.arn).count("TaskScheduled") == 2

    lives(data, first, second)


def test_a_job_that_was_submitted_is_found_again(data: Path) -> None:
    async def first(engine: InProcessEngine) -> None:
        arn = await engine.start(task("job", ""))
        await until(lambda: "TaskSubmitted" in engine.types(arn))

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        await until(lambda: engine.work.began)
        assert engine.work.began[0].submitted == {"job": 1}
        engine.work.let_go.set()
        await engine.ended(record.arn)
        assert engine.types(record.arn).count("TaskSubmitted") == 1

    lives(data, first, second)


def test_a_retry_goes_on_where_its_count_was(data: Path) -> None:
    retry = [{"ErrorEquals": ["No"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]

    async def first(engine: InProcessEngine) -> None:
        await engine.start(task("raise", Retry=retry))
        await until(lambda: engine.work.began)

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        assert (await engine.ended(record.arn)).status is Status.FAILED
        assert len(engine.work.began) == 2

    lives(data, first, second)


def test_closing_ends_while_an_execution_goes_round_and_round(data: Path) -> None:
    async def first(engine: InProcessEngine) -> None:
        turn = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "S0"}], "Default": "S1"}
        launch = await engine.launch(turn, PASS, kind=ExecutionType.EXPRESS)
        await engine.executions.start(launch)

    async def second(engine: InProcessEngine) -> None:
        assert next(engine.store.running())[0].status is Status.RUNNING

    lives(data, first, second)


def test_closing_waits_for_the_tasks_that_it_cancels_and_starts_no_other(data: Path) -> None:
    async def first(engine: InProcessEngine) -> None:
        await engine.start(task("hold"))
        await until(lambda: engine.work.began)
        # Its task is to be started when this is committed, which closing does.
        starting = asyncio.create_task(engine.executions.start(await engine.launch(task("hold"))))
        await asyncio.sleep(0)
        await engine.executions.close()
        await starting
        assert engine.work.cancelled == ["hold"]
        assert len(engine.work.began) == 1

    async def second(engine: InProcessEngine) -> None:
        await until(lambda: len(engine.work.began) == 2)

    lives(data, first, second)


def test_whoever_waits_for_an_end_is_told_that_the_engine_closes(data: Path) -> None:
    async def first(engine: InProcessEngine) -> None:
        waiting = asyncio.create_task(engine.executions.ended(await engine.start(WAIT)))
        await asyncio.sleep(0)
        await engine.executions.close()
        await asyncio.wait([waiting], timeout=10)
        assert waiting.cancelled()

    lives(data, first)


def test_what_recovered_executions_start_is_not_taken_up_a_second_time(data: Path) -> None:
    # More than are read before what is started meanwhile is committed.
    count = 8 * RECOVERY_BATCH

    async def first(engine: InProcessEngine) -> None:
        await asyncio.gather(*(engine.start(task("hold")) for _ in range(count)))

    async def second() -> None:
        async with opened(data) as engine:
            # As the tasks of executions do that are taken up in the first batch.
            launch = await engine.launch(task("hold"))
            await engine.executions.close()
            other = type(engine.executions)(engine.store, engine.work)
            engine.work.began.clear()
            opening = asyncio.create_task(other.open())
            await asyncio.sleep(0)
            child = await other.start(launch)
            await opening
            await until(lambda: len(engine.work.began) > count)
            executions = [begun.execution for begun in engine.work.began]
            assert executions.count(child.arn) == 1
            assert len(executions) == len(set(executions)) == count + 1
            await other.close()

    lives(data, first)
    asyncio.run(second())
    gc.collect()


def test_an_execution_that_cannot_be_taken_up_does_not_keep_others_from_it(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def first(engine: InProcessEngine) -> None:
        broken = await engine.start(WAIT)
        await engine.start(task("hold"))
        record = engine.store.execution(broken)
        assert record is not None
        await engine.executions.close()
        await engine.store.commit(engine.store.put_execution(record, b'{"not": "a snapshot"}'))

    async def second(engine: InProcessEngine) -> None:
        await until(lambda: engine.work.began)
        assert "cannot be taken up" in caplog.text

    lives(data, first, second)


# ---- a store that fails


def test_a_start_that_is_not_kept_is_told_and_leaves_nothing(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        launch = await engine.launch(task("hold"))
        engine.store.full = True
        with pytest.raises(StoreError, match="no room is left"):
            await engine.executions.start(launch)
        assert engine.executions.execution(launch.arn) is None
        assert engine.work.began == []
        engine.store.full = False
        assert (await engine.executions.start(launch)).status is Status.RUNNING
        await until(lambda: engine.work.began)

    lives(data, course)


def test_a_start_that_is_kept_is_not_told_of_the_failure_of_another(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        good, bad = await engine.launch(PASS), await engine.launch(PASS, value="too large")
        engine.store.refused = "too large"
        kept, lost = await asyncio.gather(
            engine.executions.start(good), engine.executions.start(bad), return_exceptions=True
        )
        assert isinstance(lost, StoreError)
        assert not isinstance(kept, BaseException)
        assert engine.executions.execution(bad.arn) is None
        assert (await engine.ended(good.arn)).status is Status.SUCCEEDED

    lives(data, course)


def test_a_start_whose_state_cannot_be_written_is_told(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def course(engine: InProcessEngine) -> None:
        launch = await engine.launch(PASS, value="odd")
        engine.store.unwritable = "odd"
        with pytest.raises(RuntimeError, match="cannot be written"):
            await engine.executions.start(launch)
        assert "is left as it was committed last" in caplog.text
        assert engine.executions.execution(launch.arn) is None
        await engine.ended(await engine.start(PASS))

    lives(data, course)


def test_a_failure_whose_text_json_cannot_have_fails_its_execution(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        assert (await engine.ended(await engine.start(task("half")))).cause == "half a pair: ?"

    lives(data, course)


def test_executions_wait_until_the_store_works_again(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(task("hold"), task(2))
        waiting = await engine.start({"Type": "Wait", "Seconds": 1}, task(3))
        await until(lambda: engine.work.began)
        engine.store.full = True
        engine.work.let_go.set()
        began = time.monotonic()
        await until(lambda: time.monotonic() - began > 1.1)
        # What is not committed has no effects.
        assert [begun.arguments for begun in engine.work.began] == ["hold"]
        assert "TaskSucceeded" not in engine.types(arn)
        engine.store.full = False
        assert (await engine.ended(arn)).output == "2"
        assert (await engine.ended(waiting)).output == "3"
        assert engine.types(arn)[-1] == "ExecutionSucceeded"
        assert len(engine.work.began) == 3

    lives(data, course)


def test_a_token_that_comes_while_the_store_fails_counts_when_it_works_again(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(task("ask", TOKEN))
        await until(lambda: "TaskSubmitted" in engine.types(arn))
        engine.store.full = True
        with pytest.raises(StoreError):
            await engine.executions.send(TaskFailed(engine.work.began[0].token, "No", None))
        with pytest.raises(StoreError):
            await engine.executions.stop(await _waiting(engine), None, None)
        engine.store.full = False
        assert (await engine.ended(arn)).error == "No"

    async def _waiting(engine: InProcessEngine) -> Any:
        engine.store.full = False
        arn = await engine.start(WAIT)
        engine.store.full = True
        return arn

    lives(data, course)


def test_what_was_not_committed_at_the_end_is_done_again(data: Path) -> None:
    async def first(engine: InProcessEngine) -> None:
        arn = await engine.start(task("hold"))
        await until(lambda: engine.work.began)
        engine.store.full = True
        engine.work.let_go.set()
        await until(lambda: engine.executions.execution(arn) is not None)
        await asyncio.sleep(0)
        await engine.executions.close()
        assert engine.status(arn) == "RUNNING"

    async def second(engine: InProcessEngine) -> None:
        (record, _) = next(engine.store.running())
        engine.work.let_go.set()
        assert (await engine.ended(record.arn)).status is Status.SUCCEEDED

    lives(data, first, second)


# ---- what is kept in memory


def test_nothing_is_left_in_memory_of_executions_that_ended(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        asked = await engine.start(task("ask", TOKEN))
        failed = await engine.start(task("ask", TOKEN))
        stopped = await engine.start(task("ask", TOKEN))
        worked = await engine.start(activity(TimeoutSeconds=1))
        await until(lambda: len(engine.work.began) == 3)
        tokens = {begun.execution: begun.token for begun in engine.work.began}
        await engine.executions.send(TaskSucceeded(tokens[asked], Payload.of(1)))
        await engine.executions.send(TaskFailed(tokens[failed], "No", None))
        await engine.executions.stop(stopped, None, None)
        await engine.ended(worked)
        assert engine.executions.counts() == {"executions": 0, "tokens": 0, "activityTasks": 0}

    lives(data, course)


def test_a_synchronous_express_execution_is_kept_nowhere(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        launch = await engine.launch(task(5), kind=ExecutionType.EXPRESS)
        record = await engine.executions.run(launch)
        assert (record.status, record.output) == (Status.SUCCEEDED, "5")
        assert engine.store.execution(launch.arn) is None

    lives(data, course)


def test_stopping_what_has_ended_changes_nothing(data: Path) -> None:
    async def course(engine: InProcessEngine) -> None:
        arn = await engine.start(PASS)
        ended = await engine.ended(arn)
        assert await engine.executions.stop(arn, "No", None) == ended

    lives(data, course)
