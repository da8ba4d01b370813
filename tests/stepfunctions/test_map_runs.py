"""Map Runs on a store: what survives a restart, a stop, a change and a redrive."""

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.engine import ExecutionType, Status
from millrace.engine.context import MapItem
from millrace.engine.errors import Failure
from millrace.engine.map_run_spec import BatcherSpec, MapRunSpec
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, StartMapRun
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.model.json import Json
from millrace.stepfunctions.map_runs import ChildLaunch, MapRuns
from millrace.stepfunctions.records import (
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    MachineArn,
    MachineRecord,
    MapRunArn,
    MapRunRecord,
    Revision,
    RevisionId,
)
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import ExecutionFilter, PageRequest, Store
from millrace.stepfunctions.store.sqlite_store import SqliteStore

PREFIX = "arn:aws:states:us-east-1:000000000000"
MACHINE = MachineArn(f"{PREFIX}:stateMachine:m")
RUN = MapRunArn(f"{PREFIX}:mapRun:m/Each:1")

# Seconds since the epoch, later at each look; restarts do not set them back.
MOMENTS = itertools.count(1_000.0)

End = MapRunSucceeded | MapRunFailed


@dataclass
class Host:
    """Keeps children in a store. One whose input is "wait" runs until it is told to end, "fail" fails, others succeed.

    Attributes:
        started: The indices of children, in the order of their starts.
        refusals: How many starts the store refuses from now on.
    """

    store: Store
    started: list[int] = field(default_factory=list[int])
    stopped: list[ExecutionArn] = field(default_factory=list[ExecutionArn])
    redriven: list[int] = field(default_factory=list[int])
    open: dict[ExecutionArn, "asyncio.Future[ExecutionRecord]"] = field(
        default_factory=dict[ExecutionArn, "asyncio.Future[ExecutionRecord]"]
    )
    refusals: int = 0

    def now(self) -> float:
        return next(MOMENTS)

    def execution(self, arn: ExecutionArn) -> ExecutionRecord | None:
        return self.store.execution(arn)

    async def start_child(self, launch: ChildLaunch) -> ExecutionRecord:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full")
        assert launch.index is not None
        self.started.append(launch.index)
        record = ExecutionRecord(
            key=self.store.next_execution_key(),
            arn=launch.arn,
            name=launch.name,
            machine=launch.parent.machine,
            revision=launch.parent.revision,
            type=launch.type,
            status=Status.RUNNING,
            started=self.now(),
            input=launch.input.text,
            map_run=launch.map_run,
            index=launch.index,
            items=launch.items,
        )
        return await self._go(record)

    async def _go(self, record: ExecutionRecord) -> ExecutionRecord:
        if record.input == '"wait"':
            self.open[record.arn] = asyncio.get_running_loop().create_future()
            return await self._keep(record)
        if record.input == '"fail"' and not record.redrives:
            return await self._keep(
                replace(record, status=Status.FAILED, stopped=self.now(), error="No", cause="It is no")
            )
        return await self._keep(replace(record, status=Status.SUCCEEDED, stopped=self.now(), output=record.input))

    async def _keep(self, record: ExecutionRecord) -> ExecutionRecord:
        await self.store.commit(self.store.put_execution(record, None))
        return record

    async def ended(self, arn: ExecutionArn) -> ExecutionRecord:
        return await asyncio.shield(self.open.setdefault(arn, asyncio.get_running_loop().create_future()))

    async def stop(self, arn: ExecutionArn, error: str | None, cause: str | None) -> ExecutionRecord:
        del error, cause
        self.stopped.append(arn)
        return await self.end(arn, Status.ABORTED)

    async def end(self, arn: ExecutionArn, status: Status) -> ExecutionRecord:
        record = self.store.execution(arn)
        assert record is not None
        output = record.input if status is Status.SUCCEEDED else None
        record = await self._keep(replace(record, status=status, stopped=self.now(), output=output))
        future = self.open.pop(arn, None)
        if future is not None:
            future.set_result(record)
        return record

    async def redrive(self, arn: ExecutionArn) -> ExecutionRecord:
        record = self.store.execution(arn)
        assert record is not None
        assert record.index is not None
        self.redriven.append(record.index)
        return await self._go(
            replace(record, status=Status.RUNNING, stopped=None, error=None, cause=None, redrives=record.redrives + 1)
        )


def spec(items: list[Any], kind: ExecutionType = ExecutionType.STANDARD, **fields: Any) -> MapRunSpec:
    return MapRunSpec(RUN, "Each", StateName("I"), kind, Payload.of(cast("Json", items)), **fields)


@dataclass
class Bench:
    """A store with a parent execution, and Map Runs on it that can be stopped and made anew."""

    store: Store
    parent: ExecutionRecord

    @classmethod
    async def make(cls) -> "Bench":
        store = SqliteStore.in_memory()
        revision = Revision(RevisionId("INITIAL"), "{}", "role")
        parent = ExecutionRecord(
            key=ExecutionKey(store.next_execution_key()),
            arn=ExecutionArn(f"{PREFIX}:execution:m:parent"),
            name="parent",
            machine=MACHINE,
            revision=revision.id,
            type=ExecutionType.STANDARD,
            status=Status.RUNNING,
            started=0.0,
            input="null",
        )
        machine = MachineRecord(MACHINE, "m", ExecutionType.STANDARD, 0.0, revision)
        await store.commit([*store.put_machine(machine), *store.put_execution(parent, b"{}")])
        return cls(store, parent)

    def host(self) -> tuple[Host, MapRuns]:
        host = Host(self.store)
        return host, MapRuns(host)

    def start(self, runs: MapRuns, run: MapRunSpec) -> "asyncio.Future[End]":
        end: asyncio.Future[End] = asyncio.get_running_loop().create_future()

        def select(item: MapItem) -> Payload | Failure:
            return Payload.of(item.value)

        runs.start(self.parent, StartMapRun(run.arn, StateName("M"), run), select, end.set_result)
        return end

    def record(self) -> MapRunRecord:
        record = self.store.map_run(RUN)
        assert record is not None
        return record

    def counted(self, name: str, what: str = "items") -> int:
        return cast("dict[str, Any]", self.record().counts)[what][name]


def on_bench(scenario: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def act() -> None:
        bench = await Bench.make()
        await asyncio.wait_for(scenario(bench), 20)
        await bench.store.close()

    asyncio.run(act())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never held")


def test_a_map_run_keeps_its_children_its_counts_and_its_end() -> None:
    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        end = await bench.start(runs, spec([1, "fail", 3], tolerated_count=1))
        assert isinstance(end, MapRunSucceeded)
        assert isinstance(end.output.value, list)
        first, failed, third = end.output.value
        assert (first, third) == (1, 3)
        assert isinstance(failed, dict)
        assert (failed["Error"], failed["StateMachineArn"]) == ("No", f"{MACHINE}/Each")
        record = bench.record()
        assert (record.status, record.execution, record.machine) == (Status.SUCCEEDED, bench.parent.arn, MACHINE)
        assert record.stopped is not None
        assert [bench.counted(name) for name in ("total", "succeeded", "failed", "running")] == [3, 2, 1, 0]
        children = bench.store.executions(ExecutionFilter(map_run=RUN), PageRequest()).records
        assert {child.index for child in children} == {0, 1, 2}
        assert all(child.arn.startswith(f"{PREFIX}:execution:m/Each:") for child in children)
        assert host.started == [0, 1, 2]
        await runs.close()

    on_bench(scenario)


def test_children_of_a_batch_count_their_items() -> None:
    async def scenario(bench: Bench) -> None:
        _, runs = bench.host()
        await bench.start(runs, spec([1, 2, 3], batcher=BatcherSpec(max_items=2)))
        assert (bench.counted("succeeded"), bench.counted("succeeded", "executions")) == (3, 2)
        assert [child.items for child in bench.store.children(RUN, 0, 10)] == [2, 1]
        await runs.close()

    on_bench(scenario)


def test_express_children_have_express_arns() -> None:
    async def scenario(bench: Bench) -> None:
        _, runs = bench.host()
        await bench.start(runs, spec([1], ExecutionType.EXPRESS))
        (child,) = bench.store.children(RUN, 0, 10)
        assert child.arn.startswith(f"{PREFIX}:express:m/Each:{child.name}:")
        await runs.close()

    on_bench(scenario)


def test_a_map_run_goes_on_after_a_restart_without_starting_a_child_twice() -> None:
    async def scenario(bench: Bench) -> None:
        first, runs = bench.host()
        run = spec(["a", "wait", "b", "wait", "c"], concurrency=2)
        bench.start(runs, run)
        await until(lambda: len(first.open) == 2)
        await runs.close()
        assert (first.started, first.stopped) == ([0, 1, 2, 3], [])
        assert bench.record().status is Status.RUNNING

        second, runs = bench.host()
        end = bench.start(runs, run)
        await until(lambda: len(second.open) == 2)
        for arn in [*second.open]:
            await second.end(arn, Status.SUCCEEDED)
        outcome = await end
        assert isinstance(outcome, MapRunSucceeded)
        assert outcome.output.value == ["a", "wait", "b", "wait", "c"]
        assert second.started == [4]
        assert [bench.counted(name) for name in ("total", "succeeded", "running")] == [5, 5, 0]
        await runs.close()

    on_bench(scenario)


@dataclass
class LateHost(Host):
    """A host that has not taken up its children yet when they are asked for first."""

    asked: int = 0

    async def ended(self, arn: ExecutionArn) -> ExecutionRecord:
        self.asked += 1
        record = self.store.execution(arn)
        assert record is not None
        return record if self.asked == 1 else await super().ended(arn)


def test_a_child_that_is_taken_up_later_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.stepfunctions.map_run_children.TAKE_UP_DELAY", 0.0)

    async def scenario(bench: Bench) -> None:
        first, runs = bench.host()
        bench.start(runs, spec(["wait"]))
        await until(lambda: len(first.open) == 1)
        await runs.close()

        late = LateHost(bench.store)
        runs = MapRuns(late)
        end = bench.start(runs, spec(["wait"]))
        await until(lambda: len(late.open) == 1)
        await late.end(next(iter(late.open)), Status.SUCCEEDED)
        assert await end == MapRunSucceeded(RUN, Payload.of(["wait"]))
        await runs.close()

    on_bench(scenario)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_map_run_interrupted_anywhere_runs_each_item_once(seed: int) -> None:
    async def scenario(bench: Bench) -> None:
        source = random.Random(seed)
        items: list[Any] = list(range(source.randint(0, 60)))
        run = spec(items, concurrency=source.randint(1, 8))
        started: list[int] = []
        end: asyncio.Future[End] | None = None
        while end is None or not end.done():
            host, runs = bench.host()
            end = bench.start(runs, run)
            for _ in range(source.randint(1, 200)):
                await asyncio.sleep(0)
            await runs.close()
            started += host.started
        outcome = end.result()
        assert isinstance(outcome, MapRunSucceeded)
        assert outcome.output.value == items
        assert sorted(started) == items

    on_bench(scenario)


def test_stopping_a_map_run_aborts_its_children() -> None:
    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        end = bench.start(runs, spec(["wait", "wait"]))
        await until(lambda: len(host.open) == 2)
        runs.stop(RUN)
        await until(lambda: bench.record().status is Status.ABORTED)
        await until(lambda: len(host.stopped) == 2)
        assert not end.done()
        assert [bench.counted(name) for name in ("aborted", "running")] == [2, 0]
        await runs.close()

    on_bench(scenario)


def test_a_map_run_that_lost_its_execution_in_a_crash_is_aborted_at_the_next_start() -> None:
    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        bench.start(runs, spec(["wait", "wait"]))
        await until(lambda: len(host.open) == 2)
        await runs.close()
        ended = replace(bench.parent, status=Status.ABORTED, stopped=host.now())
        await bench.store.commit(bench.store.put_execution(ended, None))
        again, runs = bench.host()
        runs.open()
        await until(lambda: bench.record().status is Status.ABORTED)
        assert len(again.stopped) == 2
        assert not bench.store.orphaned_map_runs()

    on_bench(scenario)


def test_too_many_failures_abort_what_runs() -> None:
    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        outcome = await bench.start(runs, spec(["wait", "fail", 3]))
        assert isinstance(outcome, MapRunFailed)
        assert outcome.error == "States.ExceedToleratedFailureThreshold"
        await until(lambda: len(host.stopped) == 1)
        assert bench.record().status is Status.FAILED
        await runs.close()

    on_bench(scenario)


def test_a_change_holds_over_a_restart() -> None:
    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        run = spec(["wait"] * 5, concurrency=1)
        bench.start(runs, run)
        await until(lambda: len(host.open) == 1)
        await runs.update(RUN, concurrency=3, tolerated_percentage=50.0, tolerated_count=None)
        await until(lambda: len(host.open) == 3)
        await runs.close()

        host, runs = bench.host()
        bench.start(runs, run)
        await until(lambda: len(host.open) == 3)
        record = runs.record(RUN)
        assert record is not None
        assert (record.concurrency, record.tolerated_percentage, record.tolerated_count) == (3, 50.0, 0)
        await runs.close()

    on_bench(scenario)


@pytest.mark.parametrize("kind", list(ExecutionType))
def test_a_redrive_runs_again_what_failed_and_what_never_began(kind: ExecutionType) -> None:
    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        run = spec([0, "fail", 2, 3], kind, concurrency=1)
        assert isinstance(await bench.start(runs, run), MapRunFailed)
        assert host.started == [0, 1]
        await runs.close()

        host, runs = bench.host()
        outcome = await bench.start(runs, replace(run, redrives=1))
        assert isinstance(outcome, MapRunSucceeded if kind is ExecutionType.STANDARD else MapRunFailed)
        record = bench.record()
        assert (record.redrives, record.redriven is not None) == (1, True)
        if kind is ExecutionType.STANDARD:
            assert (host.redriven, host.started) == ([1], [2, 3])
            assert outcome == MapRunSucceeded(RUN, Payload.of([0, "fail", 2, 3]))
        else:
            assert (host.redriven, host.started) == ([], [1])
            assert len(bench.store.children(RUN, 0, 10)) == 2
        await runs.close()

    on_bench(scenario)


def test_a_map_run_whose_end_was_not_told_ends_the_same_way_again() -> None:
    async def scenario(bench: Bench) -> None:
        _, runs = bench.host()
        run = spec([1, "fail"])
        first = await bench.start(runs, run)
        await runs.close()
        host, runs = bench.host()
        assert await bench.start(runs, run) == first
        assert host.started == []
        await runs.close()

    on_bench(scenario)


def test_a_full_disk_holds_a_child_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.stepfunctions.map_run_children.RETRY_DELAY", 0.0)

    async def scenario(bench: Bench) -> None:
        host, runs = bench.host()
        host.refusals = 3
        outcome = await bench.start(runs, spec([1]))
        assert isinstance(outcome, MapRunSucceeded)
        assert host.started == [0]
        await runs.close()

    on_bench(scenario)
