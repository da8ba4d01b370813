"""Map Runs in this process: their children are driven beside their parent, and nothing keeps them."""

import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

from millrace.engine.clock import SkippingClock
from millrace.engine.context import ExecutionInfo, MapItem
from millrace.engine.definition import StateMachine
from millrace.engine.drive import Drive
from millrace.engine.errors import Failure
from millrace.engine.interpreter import Interpreter
from millrace.engine.item_source import ObjectStore
from millrace.engine.map_run import MapRun
from millrace.engine.map_run_children import Child, ChildResult
from millrace.engine.map_run_spec import MapRunSpec, labelled
from millrace.engine.map_run_spool import ResultSpool
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, Started, StartMapRun, Status
from millrace.engine.payload import Payload


class LocalMapRuns:
    """Runs the Map Runs of executions that are driven in this process.

    Args:
        source: The children's randomness.
        objects: Where items are read and results written.
        drives: Where children are while they run, to be found by their task tokens.
    """

    def __init__(self, source: random.Random, objects: ObjectStore | None, drives: set[Drive]) -> None:
        self._source = source
        self._objects = objects
        self._drives = drives

    async def __call__(self, parent: Drive, effect: StartMapRun) -> MapRunSucceeded | MapRunFailed:
        """Run one to its end; a cancelled call aborts its children."""

        def select(item: MapItem) -> Payload | Failure:
            return parent.interpreter.select_item(effect.token, item, parent.clock())

        children = _DrivenChildren(self, parent, effect.spec)
        try:
            return await MapRun(effect, select, children, self._objects).run()
        finally:
            children.spool.close()

    async def drive(self, parent: Drive, machine: StateMachine, info: ExecutionInfo, child: Child) -> ChildResult:
        """Run a child to its end."""
        clock = SkippingClock(parent.clock) if isinstance(parent.clock, SkippingClock) else parent.clock
        drive = Drive(Interpreter(machine, info, source=self._source), parent.tasks, clock, self)
        started = clock()
        self._drives.add(drive)
        try:
            end = await drive.run(Started(child.input))
        finally:
            self._drives.discard(drive)
        failure = end.failure or Failure(None, None)
        return ChildResult(
            index=child.index,
            items=child.items,
            arn=info.id,
            name=info.name,
            machine=info.machine_arn,
            status=end.status,
            started=started,
            input=child.input.text,
            stopped=clock(),
            output=None if end.output is None else end.output.text,
            error=failure.error,
            cause=failure.cause,
        )


class _DrivenChildren:
    """The children of one Map Run."""

    def __init__(self, host: LocalMapRuns, parent: Drive, spec: MapRunSpec) -> None:
        self.spool = ResultSpool()
        self._host = host
        self._parent = parent
        self._machine = child_machine(parent.interpreter.machine, spec)
        self._info = child_info(parent.interpreter.info, spec)

    async def run(self, child: Child) -> Status:
        result = await self._host.drive(self._parent, self._machine, replace(self._info, name=str(uuid.uuid4())), child)
        self.spool.add(result)
        return result.status

    def results(self) -> AsyncIterator[ChildResult]:
        return self.spool.results()


def child_machine(machine: StateMachine, spec: MapRunSpec) -> StateMachine:
    """Give what a Map Run's children run: the processor, as a machine of its own."""
    return StateMachine(start_at=spec.start_at, states=machine.states)


def child_info(parent: ExecutionInfo, spec: MapRunSpec) -> ExecutionInfo:
    """Give who a Map Run's children are, but for the name."""
    machine = labelled(parent.machine, spec.label)
    return replace(parent, name="", machine=machine, type=spec.child_type, redrives=0, arn="")
