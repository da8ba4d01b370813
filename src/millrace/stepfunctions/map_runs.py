"""Map Runs that survive a restart: their children are executions of the store, and so are their results.

A run that goes on reads its items again from their source. An index that has a child is not started again: a child that
ended counts as it ended, one that runs goes on by itself and is waited for.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

from millrace.engine.definition import ExecutionType
from millrace.engine.item_source import ObjectStore
from millrace.engine.map_run import MapRun, Select
from millrace.engine.map_run_children import Child, ChildResult
from millrace.engine.map_run_spec import MapRunSpec
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, StartMapRun, Status
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.stepfunctions.arns import execution_of, express_execution_of
from millrace.stepfunctions.faults import reach
from millrace.stepfunctions.records import ExecutionArn, ExecutionRecord, MachineArn, MapRunArn, MapRunRecord
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Store

Done: TypeAlias = Callable[[MapRunSucceeded | MapRunFailed], None]

_log: Final = logging.getLogger(__name__)
# Seconds between two writes of a run's counts, and until a write that failed is tried again.
COUNTS_INTERVAL: Final = 0.3
RETRY_DELAY: Final = 1.0
# Children that are read from the store at a time.
PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class ChildLaunch:
    """What is needed to start a child.

    Attributes:
        parent: The execution that the Map Run belongs to; the child runs its machine's revision.
        start_at: The first state.
        index: Counts the run's children from 0.
        items: How many items it works on.
    """

    arn: ExecutionArn
    name: str
    parent: ExecutionRecord
    start_at: StateName
    type: ExecutionType
    input: Payload
    map_run: MapRunArn
    index: int
    items: int


class ChildHost(Protocol):
    """What Map Runs need of whoever keeps the executions."""

    store: Store

    def now(self) -> float:
        """Give seconds since the epoch."""
        ...

    async def start_child(self, launch: ChildLaunch, /) -> ExecutionRecord:
        """Start a child; it is durable when this returns, and may have ended already.

        Raises:
            StoreError: It could not be committed; there is no child.
        """
        ...

    async def ended(self, arn: ExecutionArn, /) -> ExecutionRecord:
        """Wait for an execution's end."""
        ...

    async def stop(self, arn: ExecutionArn, error: str | None, cause: str | None, /) -> ExecutionRecord:
        """End an execution from outside; one that has ended is left as it is."""
        ...

    async def redrive(self, arn: ExecutionArn, /) -> ExecutionRecord:
        """Go on with an execution that failed, from the states that failed."""
        ...


@dataclass(slots=True)
class _Live:
    """A run that goes on.

    Attributes:
        record: As it was handed to the store last.
        due: Writes the counts.
    """

    run: MapRun
    record: MapRunRecord
    due: asyncio.TimerHandle | None = None

    def described(self) -> MapRunRecord:
        """Give the record with what is counted by now."""
        run = self.run
        return replace(
            self.record,
            concurrency=run.concurrency,
            tolerated_percentage=run.tolerated_percentage,
            tolerated_count=run.tolerated_count,
            counts=run.counts.to_json(),
        )


class MapRuns:
    """The Map Runs of the executions that run here.

    Args:
        host: Keeps the executions.
        objects: Holds items and results that are in buckets; None where there is none.
    """

    def __init__(self, host: ChildHost, objects: ObjectStore | None = None) -> None:
        self.host = host
        self._objects = objects
        self._live: dict[MapRunArn, _Live] = {}
        self._tasks: dict[MapRunArn, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self.closing = False

    def start(self, parent: ExecutionRecord, effect: StartMapRun, select: Select, done: Done) -> None:
        """Start a run, go on with it after a restart, or redrive it.

        Args:
            parent: The execution that it belongs to.
            effect: What the interpreter asked for.
            select: Makes the children's inputs.
            done: Told how the run ended; not called when it is stopped.
        """
        arn = MapRunArn(effect.token)
        task = self._tasks[arn] = asyncio.create_task(self._run(arn, parent, effect, select, done))
        task.add_done_callback(lambda _: self._tasks.pop(arn, None))

    def stop(self, arn: MapRunArn) -> None:
        """Abort a run and its children."""
        task = self._tasks.get(arn)
        if task is not None:
            task.cancel()

    def record(self, arn: MapRunArn) -> MapRunRecord | None:
        """Describe a run, as of now."""
        live = self._live.get(arn)
        return self.host.store.map_run(arn) if live is None else live.described()

    async def update(
        self,
        arn: MapRunArn,
        *,
        concurrency: int | None,
        tolerated_percentage: float | None,
        tolerated_count: int | None,
    ) -> None:
        """Change a run that goes on; None leaves a value as it is.

        Raises:
            StoreError: The change holds until the next restart only.
        """
        live = self._live.get(arn)
        if live is not None:
            live.run.update(concurrency, tolerated_percentage, tolerated_count)
            await self._put(live, live.described())

    async def close(self) -> None:
        """Leave the runs as they are; they go on when the store is opened again."""
        self.closing = True
        tasks = [*self._tasks.values(), *self._background]
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def in_background(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something that nobody waits for."""

        async def act() -> None:
            try:
                await work
            except StoreError as error:
                _log.warning("the store could not be written: %s", error)

        task = asyncio.create_task(act())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # ---- one run

    async def _run(
        self, arn: MapRunArn, parent: ExecutionRecord, effect: StartMapRun, select: Select, done: Done
    ) -> None:
        record, fresh = self._begun(arn, parent, effect.spec)
        children = _StoredChildren(self, parent, effect.spec, record, fresh=fresh)
        run = MapRun(effect, select, children, self._objects, lambda: self._counted(arn))
        if not fresh:
            run.update(record.concurrency, record.tolerated_percentage, record.tolerated_count)
        live = self._live[arn] = _Live(run, record)
        try:
            await self._put_surely(live, live.described())
            end = await run.run()
            status = Status.SUCCEEDED if isinstance(end, MapRunSucceeded) else Status.FAILED
            await self._finish(live, status)
        except asyncio.CancelledError:
            if not self.closing:
                await self._finish(live, Status.ABORTED)
            raise
        finally:
            if live.due is not None:
                live.due.cancel()
            del self._live[arn]
        done(end)

    def _begun(self, arn: MapRunArn, parent: ExecutionRecord, spec: MapRunSpec) -> tuple[MapRunRecord, bool]:
        """Find the run's record, or make it; tell whether it is new."""
        found = self.host.store.map_run(arn)
        if found is None:
            return _new_record(arn, parent, spec, self.host.now()), True
        if found.redrives < spec.redrives:
            return replace(
                found, status=Status.RUNNING, stopped=None, redrives=spec.redrives, redriven=self.host.now()
            ), False
        return replace(found, status=Status.RUNNING, stopped=None), False

    async def _finish(self, live: _Live, status: Status) -> None:
        await self._put_surely(live, replace(live.described(), status=status, stopped=self.host.now()))

    # ---- writing

    def _counted(self, arn: MapRunArn) -> None:
        """Write the counts soon."""
        live = self._live.get(arn)
        if live is not None and live.due is None:
            live.due = asyncio.get_running_loop().call_later(COUNTS_INTERVAL, self._write_counts, live)

    def _write_counts(self, live: _Live) -> None:
        live.due = None
        self.in_background(self._put(live, live.described()))

    async def _put(self, live: _Live, record: MapRunRecord) -> None:
        live.record = record
        await self.host.store.commit(self.host.store.put_map_run(record))

    async def _put_surely(self, live: _Live, record: MapRunRecord) -> None:
        """Write the run, as often as it takes."""
        while True:
            try:
                await self._put(live, record)
            except StoreError as error:
                _log.error("Map Run %s waits for its commit: %s", record.arn, error)
                await asyncio.sleep(RETRY_DELAY)
            else:
                return


class _StoredChildren:
    """The children of one Map Run.

    Args:
        runs: Starts them.
        parent: Their run's execution.
        spec: The run.
        record: Its record when it began, or went on.
        fresh: It has no children yet.
    """

    def __init__(
        self, runs: MapRuns, parent: ExecutionRecord, spec: MapRunSpec, record: MapRunRecord, *, fresh: bool
    ) -> None:
        self._runs = runs
        self._host = runs.host
        self._parent = parent
        self._spec = spec
        self._record = record
        self._known: dict[int, ExecutionRecord] = {}
        self._read = 0
        self._more = not fresh
        self._machine = MachineArn(f"{parent.machine}/{spec.label}")

    async def run(self, child: Child) -> Status:
        known = self._find(child.index)
        arn = self._arn(child) if known is None else known.arn
        try:
            if known is None:
                record = await self._start(child)
            elif self._is_to_redrive(known):
                record = await self._redrive(child, known)
            else:
                record = known
            if record.status is Status.RUNNING:
                record = await self._host.ended(record.arn)
        except asyncio.CancelledError:
            if not self._runs.closing:
                self._runs.in_background(self._host.stop(arn, None, None))
            raise
        reach("mapruns.after-child")
        return record.status

    async def results(self) -> AsyncIterator[ChildResult]:
        first = 0
        while page := self._host.store.children(self._record.arn, first, PAGE):
            for record in page:
                yield self._result(record)
            assert page[-1].index is not None
            first = page[-1].index + 1
            await asyncio.sleep(0)

    # ---- children of before

    def _find(self, index: int) -> ExecutionRecord | None:
        """Give the child that an earlier life of the run started; asked for each index once, in their order."""
        while self._more and index >= self._read:
            page = self._host.store.children(self._record.arn, self._read, PAGE)
            self._more = len(page) == PAGE
            for record in page:
                assert record.index is not None
                self._known[record.index] = record
                self._read = record.index + 1
        return self._known.pop(index, None)

    def _is_to_redrive(self, child: ExecutionRecord) -> bool:
        redriven = self._record.redriven
        if child.status in (Status.RUNNING, Status.SUCCEEDED) or redriven is None or child.stopped is None:
            return False
        return child.stopped <= redriven

    # ---- starting

    def _arn(self, child: Child, redrive: int = 0) -> ExecutionArn:
        name = self._name(child, redrive)
        if self._spec.child_type is ExecutionType.STANDARD:
            return execution_of(self._machine, name)
        return express_execution_of(self._machine, name, str(uuid.uuid5(uuid.NAMESPACE_OID, name)))

    def _name(self, child: Child, redrive: int) -> str:
        """Name a child by its place, so that it is not started twice."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._record.arn}/{child.index}/{redrive}"))

    async def _start(self, child: Child, redrive: int = 0) -> ExecutionRecord:
        launch = ChildLaunch(
            arn=self._arn(child, redrive),
            name=self._name(child, redrive),
            parent=self._parent,
            start_at=self._spec.start_at,
            type=self._spec.child_type,
            input=child.input,
            map_run=self._record.arn,
            index=child.index,
            items=child.items,
        )
        while True:
            reach("mapruns.before-child")
            try:
                return await self._host.start_child(launch)
            except StoreError as error:
                _log.error("child %s waits for its commit: %s", launch.arn, error)
                await asyncio.sleep(RETRY_DELAY)

    async def _redrive(self, child: Child, known: ExecutionRecord) -> ExecutionRecord:
        """Have a child that failed go on; an Express one starts again as another execution."""
        if known.type is ExecutionType.STANDARD:
            return await self._host.redrive(known.arn)
        return await self._start(child, self._record.redrives)

    def _result(self, record: ExecutionRecord) -> ChildResult:
        assert record.index is not None
        return ChildResult(
            index=record.index,
            items=record.items or 1,
            arn=record.arn,
            name=record.name,
            machine=self._machine,
            status=record.status,
            started=record.started,
            input=record.input,
            stopped=record.stopped,
            output=record.output,
            error=record.error,
            cause=record.cause,
            redrives=record.redrives,
        )


def _new_record(arn: MapRunArn, parent: ExecutionRecord, spec: MapRunSpec, now: float) -> MapRunRecord:
    return MapRunRecord(
        arn=arn,
        execution=parent.arn,
        machine=parent.machine,
        status=Status.RUNNING,
        started=now,
        concurrency=spec.concurrency,
        tolerated_percentage=spec.tolerated_percentage,
        tolerated_count=spec.tolerated_count,
        counts=None,
    )
