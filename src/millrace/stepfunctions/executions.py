"""Executions: those that run live here, on one event loop, and nothing of them is seen before it is committed.

A message changes an execution in memory at once. What changed is committed together with whatever else changed
meanwhile (group commit); only then are tasks started, callers answered and log events delivered.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from millrace.engine.clock import Clock
from millrace.engine.context import ExecutionInfo
from millrace.engine.definition import StateMachine
from millrace.engine.errors import TaskTokenError
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.messages import (
    Started,
    StartTask,
    Status,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSucceeded,
)
from millrace.engine.parsing import load
from millrace.engine.payload import Payload
from millrace.engine.tasks import TaskHandler
from millrace.stepfunctions.activities import Activities, ActivityTask
from millrace.stepfunctions.faults import reach
from millrace.stepfunctions.live import Live
from millrace.stepfunctions.logs import LogDelivery, is_logged
from millrace.stepfunctions.records import (
    ActivityArn,
    AliasArn,
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    MachineArn,
    MachineRecord,
    Revision,
    RevisionId,
    VersionArn,
)
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Change, Store

__all__ = ["ActivityTask", "Executions", "Launch"]

_log: Final = logging.getLogger(__name__)
# How many loaded definitions are kept.
MACHINE_LIMIT: Final = 1_000
# Seconds until a commit that failed is tried again.
RETRY_DELAY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Launch:
    """What is needed to start an execution.

    Attributes:
        arn: The execution's; of an Express one with the number that makes it unique.
        revision: What runs: the machine's current one, or that of the version or alias that was named.
    """

    arn: ExecutionArn
    name: str
    machine: MachineRecord
    revision: Revision
    input: Payload
    version: VersionArn | None = None
    alias: AliasArn | None = None
    trace_header: str | None = None


class Executions:
    """The executions that run, and the way to all others.

    Args:
        store: Keeps them.
        tasks: Does the tasks of states.
        clock: Gives the time.
        logs: Gets their events; None when nobody reads them.
    """

    def __init__(
        self, store: Store, tasks: TaskHandler, *, clock: Clock = time.time, logs: LogDelivery | None = None
    ) -> None:
        self.store = store
        self.tasks = tasks
        self._clock = clock
        self._logs = logs
        self._live: dict[ExecutionArn, Live] = {}
        self._tokens: dict[str, Live] = {}
        self._waiting: dict[ExecutionArn, asyncio.Future[ExecutionRecord]] = {}
        self._machines: OrderedDict[tuple[MachineArn, RevisionId], StateMachine] = OrderedDict()
        self._activities = Activities()
        self._changed: dict[ExecutionArn, Live] = {}
        self._group: asyncio.Future[None] | None = None
        self._in_flight: asyncio.Future[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._closing = False

    def now(self) -> float:
        """Give seconds since the epoch."""
        return self._clock()

    # ---- opening and closing

    async def open(self) -> None:
        """Go on with the executions that the store says are running."""
        for count, (record, snapshot) in enumerate(self.store.running(), start=1):
            self._recover(record, snapshot)
            if count % 100 == 0:
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Stop what runs here, and commit what has happened; what runs goes on when the store is opened again."""
        self._closing = True
        for live in self._live.values():
            live.drop()
        self._activities.close()
        while self._committing is not None:
            await asyncio.wait([self._committing])

    def _recover(self, record: ExecutionRecord, snapshot: bytes) -> None:
        revision = self.store.revision(record.machine, record.revision)
        assert revision is not None, f"execution {record.arn} runs a revision that the store does not have"
        interpreter = Interpreter(
            self._loaded(record.machine, revision), info_of(record, revision), state=orjson.loads(snapshot)
        )
        live = Live(self, record, interpreter, revision, begun=True)
        self._live[record.arn] = live
        live.go_on()

    # ---- what the API asks for

    def execution(self, arn: ExecutionArn) -> ExecutionRecord | None:
        """Describe an execution, as of its last commit; one that is about to be committed for the first time counts."""
        live = self._live.get(arn)
        return self.store.execution(arn) if live is None else live.described

    async def start(self, launch: Launch) -> ExecutionRecord:
        """Start an execution; it is durable when this returns.

        Raises:
            StoreError: It could not be committed; there is no execution.
        """
        live = self._begin(launch, self.store.next_execution_key())
        self._live[launch.arn] = live
        live.handle(Started(launch.input))
        await self.durable()
        return live.described

    async def run(self, launch: Launch) -> ExecutionRecord:
        """Run an Express execution to its end, in memory only."""
        live = self._begin(launch, ExecutionKey(0), durable=False)
        self._live[launch.arn] = live
        live.handle(Started(launch.input))
        return await self.ended(launch.arn)

    async def stop(self, arn: ExecutionArn, error: str | None, cause: str | None) -> ExecutionRecord:
        """End an execution from outside; one that has ended is left as it is."""
        live = self._live.get(arn)
        if live is not None:
            live.handle(Stopped(error, cause))
            await self.durable()
        record = self.execution(arn)
        assert record is not None
        return record

    async def ended(self, arn: ExecutionArn) -> ExecutionRecord:
        """Wait for an execution's end."""
        if arn in self._live:
            future = self._waiting.get(arn)
            if future is None:
                future = self._waiting[arn] = asyncio.get_running_loop().create_future()
            return await asyncio.shield(future)
        record = self.store.execution(arn)
        assert record is not None
        return record

    async def send(self, message: TaskSucceeded | TaskFailed | TaskHeartbeat) -> None:
        """Hand an outcome or a heartbeat to the task that holds the token.

        Raises:
            TaskTokenError: No running task holds it.
        """
        live = self._tokens.get(message.token)
        if live is None or not live.interpreter.holds(message.token):
            self._tokens.pop(message.token, None)
            raise TaskTokenError(f"expected the token of a task that is running, found {message.token!r}")
        live.handle(message)
        await self.durable()

    async def activity_task(self, activity: ActivityArn, worker: str | None, wait: float) -> ActivityTask | None:
        """Take a task of an activity, waiting at most `wait` seconds for one."""
        task = await self._activities.take(activity, worker, wait)
        if task is not None:
            await self.durable()
        return task

    async def durable(self) -> None:
        """Wait until everything that has happened until now is committed."""
        if self._changed and self._group is None:
            self._group = asyncio.get_running_loop().create_future()
        future = self._group or self._in_flight
        if future is not None:
            await asyncio.shield(future)

    # ---- what live executions ask for

    def changed(self, live: Live) -> None:
        """Commit what the execution has pending, soon."""
        if not live.durable:
            live.changes()
            live.committed()
            return
        self._changed[live.described.arn] = live
        if self._committing is None:
            self._committing = asyncio.get_running_loop().create_task(self._commit())

    def offer(self, live: Live, task: StartTask) -> None:
        """Give an activity task to a worker."""
        self._activities.offer(live, task)

    def hold(self, live: Live, token: str) -> None:
        """Lead messages for a token to the execution."""
        self._tokens[token] = live

    def release(self, token: str) -> None:
        """Forget a token."""
        self._tokens.pop(token, None)

    def logs(self, live: Live) -> bool:
        """Tell whether somebody reads the execution's logs."""
        return self._logs is not None and is_logged(live.revision)

    def over(self, live: Live, events: Sequence[HistoryEvent]) -> None:
        """Take note of events that were committed; the execution may have ended with them."""
        record = live.described
        if events and self._logs is not None and self.logs(live):
            self._logs.deliver(record, live.revision, events)
        if record.status is Status.RUNNING:
            return
        live.drop()
        self._live.pop(record.arn, None)
        waiting = self._waiting.pop(record.arn, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(record)

    # ---- committing

    async def _commit(self) -> None:
        """Commit what changed, group after group, until nothing is left."""
        while self._changed:
            # Whatever the loop has ready now joins this group.
            await asyncio.sleep(0)
            group, self._changed = list(self._changed.values()), {}
            future, self._group = self._group or asyncio.get_running_loop().create_future(), None
            self._in_flight = future
            changes: list[Change] = []
            for live in group:
                changes += live.changes()
            reach("executions.before-commit")
            try:
                await self.store.commit(changes)
            except StoreError as error:
                await self._not_committed(group, future, error)
                continue
            reach("executions.after-commit")
            for live in group:
                live.committed()
            future.set_result(None)
        self._committing = self._in_flight = None

    async def _not_committed(self, group: Sequence[Live], future: "asyncio.Future[None]", error: StoreError) -> None:
        """Drop executions that have not begun for the world; hold the others until the store works again."""
        _log.error("%d executions wait for their commit: %s", len(group), error)
        for live in group:
            live.not_committed()
            if live.begun:
                self._changed.setdefault(live.described.arn, live)
            else:
                live.drop()
                self._live.pop(live.described.arn, None)
        future.set_exception(error)
        future.exception()
        if not self._closing:
            await asyncio.sleep(RETRY_DELAY)

    # ---- beginning

    def _begin(self, launch: Launch, key: ExecutionKey, *, durable: bool = True) -> Live:
        record = ExecutionRecord(
            key=key,
            arn=launch.arn,
            name=launch.name,
            machine=launch.machine.arn,
            revision=launch.revision.id,
            type=launch.machine.type,
            status=Status.RUNNING,
            started=self._clock(),
            input=launch.input.text,
            version=launch.version,
            alias=launch.alias,
            trace_header=launch.trace_header,
        )
        machine = self._loaded(launch.machine.arn, launch.revision)
        interpreter = Interpreter(machine, info_of(record, launch.revision))
        return Live(self, record, interpreter, launch.revision, durable=durable)

    def _loaded(self, machine: MachineArn, revision: Revision) -> StateMachine:
        key = (machine, revision.id)
        loaded = self._machines.get(key)
        if loaded is None:
            loaded = self._machines[key] = load(revision.definition)
            if len(self._machines) > MACHINE_LIMIT:
                self._machines.popitem(last=False)
        else:
            self._machines.move_to_end(key)
        return loaded


def info_of(record: ExecutionRecord, revision: Revision) -> ExecutionInfo:
    """Tell an interpreter who its execution is."""
    _, _, _, region, account, *_ = record.arn.split(":")
    return ExecutionInfo(
        name=record.name,
        machine=record.machine.rsplit(":", 1)[-1],
        type=record.type,
        region=region,
        account=account,
        role=revision.role,
        redrives=record.redrives,
    )
