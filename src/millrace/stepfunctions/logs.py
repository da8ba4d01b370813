"""Execution logs: the events that Step Functions would write to CloudWatch Logs, for whoever subscribes.

A Standard execution's events are read from its committed history, so none is lost: how far they were delivered is kept
beside the execution. Of an Express execution they exist in memory only, and a subscriber that is away misses them.

Source: AWS Step Functions Developer Guide, "Using CloudWatch Logs to log execution history"; Amazon CloudWatch Logs
User Guide, "Subscription filters with AWS Lambda".
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from millrace.engine.definition import ExecutionType
from millrace.engine.history import HistoryEvent, details_key
from millrace.model.json import Json
from millrace.stepfunctions.faults import reach
from millrace.stepfunctions.live import stored_event
from millrace.stepfunctions.records import ExecutionKey, ExecutionRecord, Revision
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Store

_log: Final = logging.getLogger(__name__)
# Events that one message to the subscriber holds at most of executions' histories, and the characters of theirs after
# which it takes no more: Lambda takes 6 MB.
BATCH: Final = 1_000
BATCH_CHARACTERS: Final = 1_000_000
# Events of one execution that are read at a time; each may hold 256 KiB and more.
PIECE: Final = 50
# Batches of Express events that wait in memory at most.
EXPRESS_LIMIT: Final = 1_000
RETRY_DELAYS: Final = (0.1, 0.5, 2.0, 10.0)

_FATAL: Final = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_ERROR_ENDINGS: Final = ("Aborted", "Failed", "TimedOut")
_DATA: Final = frozenset({"input", "output", "parameters", "assignedVariables"})


class LogSubscriber(Protocol):
    """Reads logs: a Lambda function with a subscription filter, on AWS."""

    async def __call__(self, message: dict[str, Any], /) -> None:
        """Take one CloudWatch Logs data message, decoded; raise to get it again."""
        ...


@dataclass(slots=True)
class _Batch:
    """Log events of one machine that go out together, and how far its executions are delivered with them."""

    owner: str
    log_group: str
    log_stream: str
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    marks: dict[ExecutionKey, int] = field(default_factory=dict[ExecutionKey, int])

    def take(self, record: ExecutionRecord, revision: Revision, event: dict[str, Any]) -> int:
        """Take an event, if the logging level asks for it; give the characters that it has."""
        written = _written(record, revision, event)
        if written is None:
            return 0
        self.events.append(written)
        return len(written["message"])

    def message(self) -> dict[str, Any]:
        """Write the message that a subscription filter gives its Lambda function, decoded."""
        return {
            "messageType": "DATA_MESSAGE",
            "owner": self.owner,
            "logGroup": self.log_group,
            "logStream": self.log_stream,
            "subscriptionFilters": ["millrace"],
            "logEvents": self.events,
        }


class LogDelivery:
    """Delivers execution logs, at least once and in order for each execution.

    Args:
        store: Has the histories, and keeps how far they were delivered.
        subscriber: Gets the messages.
    """

    def __init__(self, store: Store, subscriber: LogSubscriber) -> None:
        self._store = store
        self._subscriber = subscriber
        self._due = False
        self._express: deque[tuple[ExecutionRecord, Revision, list[dict[str, Any]]]] = deque(maxlen=EXPRESS_LIMIT)
        self._worker: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Take up what an earlier process left undelivered."""
        self._wake()

    async def close(self) -> None:
        """Stop delivering; what is left goes out after the next start."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])

    def deliver(self, execution: ExecutionRecord, revision: Revision, events: Sequence[HistoryEvent]) -> None:
        """Take events that were committed; does not wait."""
        if execution.type is not ExecutionType.STANDARD:
            self._express.append((execution, revision, [stored_event(event) for event in events]))
        self._wake()

    def _wake(self) -> None:
        self._due = True
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._due:
            self._due = False
            try:
                while batches := self._collect():
                    for batch in batches:
                        await self._deliver(batch)
            except StoreError as error:
                _log.error("logs wait until the store can be read: %s", error)
                self._due = True
                await asyncio.sleep(RETRY_DELAYS[-1])

    async def _deliver(self, batch: _Batch) -> None:
        if batch.events:
            await self._send(batch.message())
        reach("logs.after-delivery")
        marks = [change for key, mark in batch.marks.items() for change in self._store.put_delivered(key, mark)]
        while marks:
            try:
                await self._store.commit(marks)
            except StoreError as error:
                _log.error("logs of %s are delivered again when the store works: %s", batch.log_group, error)
                await asyncio.sleep(RETRY_DELAYS[-1])
            else:
                return

    def _collect(self) -> list[_Batch]:
        """Read the events that come next: those of Express executions, and from the histories."""
        batches: dict[tuple[str, str], _Batch] = {}
        while self._express:
            record, revision, events = self._express.popleft()
            batch = _batch_of(batches, record, revision)
            for event in events:
                batch.take(record, revision, event)
        events_left, characters_left = BATCH, BATCH_CHARACTERS
        for record, mark in self._store.undelivered():
            revision = self._store.revision(record.machine, record.revision)
            events = self._store.history(record.key, mark + 1, min(PIECE, events_left))
            if revision is None or not events:
                continue
            batch = _batch_of(batches, record, revision)
            for event in events:
                characters_left -= batch.take(record, revision, event)
                batch.marks[record.key] = event["id"]
                events_left -= 1
                if characters_left <= 0:
                    break
            if events_left <= 0 or characters_left <= 0:
                break
        return [*batches.values()]

    async def _send(self, message: dict[str, Any]) -> None:
        attempt = 0
        while True:
            try:
                await self._subscriber(message)
            except Exception as error:  # noqa: BLE001 - the boundary to foreign code
                delay = RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)]
                _log.warning("logs of %s are delivered again in %.1f s: %s", message["logGroup"], delay, error)
                attempt += 1
                await asyncio.sleep(delay)
            else:
                return


def is_logged(revision: Revision) -> bool:
    """Tell whether a machine's executions write logs."""
    return isinstance(revision.logging, dict) and revision.logging.get("level", "OFF") != "OFF"


def _batch_of(batches: dict[tuple[str, str], _Batch], record: ExecutionRecord, revision: Revision) -> _Batch:
    _, _, _, _, owner, _, machine, *_ = record.machine.split(":")
    log_group = _log_group(revision.logging)
    return batches.setdefault((log_group, machine), _Batch(owner, log_group, f"states/{machine}"))


def _written(record: ExecutionRecord, revision: Revision, event: dict[str, Any]) -> dict[str, Any] | None:
    """Write an event as a log event; None when the logging level does not ask for it."""
    configuration = revision.logging if isinstance(revision.logging, dict) else {}
    level, with_data = configuration.get("level", "OFF"), bool(configuration.get("includeExecutionData"))
    if not _is_wanted(event["type"], level):
        return None
    return {
        "id": f"{record.key:020d}{event['id']:012d}",
        "timestamp": int(event["timestamp"] * 1000),
        "message": orjson.dumps(_log_event(record, event, with_data=with_data)).decode(),
    }


def _log_event(record: ExecutionRecord, event: dict[str, Any], *, with_data: bool) -> dict[str, Any]:
    details: dict[str, Any] = event.get(details_key(event["type"]) or "", {})
    if not with_data:
        details = {name: value for name, value in details.items() if name not in _DATA}
    written = {
        "id": str(event["id"]),
        "type": event["type"],
        "details": details,
        "redrive_count": str(record.redrives),
        "previous_event_id": str(event["previousEventId"]),
        "event_timestamp": str(int(event["timestamp"] * 1000)),
        "execution_arn": record.arn,
    }
    if record.map_run is not None:
        written["map_run_arn"] = record.map_run
    return written


def _is_wanted(event_type: str, level: Json) -> bool:
    match level:
        case "ALL":
            return True
        case "ERROR":
            return event_type.endswith(_ERROR_ENDINGS) or event_type == "FailStateEntered"
        case "FATAL":
            return event_type in _FATAL
        case _:
            return False


def _log_group(configuration: Json) -> str:
    """Take the log group's name out of the configured ARN."""
    match configuration:
        case {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": str(arn)}}, *_]}:
            return arn.split(":log-group:")[-1].removesuffix(":*")
        case _:
            return ""
