"""The commit queue: what changes together is committed together, and a fault stays where it is."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from millrace.stepfunctions.commit_queue import CommitQueue
from millrace.stepfunctions.live import Live
from millrace.stepfunctions.records import ExecutionArn
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Change, Store


@dataclass(frozen=True, slots=True)
class _Described:
    arn: ExecutionArn


@dataclass
class Execution:
    """What the queue sees of an execution.

    Attributes:
        log: What was done with it, in order.
        fault: Raised by what it names: "changes" or "committed".
    """

    name: str
    begun: bool = True
    fault: str = ""
    log: list[str] = field(default_factory=list[str])

    @property
    def described(self) -> _Described:
        return _Described(ExecutionArn(self.name))

    @property
    def live(self) -> Live:
        return cast("Live", self)

    def changes(self) -> list[Change]:
        if self.fault == "changes":
            raise TypeError("this cannot be written")
        self.log.append("changes")
        return [Change(self.name, ())]

    def committed(self) -> None:
        self.log.append("committed")
        if self.fault == "committed":
            raise RuntimeError("this cannot go on")

    def not_committed(self) -> None:
        self.log.append("not committed")

    def drop(self) -> None:
        self.log.append("dropped")


class Transactions:
    """A store that keeps the statements of each transaction.

    Attributes:
        refused: A transaction with one of these statements does not work.
        fault: Raised in place of a StoreError.
    """

    def __init__(self, *refused: str) -> None:
        self.refused = {*refused}
        self.fault: Exception | None = None
        self.kept: list[list[str]] = []

    async def commit(self, changes: Sequence[Change]) -> None:
        await asyncio.sleep(0)
        statements = [change.statement for change in changes]
        if self.fault is not None:
            raise self.fault
        if self.refused & {*statements}:
            raise StoreError("no room is left")
        self.kept.append(statements)


def run(store: Transactions, course: Callable[[CommitQueue, list[str]], Awaitable[None]]) -> list[str]:
    """Have something done with a queue, and close it; give the names that were forgotten."""
    forgotten: list[str] = []

    async def whole() -> None:
        queue = CommitQueue(cast("Store", store), lambda live: forgotten.append(live.described.arn))
        await course(queue, forgotten)
        await asyncio.wait_for(queue.close(), 10)

    asyncio.run(whole())
    gc.collect()
    return forgotten


def test_what_changes_in_one_turn_is_one_transaction() -> None:
    store, executions = Transactions(), [Execution(name) for name in "abc"]

    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        for execution in executions:
            queue.add(execution.live)
            queue.add(execution.live)
        await queue.durable()
        assert all(execution.log == ["changes", "committed"] for execution in executions)

    run(store, course)
    assert store.kept == [["a", "b", "c"]]


def test_what_changes_while_a_commit_is_under_way_goes_into_the_next() -> None:
    store, first, second = Transactions(), Execution("a"), Execution("b")

    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        queue.add(first.live)
        while not first.log:  # noqa: ASYNC110 - the moment counts
            await asyncio.sleep(0)
        queue.add(second.live)
        await queue.durable()
        assert second.log == ["changes", "committed"]

    run(store, course)
    assert store.kept == [["a"], ["b"]]


def test_nothing_is_waited_for_when_nothing_is_pending() -> None:
    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        await asyncio.wait_for(queue.durable(), 1)

    assert run(Transactions(), course) == []


def test_one_that_cannot_be_committed_does_not_take_the_others_along() -> None:
    store, good, bad = Transactions("bad"), Execution("good"), Execution("bad", begun=False)

    async def course(queue: CommitQueue, forgotten: list[str]) -> None:
        queue.add(good.live)
        queue.add(bad.live)
        with pytest.raises(StoreError):
            await queue.durable()
        assert forgotten == ["bad"]

    run(store, course)
    assert store.kept == [["good"]]
    assert good.log == ["changes", "committed"]
    assert bad.log == ["changes", "not committed", "dropped"]


def test_one_that_the_world_knows_is_tried_again_until_it_is_committed() -> None:
    store, execution = Transactions("a"), Execution("a")

    async def course(queue: CommitQueue, forgotten: list[str]) -> None:
        queue.add(execution.live)
        with pytest.raises(StoreError):
            await queue.durable()
        store.refused.clear()
        await queue.durable()
        assert forgotten == []

    run(store, course)
    assert store.kept == [["a"]]
    assert execution.log == ["changes", "not committed", "changes", "committed"]


def test_closing_tries_what_is_left_once_more() -> None:
    store, execution = Transactions("a"), Execution("a")

    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        queue.add(execution.live)

    assert run(store, course) == []
    assert store.kept == []
    assert execution.log == ["changes", "not committed"]


@pytest.mark.parametrize("fault", ["changes", "committed"])
def test_a_fault_in_one_execution_does_not_hold_up_the_others(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    store, good, bad = Transactions(), Execution("good"), Execution("bad", fault=fault)

    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        queue.add(bad.live)
        queue.add(good.live)
        await queue.durable()

    forgotten = run(store, course)
    assert good.log == ["changes", "committed"]
    assert forgotten == (["bad"] if fault == "changes" else [])
    assert "execution bad" in caplog.text


def test_a_fault_of_the_store_is_told_and_ends_neither_the_queue_nor_its_closing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store, execution = Transactions(), Execution("a")

    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        store.fault = RuntimeError("worn out")
        queue.add(execution.live)
        with pytest.raises(StoreError, match="worn out"):
            await asyncio.wait_for(queue.durable(), 10)
        store.fault = None
        await asyncio.wait_for(queue.durable(), 10)

    run(store, course)
    assert store.kept == [["a"]]
    assert "worn out" in caplog.text


def test_a_caller_that_goes_away_does_not_stop_the_commit() -> None:
    store, execution = Transactions(), Execution("a")

    async def course(queue: CommitQueue, _forgotten: list[str]) -> None:
        queue.add(execution.live)
        caller = asyncio.create_task(queue.durable())
        await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait([caller])

    run(store, course)
    assert store.kept == [["a"]]
