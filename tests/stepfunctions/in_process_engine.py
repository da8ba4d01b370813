"""Executions in this process, on a data file that can be opened again and a store that can be made to fail."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import TaskFailure
from millrace.engine.payload import Payload
from millrace.engine.tasks import TaskRequest
from millrace.model.json import Json
from millrace.stepfunctions.arns import execution_of, express_execution_of
from millrace.stepfunctions.executions import Executions, Launch
from millrace.stepfunctions.logs import LogDelivery, LogSubscriber
from millrace.stepfunctions.records import (
    ActivityArn,
    ActivityRecord,
    ExecutionArn,
    ExecutionRecord,
    MachineArn,
    MachineRecord,
    Revision,
    RevisionId,
)
from millrace.stepfunctions.store.database import Database
from millrace.stepfunctions.store.errors import StoreFullError
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.sqlite_store import SqliteStore

PREFIX = "arn:aws:states:us-east-1:000000000000"
ACTIVITY = ActivityArn(f"{PREFIX}:activity:a")
PATIENCE = 10.0


class FailingStore(SqliteStore):
    """A store whose disk is full for a while.

    Attributes:
        full: No commit works.
        refused: A text; a commit does not work that writes it.
        unwritable: A text; an execution whose input has it cannot be written at all.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.full = False
        self.refused: str | None = None
        self.unwritable: str | None = None

    def put_execution(self, execution: ExecutionRecord, snapshot: bytes | None) -> Sequence[Change]:
        if self.unwritable is not None and self.unwritable in execution.input:
            raise TypeError("this cannot be written")
        return super().put_execution(execution, snapshot)

    async def commit(self, changes: Sequence[Change]) -> None:
        refused = self.refused is not None and any(self.refused in str(change.parameters) for change in changes)
        if self.full or refused:
            raise StoreFullError("no room is left; free some")
        await super().commit(changes)


class Work:
    """Does tasks as their argument says: "hold" waits, "job" submits and waits, "raise" fails, "half" with
    a text that JSON cannot have; others are given back.

    Attributes:
        began: The tasks that were begun.
        cancelled: The arguments of those that were cancelled.
        let_go: Ends what waits.
    """

    def __init__(self) -> None:
        self.began: list[TaskRequest] = []
        self.cancelled: list[Json] = []
        self.let_go = asyncio.Event()

    async def __call__(self, task: TaskRequest) -> Json:
        self.began.append(task)
        if task.arguments == "raise":
            raise TaskFailure("No", "way")
        if task.arguments == "half":
            raise TaskFailure("No", "half a pair: \ud83d")
        if task.arguments == "job" and task.submitted is None:
            task.submit({"job": 1})
        if task.arguments in ("hold", "job"):
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self.cancelled.append(task.arguments)
                raise
        return task.arguments


@dataclass(frozen=True, slots=True)
class InProcessEngine:
    """Executions on a data file."""

    store: FailingStore
    work: Work
    executions: Executions

    async def start(self, *states: dict[str, Any], value: Json = None, **more: Any) -> ExecutionArn:
        """Start an execution of a machine of its own, whose states follow one another."""
        return (await self.executions.start(await self.launch(*states, value=value, **more))).arn

    async def launch(
        self,
        *states: dict[str, Any],
        value: Json = None,
        kind: ExecutionType = ExecutionType.STANDARD,
        logging: Json = None,
    ) -> Launch:
        """Make a machine of states that follow one another, and what starts it."""
        number = self.store.next_execution_key()
        arn = MachineArn(f"{PREFIX}:stateMachine:m{number}")
        revision = Revision(RevisionId("r"), chain(*states), f"{PREFIX}:role/r", logging=logging)
        machine = MachineRecord(arn, f"m{number}", kind, 0.0, revision)
        there = self.store.put_activity(ActivityRecord(ACTIVITY, "a", 0.0))
        await SqliteStore.commit(self.store, [*self.store.put_machine(machine), *there])
        standard = kind is ExecutionType.STANDARD
        execution = execution_of(arn, "n") if standard else express_execution_of(arn, "n", "1")
        return Launch(execution, "n", machine, revision, Payload.of(value))

    async def ended(self, arn: ExecutionArn) -> ExecutionRecord:
        """Wait for an execution's end."""
        return await asyncio.wait_for(self.executions.ended(arn), PATIENCE)

    def status(self, arn: ExecutionArn) -> str:
        """Give an execution's status as it is committed."""
        record = self.store.execution(arn)
        assert record is not None
        return record.status.value

    def types(self, arn: ExecutionArn) -> list[str]:
        """Give the types of an execution's committed events."""
        record = self.store.execution(arn)
        assert record is not None
        events = self.store.history(record.key, 1, 10_000)
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        return [event["type"] for event in events]


@asynccontextmanager
async def opened(
    data: Path, *, clock: Callable[[], float] = time.time, subscriber: LogSubscriber | None = None
) -> AsyncGenerator[InProcessEngine]:
    """Open the executions of a data file, and close them in the end."""
    store, work = FailingStore(Database(data)), Work()
    logs = None if subscriber is None else LogDelivery(store, subscriber)
    executions = Executions(store, work, logs=logs, clock=clock)
    await executions.open()
    if logs is not None:
        logs.open()
    try:
        yield InProcessEngine(store, work, executions)
    finally:
        store.full, store.refused = False, None
        await executions.close()
        if logs is not None:
            await logs.close()
        await store.close()


def chain(*states: dict[str, Any]) -> str:
    """Write a machine of states S0, S1 ... that follow one another."""
    linked: dict[str, Any] = {}
    for position, state in enumerate(states):
        following: dict[str, Any] = {"Next": f"S{position + 1}"} if position + 1 < len(states) else {"End": True}
        linked[f"S{position}"] = state if state["Type"] in ("Choice", "Fail") else {**state, **following}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "S0", "States": linked})


def task(argument: Json = "{% $states.input %}", pattern: str = "", **fields: Any) -> dict[str, Any]:
    """Write a Task; the pattern is ".waitForTaskToken" or empty."""
    return {"Type": "Task", "Resource": f"arn:aws:states:::lambda:invoke{pattern}", "Arguments": argument, **fields}


def activity(**fields: Any) -> dict[str, Any]:
    """Write a Task that a worker does."""
    return {"Type": "Task", "Resource": ACTIVITY, "Arguments": "{% $states.input %}", **fields}


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition.

    Raises:
        TimeoutError: It does not come to hold.
    """
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - any condition, of which nobody tells
            await asyncio.sleep(0.005)
