"""Map Runs that survive a restart: their children are executions of the store, and so are their results.

A run that goes on reads its items again from their source. An index that has a child is not started again: a child that
ended counts as it ended, one that runs goes on by itself and is waited for.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from millrace.engine.item_source import ObjectStore
from millrace.engine.map_run import MapRun, Select
from millrace.engine.map_run_spec import MapRunSpec
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, StartMapRun, Status
from millrace.stepfunctions.map_run_children import ChildHost, ChildLaunch, StoredChildren
from millrace.stepfunctions.records import ExecutionRecord, MapRunArn, MapRunRecord
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import ExecutionFilter, PageRequest

__all__ = ["ChildHost", "ChildLaunch", "MapRuns"]

Done: TypeAlias = Callable[[MapRunSucceeded | MapRunFailed], None]

_log: Final = logging.getLogger(__name__)
# Seconds between two writes of a run's counts, and until a write that failed is tried again.
COUNTS_INTERVAL: Final = 0.3
RETRY_DELAY: Final = 1.0
# Children that are stopped between two looks at the store.
PAGE: Final = 100


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
        previous = self._tasks.get(arn)
        task = self._tasks[arn] = asyncio.create_task(self._run_after(previous, arn, parent, effect, select, done))
        task.add_done_callback(lambda ended: self._ended(arn, ended))

    def open(self) -> None:
        """Abort the runs whose executions ended while the process died: nobody has told them."""
        for record in self.host.store.orphaned_map_runs():
            self.in_background(self._abort(record))

    async def _abort(self, record: MapRunRecord) -> None:
        store, running = self.host.store, ExecutionFilter(map_run=record.arn, status=Status.RUNNING)
        # A child that was stopped is on no page any more.
        while children := store.executions(running, PageRequest(PAGE)).records:
            for child in children:
                await self.host.stop(child.arn, None, None)
        await store.commit(store.put_map_run(replace(record, status=Status.ABORTED, stopped=self.host.now())))

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

    async def _run_after(
        self,
        previous: "asyncio.Task[None] | None",
        arn: MapRunArn,
        parent: ExecutionRecord,
        effect: StartMapRun,
        select: Select,
        done: Done,
    ) -> None:
        """Run it once the run that it redrives has written its end."""
        if previous is not None:
            await asyncio.wait([previous])
        await self._run(arn, parent, effect, select, done)

    def _ended(self, arn: MapRunArn, task: "asyncio.Task[None]") -> None:
        if self._tasks.get(arn) is task:
            del self._tasks[arn]

    async def _run(
        self, arn: MapRunArn, parent: ExecutionRecord, effect: StartMapRun, select: Select, done: Done
    ) -> None:
        record, fresh = self._begun(arn, parent, effect.spec)
        children = StoredChildren(self, parent, effect.spec, record, fresh=fresh)
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
