"""A Map Run: starts a child for each item or batch, counts what becomes of them, and ends with their results.

Items are read as children start, and results are read back when all have ended: neither is held here, so memory is
bounded by the number of children that run at once.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final, TypeAlias, TypeVar, cast

from millrace.engine.context import MapItem
from millrace.engine.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, TASK_FAILED, Failure
from millrace.engine.item_reader import read_items
from millrace.engine.item_source import ItemReaderError, ObjectStore
from millrace.engine.map_run_batches import batched, single
from millrace.engine.map_run_children import Child, Children, ChildResult
from millrace.engine.map_run_counts import Counts
from millrace.engine.map_run_errors import ITEM_READER_FAILED, RESULT_WRITER_FAILED, MapRunError
from millrace.engine.map_run_results import ResultObjects, collect
from millrace.engine.map_run_spec import CONCURRENCY_LIMIT, DEFAULT_CONCURRENCY, MapRunSpec
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, StartMapRun, Status
from millrace.engine.payload import Payload
from millrace.model.json import Json

# Gives the input of an item's child: the item, or what ItemSelector makes of it.
Select: TypeAlias = Callable[[MapItem], Payload | Failure]

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)
_THRESHOLD_CAUSE: Final = "The specified tolerated failure threshold was exceeded"
_NO_STORE: Final = "expected an object store to be configured: a Map with ItemReader or ResultWriter needs Amazon S3"
# Children that start before the event loop's other work gets its turn.
_TURN: Final = 50


class MapRun:
    """One Map Run, to be run once.

    Args:
        effect: What the interpreter asked for.
        select: Makes the inputs.
        children: Runs the children.
        store: Holds items and results that are in buckets; None where there is none.
        changed: Told that the counts changed.

    Attributes:
        concurrency: MaxConcurrency; may be changed by `update` while the run goes on, as the tolerance may.
    """

    def __init__(
        self,
        effect: StartMapRun,
        select: Select,
        children: Children,
        store: ObjectStore | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.spec: MapRunSpec = effect.spec
        self.counts = Counts()
        self.concurrency = effect.spec.concurrency
        self.tolerated_count = effect.spec.tolerated_count
        self.tolerated_percentage = effect.spec.tolerated_percentage
        self._state = effect.state
        self._select = select
        self._children = children
        self._store = store
        self._changed = changed
        self._read_all = False
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._failure: MapRunError | None = None

    def update(
        self,
        concurrency: int | None = None,
        tolerated_percentage: float | None = None,
        tolerated_count: int | None = None,
    ) -> None:
        """Change the run while it goes on; None leaves a value as it is."""
        if concurrency is not None:
            self.concurrency = concurrency
        if tolerated_percentage is not None:
            self.tolerated_percentage = tolerated_percentage
        if tolerated_count is not None:
            self.tolerated_count = tolerated_count
        self._check_tolerance()
        self._wake.set()

    async def run(self) -> MapRunSucceeded | MapRunFailed:
        """Run the children, and give how the run ended; a cancelled call aborts them."""
        try:
            await self._attempt(self._run_children())
        finally:
            await self._abort()
        output = await self._attempt(self._output())
        self._changed()
        if self._failure is not None:
            return MapRunFailed(self.spec.arn, self._failure.error, self._failure.cause)
        assert output is not None
        return MapRunSucceeded(self.spec.arn, output)

    async def _attempt(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Do a part of the run; what it raises fails the run, unless that has failed before."""
        try:
            return await work
        except MapRunError as error:
            self._failure = self._failure or error
        except Exception as error:  # noqa: BLE001 - the boundary to whoever runs children and keeps objects
            _log.exception("Map Run %s", self.spec.arn)
            self._failure = self._failure or MapRunError(TASK_FAILED, f"{type(error).__name__}: {error}")
        return None

    # ---- children

    async def _run_children(self) -> None:
        started = 0
        async with aclosing(cast("AsyncGenerator[Child, None]", self._children_to_run())) as children:
            async for child in children:
                await self._room()
                if self._failure is not None:
                    return
                self._start(child)
                started += 1
                if started % _TURN == 0:
                    await asyncio.sleep(0)
        self._read_all = True
        self._check_tolerance()
        while self._running and self._failure is None:
            await self._change()

    def _children_to_run(self) -> AsyncIterator[Child]:
        inputs = self._inputs()
        return single(inputs) if self.spec.batcher is None else batched(inputs, self.spec.batcher)

    async def _inputs(self) -> AsyncIterator[Payload]:
        """Give what each item's child gets, one after the other."""
        index = 0
        try:
            async for key, value in self._items():
                selected = self._select(MapItem(index, value, key))
                if isinstance(selected, Failure):
                    raise MapRunError(selected.error, selected.cause)
                index += 1
                self.counts.items.total = max(index, self.counts.items.total)
                yield selected
        except ItemReaderError as error:
            raise MapRunError(ITEM_READER_FAILED, str(error)) from error

    async def _items(self) -> AsyncIterator[tuple[str | None, Json]]:
        """Give the items, with their names where they have some."""
        spec = self.spec
        if spec.items is not None:
            given = spec.items.value
            assert isinstance(given, list | dict)
            self.counts.items.total = len(given)
            for named in given.items() if isinstance(given, dict) else ((None, item) for item in given):
                yield named
            return
        if self._store is None:
            raise ItemReaderError(_NO_STORE)
        assert spec.reader is not None
        async for item in read_items(spec.reader, self._store):
            yield None, item

    async def _room(self) -> None:
        while len(self._running) >= self._limit() and self._failure is None:
            await self._change()

    def _limit(self) -> int:
        return min(self.concurrency or DEFAULT_CONCURRENCY, CONCURRENCY_LIMIT)

    async def _change(self) -> None:
        self._wake.clear()
        await self._wake.wait()

    def _start(self, child: Child) -> None:
        self.counts.executions.total += 1
        self.counts.start(child.items)
        task = asyncio.create_task(self._run(child))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        self._changed()

    async def _run(self, child: Child) -> None:
        status: Status | None = None
        try:
            status = await self._attempt(self._children.run(child))
        finally:
            self.counts.end(status or Status.ABORTED, child.items)
            self._check_tolerance()
            self._changed()
            self._running.discard(asyncio.current_task())  # type: ignore[arg-type] # it runs, so it is there
            self._wake.set()

    async def _abort(self) -> None:
        """End the children that still run."""
        running = [*self._running]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _check_tolerance(self) -> None:
        """Fail the run when too many items failed; a percentage counts once all items are known."""
        failed = self.counts.items.unsuccessful
        count, percentage = self.tolerated_count, self.tolerated_percentage
        exceeded = failed > count if count or not percentage else False
        if percentage and failed and (self._read_all or self.spec.items is not None):
            exceeded = exceeded or failed * 100 / self.counts.items.total > percentage
        if exceeded and self._failure is None:
            self._failure = MapRunError(EXCEED_TOLERATED_FAILURE_THRESHOLD, _THRESHOLD_CAUSE)
            self._wake.set()

    # ---- results

    async def _output(self) -> Payload | None:
        """Give the output; a run that failed has none, but its results are exported all the same."""
        writer = self.spec.writer
        if writer is None or not writer.bucket:
            if self._failure is not None:
                return None
            return await collect(self._children.results(), self.spec, self._state)
        if self._store is None:
            raise MapRunError(RESULT_WRITER_FAILED, _NO_STORE)
        return await ResultObjects(self.spec, self._store, self._wrote).write(self._children.results())

    def _wrote(self, result: ChildResult) -> None:
        self.counts.items.results_written += result.items
        self.counts.executions.results_written += 1
