"""Executions: those that run live here, on one event loop, and nothing of them is seen before it is committed.

A message changes an execution in memory at once. What changed is committed together with whatever else changed
meanwhile (group commit); only then are tasks started, callers answered and log events delivered.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson

from millrace.engine.clock import Clock
from millrace.engine.errors import TaskTokenError
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.item_source import ObjectStore
from millrace.engine.messages import (
    Redriven,
    Started,
    StartMapRun,
    StartTask,
    Status,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskStarted,
    TaskSucceeded,
)
from millrace.engine.payload import Payload
from millrace.engine.tasks import TaskHandler
from millrace.model.ids import StateName
from millrace.stepfunctions.activities import Activities
from millrace.stepfunctions.commit_queue import CommitQueue
from millrace.stepfunctions.launch import Launch, Machines, info_of
from millrace.stepfunctions.live import Live
from millrace.stepfunctions.logs import LogDelivery, is_logged
from millrace.stepfunctions.map_runs import ChildLaunch, MapRuns
from millrace.stepfunctions.records import (
    ActivityArn,
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    MapRunArn,
    MapRunRecord,
    Revision,
)
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Store

__all__ = ["ActivityTask", "Executions", "Launch"]

_log: Final = logging.getLogger(__name__)
# Executions that are read at the start before others get their turn.
RECOVERY_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class ActivityTask:
    """A task that a worker got."""

    token: str
    input: str


class Executions:
    """The executions that run, and the way to all others.

    Args:
        store: Keeps them.
        tasks: Does the tasks of states.
        clock: Gives the time.
        logs: Gets their events; None when nobody reads them.
        objects: Where distributed Maps find items in buckets; None where there are none.
    """

    def __init__(
        self,
        store: Store,
        tasks: TaskHandler,
        *,
        clock: Clock = time.time,
        logs: LogDelivery | None = None,
        objects: ObjectStore | None = None,
    ) -> None:
        self.store = store
        self.tasks = tasks
        self.closing = False
        self._clock = clock
        self._logs = logs
        self._live: dict[ExecutionArn, Live] = {}
        self._tokens: dict[str, Live] = {}
        self._waiting: dict[ExecutionArn, asyncio.Future[ExecutionRecord]] = {}
        self._machines = Machines()
        self._activities = Activities()
        self._map_runs = MapRuns(self, objects)
        self._commits = CommitQueue(store, self._forget)

    def now(self) -> float:
        """Give seconds since the epoch."""
        return self._clock()

    # ---- opening and closing

    async def open(self) -> None:
        """Go on with the executions that the store says are running.

        Raises:
            StoreError: They cannot be read.
        """
        newest = self.store.next_execution_key()
        for count, (record, snapshot) in enumerate(self.store.running(), start=1):
            # What has been taken up starts and redrives others meanwhile.
            if record.key > newest:
                break
            if record.arn not in self._live:
                self._recover(record, snapshot)
            if count % RECOVERY_BATCH == 0:
                await asyncio.sleep(0)
        self._map_runs.open()

    async def close(self) -> None:
        """Stop what runs here, and commit what has happened; what runs goes on when the store is opened again."""
        self.closing = True
        self.send_workers_away()
        await self._map_runs.close()
        running = [*self._live.values()]
        for live in running:
            live.drop()
        await self._commits.close()
        for live in running:
            await live.dropped()
        for waiting in self._waiting.values():
            waiting.cancel()

    def counts(self) -> dict[str, int]:
        """Count what is in memory."""
        return {
            "executions": len(self._live),
            "tokens": len(self._tokens),
            "activityTasks": self._activities.count,
        }

    def send_workers_away(self) -> None:
        """Give those who wait for a task of an activity none, now and from now on."""
        self._activities.close()

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
        live = self._begin(_record(launch, self.store.next_execution_key(), self._clock()), launch.revision)
        return await self._started(live, launch.input)

    async def run(self, launch: Launch) -> ExecutionRecord:
        """Run an Express execution to its end, in memory only."""
        record = _record(launch, self.store.next_execution_key(), self._clock())
        live = self._begin(record, launch.revision, durable=False)
        end = self._end_of(launch.arn)
        live.handle(Started(launch.input))
        return await end

    async def start_child(self, launch: ChildLaunch) -> ExecutionRecord:
        """Start a child of a Map Run; it is durable when this returns, and may have ended already.

        Raises:
            StoreError: It could not be committed; there is no child.
        """
        parent = launch.parent
        record = ExecutionRecord(
            key=self.store.next_execution_key(),
            arn=launch.arn,
            name=launch.name,
            machine=parent.machine,
            revision=parent.revision,
            type=launch.type,
            status=Status.RUNNING,
            started=self._clock(),
            input=launch.input.text,
            version=parent.version,
            alias=parent.alias,
            map_run=launch.map_run,
            index=launch.index,
            items=launch.items,
        )
        live = self._begin(record, self._revision(record), launch.start_at)
        return await self._started(live, launch.input)

    async def redrive(self, arn: ExecutionArn) -> ExecutionRecord:
        """Go on with an execution that did not succeed, from the states that did not.

        Raises:
            StoreError: It could not be committed yet; the redrive happens as soon as it can be.
        """
        record = self.store.execution(arn)
        assert record is not None
        snapshot = self.store.snapshot(record.key)
        assert snapshot is not None, f"execution {arn} has nothing that a redrive could go on with"
        live = self._take_up(
            replace(
                record,
                status=Status.RUNNING,
                stopped=None,
                output=None,
                error=None,
                cause=None,
                redrives=record.redrives + 1,
                redriven=self._clock(),
            ),
            snapshot,
        )
        live.handle(Redriven())
        await self._committed(live)
        return live.described

    async def stop(self, arn: ExecutionArn, error: str | None, cause: str | None) -> ExecutionRecord:
        """End an execution from outside; one that has ended is left as it is.

        Raises:
            StoreError: It could not be committed yet; the execution ends as soon as it can be.
        """
        live = self._live.get(arn)
        if live is not None:
            live.handle(Stopped(error, cause))
            await self._committed(live)
        record = self.execution(arn)
        assert record is not None
        return record

    async def ended(self, arn: ExecutionArn) -> ExecutionRecord:
        """Wait for an execution's end."""
        if arn in self._live:
            return await self._end_of(arn)
        record = self.store.execution(arn)
        assert record is not None
        return record

    async def send(self, message: TaskSucceeded | TaskFailed | TaskHeartbeat) -> None:
        """Hand an outcome or a heartbeat to the task that holds the token.

        Raises:
            TaskTokenError: No running task holds it.
            StoreError: It could not be committed yet; it counts all the same.
        """
        live = self._tokens.get(message.token)
        if live is None or not live.interpreter.holds(message.token):
            self.release(message.token)
            raise TaskTokenError(f"expected the token of a task that is running, found {message.token!r}")
        live.handle(message)
        if not live.interpreter.holds(message.token):
            self.release(message.token)
        await self._committed(live)

    async def activity_task(self, activity: ActivityArn, worker: str | None, wait: float) -> ActivityTask | None:
        """Take a task of an activity, waiting at most `wait` seconds for one.

        Raises:
            StoreError: It could not be committed; another worker gets the task.
        """
        offer = await self._activities.take(activity, wait)
        if offer is None:
            return None
        token = offer.task.token
        offer.live.handle(TaskStarted(token, worker))
        try:
            await self._committed(offer.live)
        except (StoreError, asyncio.CancelledError):
            if offer.live.interpreter.holds(token):
                self._activities.offer_again(offer)
            raise
        return ActivityTask(token, offer.task.parameters.text)

    async def update_map_run(
        self,
        arn: MapRunArn,
        *,
        concurrency: int | None,
        tolerated_percentage: float | None,
        tolerated_count: int | None,
    ) -> None:
        """Change the limits of a Map Run that runs."""
        await self._map_runs.update(
            arn,
            concurrency=concurrency,
            tolerated_percentage=tolerated_percentage,
            tolerated_count=tolerated_count,
        )

    def map_run(self, arn: MapRunArn) -> MapRunRecord | None:
        """Describe a Map Run, with what is counted by now."""
        return self._map_runs.record(arn)

    async def durable(self) -> None:
        """Wait until everything that has happened until now is committed.

        Raises:
            StoreError: It could not be.
        """
        await self._commits.durable()

    # ---- what live executions ask for

    def changed(self, live: Live) -> None:
        """Commit what the execution has pending, soon."""
        if live.durable:
            self._commits.add(live)
        else:
            live.changes()
            live.committed()

    def start_map_run(self, live: Live, effect: StartMapRun) -> None:
        """Start a Map Run, or go on with one."""
        self._map_runs.start(
            live.described,
            effect,
            lambda item: live.interpreter.select_item(effect.token, item, self.now()),
            live.handle,
        )

    def stop_map_run(self, token: str) -> None:
        """Stop a Map Run, with its children."""
        self._map_runs.stop(MapRunArn(token))

    def offer(self, live: Live, task: StartTask) -> None:
        """Give an activity task to a worker."""
        self._activities.offer(live, task)

    def hold(self, live: Live, token: str) -> None:
        """Lead messages for a token to the execution."""
        self._tokens[token] = live

    def release(self, token: str) -> None:
        """Forget a token."""
        self._tokens.pop(token, None)
        self._activities.withdraw(token)

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
        self._forget(live)
        waiting = self._waiting.pop(record.arn, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(record)

    # ---- executions in memory

    def _begin(
        self, record: ExecutionRecord, revision: Revision, start_at: StateName | None = None, *, durable: bool = True
    ) -> Live:
        machine = self._machines.load(record.machine, revision, start_at)
        interpreter = Interpreter(machine, info_of(record, revision), activity_exists=self._activity_exists)
        live = Live(self, record, interpreter, revision, durable=durable)
        self._live[record.arn] = live
        return live

    async def _started(self, live: Live, given: Payload) -> ExecutionRecord:
        """Have an execution begin, and wait until that is durable."""
        try:
            live.handle(Started(given))
            await self._committed(live)
        except Exception:
            if not live.begun:
                self._forget(live)
            raise
        if not live.begun:
            raise RuntimeError(f"execution {live.described.arn} cannot be written; the log has the reason")
        return live.described

    async def _committed(self, live: Live) -> None:
        """Wait until what an execution has pending is committed.

        Raises:
            StoreError: It could not be; the others' commits do not count.
        """
        try:
            await self.durable()
        except StoreError:
            if live.pending:
                raise

    def _recover(self, record: ExecutionRecord, snapshot: bytes) -> None:
        try:
            self._take_up(record, snapshot).go_on()
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a fault in one execution must not keep all the others from going on
            _log.exception("execution %s cannot be taken up, and is left as it was committed last", record.arn)

    def _take_up(self, record: ExecutionRecord, snapshot: bytes) -> Live:
        revision = self._revision(record)
        machine = self._machines.load(record.machine, revision)
        if record.map_run is not None:
            machine = replace(machine, timeout=None)
        interpreter = Interpreter(
            machine,
            info_of(record, revision),
            state=orjson.loads(snapshot),
            activity_exists=self._activity_exists,
        )
        live = self._live[record.arn] = Live(self, record, interpreter, revision, begun=True)
        return live

    def _activity_exists(self, arn: str) -> bool:
        return self.store.activity(ActivityArn(arn)) is not None

    def _revision(self, record: ExecutionRecord) -> Revision:
        revision = self.store.revision(record.machine, record.revision)
        assert revision is not None, f"execution {record.arn} runs a revision that the store does not have"
        return revision

    def _end_of(self, arn: ExecutionArn) -> "asyncio.Future[ExecutionRecord]":
        future = self._waiting.get(arn)
        if future is None:
            future = self._waiting[arn] = asyncio.get_running_loop().create_future()
        return asyncio.shield(future)

    def _forget(self, live: Live) -> None:
        arn = live.described.arn
        if self._live.get(arn) is live:
            del self._live[arn]


def _record(launch: Launch, key: ExecutionKey, now: float) -> ExecutionRecord:
    return ExecutionRecord(
        key=key,
        arn=launch.arn,
        name=launch.name,
        machine=launch.machine.arn,
        revision=launch.revision.id,
        type=launch.machine.type,
        status=Status.RUNNING,
        started=now,
        input=launch.input.text,
        version=launch.version,
        alias=launch.alias,
        trace_header=launch.trace_header,
    )
