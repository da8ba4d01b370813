"""The asyncio driver: runs executions in this process, without keeping them."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from millrace.engine.clock import Clock, SkippingClock
from millrace.engine.context import ExecutionInfo
from millrace.engine.definition import ExecutionType, StateMachine
from millrace.engine.drive import Drive
from millrace.engine.errors import PayloadError, TaskTokenError
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.item_source import ObjectStore
from millrace.engine.map_run_local import LocalMapRuns
from millrace.engine.messages import Message, Started, Status, Stopped, TaskFailed, TaskHeartbeat, TaskSucceeded
from millrace.engine.parsing import load
from millrace.engine.payload import PAYLOAD_LIMIT, Payload
from millrace.engine.tasks import TaskHandler
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class Result:
    """How an execution ended.

    Attributes:
        output: The output of an execution that succeeded.
        error, cause: Of one that did not; None where none was given.
    """

    status: Status
    output: Json
    error: str | None
    cause: str | None
    history: tuple[HistoryEvent, ...]


class Execution:
    """An execution that was started; it goes on while the event loop runs."""

    def __init__(self, info: ExecutionInfo, drive: Drive, task: "asyncio.Task[Result]") -> None:
        self.info = info
        self._drive = drive
        self._task = task

    async def result(self) -> Result:
        """Wait for the end; when the wait is cancelled, so is the execution, with its tasks."""
        return await self._task

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        """End the execution with status ABORTED."""
        self._drive.send(Stopped(error, cause))


class Runner:
    """Runs state machines in this process.

    Args:
        fast: Waits and retries' delays take no time; the executions' clocks skip them. Timeouts of tasks stay real.
        source: Gives task tokens, jitter, $random and $uuid.
        objects: Where distributed Maps read items and write results; None where they may not.
    """

    def __init__(
        self, *, fast: bool = False, source: random.Random | None = None, objects: ObjectStore | None = None
    ) -> None:
        self._fast = fast
        self._source = source or random.SystemRandom()
        self._drives: set[Drive] = set()
        self._map_runs = LocalMapRuns(self._source, objects, self._drives)

    async def run(
        self,
        definition: StateMachine | Json,
        input: Json = None,  # noqa: A002 - StartExecution's name for it
        *,
        tasks: TaskHandler,
        name: str = "",
        machine: str = "workflow",
        kind: ExecutionType = ExecutionType.STANDARD,
        clock: Clock = time.time,
        on_event: Callable[[HistoryEvent], None] | None = None,
    ) -> Result:
        """Run a state machine to its end.

        Args:
            definition: A loaded state machine, or a definition.
            input: The execution's input.
            tasks: Does the tasks.
            name: The execution's name; a random one when empty.
            machine: The state machine's name, for the context object and ARNs.
            kind: A Standard execution's history is limited.
            clock: Gives the time.
            on_event: Sees each event as it happens.

        Raises:
            DefinitionError: The definition has faults.
            PayloadError: The input is not JSON, or larger than 256 KiB.
        """
        execution = self.start(
            definition, input, tasks=tasks, name=name, machine=machine, kind=kind, clock=clock, on_event=on_event
        )
        return await execution.result()

    def start(
        self,
        definition: StateMachine | Json,
        input: Json = None,  # noqa: A002 - as `run`
        *,
        tasks: TaskHandler,
        name: str = "",
        machine: str = "workflow",
        kind: ExecutionType = ExecutionType.STANDARD,
        clock: Clock = time.time,
        on_event: Callable[[HistoryEvent], None] | None = None,
    ) -> Execution:
        """Start a state machine; as `run`, without waiting for the end."""
        loaded = definition if isinstance(definition, StateMachine) else load(definition)
        payload = Payload.foreign(input)
        if payload.size > PAYLOAD_LIMIT:
            raise PayloadError(f"expected an input of at most {PAYLOAD_LIMIT} bytes, found {payload.size}")
        info = ExecutionInfo(name or str(uuid.uuid4()), machine, kind)
        interpreter = Interpreter(loaded, info, source=self._source)
        history: list[HistoryEvent] = []

        def record(event: HistoryEvent) -> None:
            history.append(event)
            if on_event is not None:
                on_event(event)

        drive = Drive(interpreter, tasks, SkippingClock(clock) if self._fast else clock, self._map_runs, record)
        return Execution(info, drive, asyncio.create_task(self._drive(drive, payload, history)))

    def send_task_success(self, token: str, output: Json) -> None:
        """End a callback task with its result.

        Raises:
            TaskTokenError: No running task holds the token.
            PayloadError: The output is not JSON.
        """
        self._send(token, TaskSucceeded(token, Payload.foreign(output)))

    def send_task_failure(self, token: str, error: str | None = None, cause: str | None = None) -> None:
        """Fail a callback task.

        Raises:
            TaskTokenError: No running task holds the token.
        """
        self._send(token, TaskFailed(token, error, cause))

    def send_task_heartbeat(self, token: str) -> None:
        """Tell that a task is still at work.

        Raises:
            TaskTokenError: No running task holds the token.
        """
        self._send(token, TaskHeartbeat(token))

    def _send(self, token: str, message: Message) -> None:
        for drive in self._drives:
            if drive.interpreter.holds(token):
                drive.send(message)
                return
        raise TaskTokenError(f"expected the token of a task that is running, found {token!r}; its task may have ended")

    async def _drive(self, drive: Drive, payload: Payload, history: list[HistoryEvent]) -> Result:
        self._drives.add(drive)
        try:
            end = await drive.run(Started(payload))
        finally:
            self._drives.discard(drive)
        output = None if end.output is None else end.output.value
        error, cause = (None, None) if end.failure is None else (end.failure.error, end.failure.cause)
        return Result(end.status, output, error, cause, tuple(history))
