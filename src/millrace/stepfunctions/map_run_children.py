"""The children of Map Runs as executions of the store.

A child's ARN follows from its place in the run, so that it is not started twice.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from millrace.engine.definition import ExecutionType
from millrace.engine.map_run_children import Child, ChildResult
from millrace.engine.map_run_spec import MapRunSpec
from millrace.engine.messages import Status
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.stepfunctions.arns import execution_of, express_execution_of
from millrace.stepfunctions.faults import reach
from millrace.stepfunctions.records import ExecutionArn, ExecutionRecord, MachineArn, MapRunArn, MapRunRecord
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Store

_log: Final = logging.getLogger(__name__)
# Seconds until a start that the store refused is tried again.
RETRY_DELAY: Final = 1.0
# Until a child is asked for again that runs, but has not been taken up yet after a restart.
TAKE_UP_DELAY: Final = 0.05
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

    def execution(self, arn: ExecutionArn, /) -> ExecutionRecord | None:
        """Describe an execution."""
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


class Keeper(Protocol):
    """Runs the Map Run that children belong to.

    Attributes:
        closing: The process ends; what is cancelled goes on later.
    """

    host: ChildHost
    closing: bool

    def in_background(self, work: Coroutine[Any, Any, object], /) -> None:
        """Do something that nobody waits for."""
        ...


class StoredChildren:
    """The children of one Map Run.

    Args:
        keeper: Runs their Map Run.
        parent: Their run's execution.
        spec: The run.
        record: Its record when it began, or went on.
        fresh: It has no children yet.
    """

    def __init__(
        self, keeper: Keeper, parent: ExecutionRecord, spec: MapRunSpec, record: MapRunRecord, *, fresh: bool
    ) -> None:
        self._keeper = keeper
        self._host = keeper.host
        self._parent = parent
        self._spec = spec
        self._record = record
        self._known: dict[int, ExecutionRecord] = {}
        self._read = 0
        self._more = not fresh
        self._machine = MachineArn(f"{parent.machine}/{spec.label}")

    async def run(self, child: Child) -> Status:
        """Run a child to its end; one that was started before is waited for. A cancelled call aborts it."""
        known = self._find(child.index)
        arn = self._arn(child) if known is None else known.arn
        try:
            if known is None:
                record = await self._start(child)
            elif self._is_to_redrive(known):
                record = await self._redrive(child, known)
            else:
                record = known
            while record.status is Status.RUNNING:
                record = await self._host.ended(record.arn)
                if record.status is Status.RUNNING:
                    await asyncio.sleep(TAKE_UP_DELAY)
        except asyncio.CancelledError:
            if not self._keeper.closing:
                self._keeper.in_background(self._abort(arn))
            raise
        reach("mapruns.after-child")
        return record.status

    async def _abort(self, arn: ExecutionArn) -> None:
        """End a child, if it was started."""
        if self._host.execution(arn) is None:
            return
        while (await self._host.stop(arn, None, None)).status is Status.RUNNING:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(TAKE_UP_DELAY)

    async def results(self) -> AsyncIterator[ChildResult]:
        """Give the children that were started, by index."""
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
