"""Executions with their inputs and snapshots, what of their logs was delivered, and which are over."""

# ruff: noqa: S608 - the statements are made of constants alone; every value is bound

from collections.abc import Iterator, Sequence
from typing import Any, Final

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Status
from millrace.stepfunctions.records import (
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    MapRunArn,
    Page,
)
from millrace.stepfunctions.store.database import Database
from millrace.stepfunctions.store.port import Change, ExecutionFilter, PageRequest
from millrace.stepfunctions.store.tables import Tables

# Rows that an iterator reads at a time; between two reads changes may be committed.
_BATCH: Final = 100

# The order of ExecutionRecord.
_BEFORE_INPUT: Final = "e.key, e.arn, e.name, e.machine, r.id, e.type, e.status, e.started"
_AFTER_OUTPUT: Final = (
    "e.error, e.cause, e.version, e.alias, e.events, e.redrives, e.redriven, e.map_run, e.item_index, e.items, "
    "e.trace_header"
)
_EXECUTION: Final = f"{_BEFORE_INPUT}, i.input, e.stopped, e.output, {_AFTER_OUTPUT}"
_TYPE, _STATUS = 5, 6
_JOINED: Final = "JOIN revisions r ON r.number = e.revision JOIN inputs i ON i.execution = e.key"

_GET_EXECUTION: Final = f"SELECT {_EXECUTION} FROM executions e {_JOINED} WHERE e.arn = ?"
_RUNNING: Final = f"""
SELECT s.snapshot, {_EXECUTION} FROM executions e INDEXED BY executions_running {_JOINED}
JOIN snapshots s ON s.execution = e.key
WHERE e.status = 'RUNNING' AND e.key > ? ORDER BY e.key LIMIT ?
"""
_UNDELIVERED: Final = f"""
SELECT e.delivered, {_EXECUTION} FROM executions e INDEXED BY executions_undelivered {_JOINED}
WHERE e.delivered < e.events AND e.key > ? ORDER BY e.key LIMIT ?
"""
# max() picks the row that the other columns come from (SQLite, SELECT, "Bare columns in an aggregate query").
_CHILDREN: Final = f"""
SELECT max(e.key), {_EXECUTION} FROM executions e INDEXED BY executions_by_map_run_and_index {_JOINED}
WHERE e.map_run = ? AND e.item_index >= ? GROUP BY e.item_index ORDER BY e.item_index LIMIT ?
"""
_LAST_KEY: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'executions'"
_SNAPSHOT: Final = "SELECT snapshot FROM snapshots WHERE execution = ?"

_PUT_EXECUTION: Final = """
INSERT INTO executions (
    key, arn, name, machine, revision, type, status, started, stopped, output, error, cause, version, alias,
    events, redrives, redriven, map_run, item_index, items, trace_header
) VALUES (
    ?, ?, ?, ?, (SELECT number FROM revisions WHERE machine = ? AND id = ?),
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
) ON CONFLICT (key) DO UPDATE SET
    status = excluded.status, stopped = excluded.stopped, output = excluded.output, error = excluded.error,
    cause = excluded.cause, events = excluded.events, redrives = excluded.redrives, redriven = excluded.redriven
"""
_PUT_INPUT: Final = "INSERT INTO inputs (execution, input) VALUES (?, ?) ON CONFLICT (execution) DO NOTHING"
_PUT_SNAPSHOT: Final = """
INSERT INTO snapshots (execution, snapshot) VALUES (?, ?)
ON CONFLICT (execution) DO UPDATE SET snapshot = excluded.snapshot
"""
_DELETE_SNAPSHOT: Final = "DELETE FROM snapshots WHERE execution = ?"
_DELETE_EXECUTION: Final = "DELETE FROM executions WHERE key = ?"
_PUT_DELIVERED: Final = "UPDATE executions SET delivered = ? WHERE key = ?"

# A Map Run that goes on reads its children when it ends.
_ENDED: Final = """
SELECT key FROM executions e INDEXED BY executions_by_stop
WHERE stopped < ? AND NOT EXISTS (SELECT 1 FROM map_runs m WHERE m.arn = e.map_run AND m.stopped IS NULL)
ORDER BY stopped LIMIT ?
"""
# It may have been redriven since it was found.
_DELETE_ENDED: Final = "DELETE FROM executions WHERE key = ? AND stopped < ?"
_DELETE_UNUSED_REVISIONS: Final = """
DELETE FROM revisions WHERE created < ?
AND NOT EXISTS (SELECT 1 FROM machines WHERE revision = revisions.number)
AND NOT EXISTS (SELECT 1 FROM versions WHERE revision = revisions.number)
AND NOT EXISTS (SELECT 1 FROM executions WHERE revision = revisions.number)
"""


class ExecutionTables(Tables):
    """Executions of a data file."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        row = database.first(_LAST_KEY)
        self._last_key: int = 0 if row is None else row[0]

    def next_execution_key(self) -> ExecutionKey:
        """Give a number that no execution has had."""
        self._last_key += 1
        return ExecutionKey(self._last_key)

    def execution(self, arn: ExecutionArn) -> ExecutionRecord | None:
        """Find an execution."""
        row = self._database.first(_GET_EXECUTION, (arn,))
        return None if row is None else _execution(*row)

    def executions(self, filter: ExecutionFilter, page: PageRequest) -> Page[ExecutionRecord]:  # noqa: A002 - the port's
        """List executions, newest first, without their payloads: the inputs are empty and the outputs None."""
        statement, parameters = _listing(filter)
        return self._page(statement, parameters, page, _execution)

    def running(self) -> Iterator[tuple[ExecutionRecord, bytes]]:
        """Give every execution that has not ended, oldest first, each with its snapshot."""
        return ((record, snapshot) for snapshot, record in self._oldest_first(_RUNNING))

    def undelivered(self) -> Iterator[tuple[ExecutionRecord, int]]:
        """Give executions whose delivered mark is behind their history, oldest first, each with its mark."""
        return ((record, mark) for mark, record in self._oldest_first(_UNDELIVERED))

    def children(self, map_run: MapRunArn, first: int, limit: int) -> Sequence[ExecutionRecord]:
        """Give children of a Map Run by index, from `first` on; of a redriven index the latest."""
        return [_execution(*row) for _, *row in self._database.select(_CHILDREN, (map_run, first, limit))]

    def snapshot(self, key: ExecutionKey) -> bytes | None:
        """Give the last snapshot of an execution that runs, or that can be redriven."""
        row = self._database.first(_SNAPSHOT, (key,))
        return None if row is None else row[0]

    def put_execution(self, execution: ExecutionRecord, snapshot: bytes | None) -> Sequence[Change]:
        """Write an execution, new or changed; None drops the snapshot."""
        key, machine = execution.key, execution.machine
        return (
            Change(
                _PUT_EXECUTION,
                (
                    key,
                    execution.arn,
                    execution.name,
                    machine,
                    machine,
                    execution.revision,
                    execution.type.value,
                    execution.status.value,
                    execution.started,
                    execution.stopped,
                    execution.output,
                    execution.error,
                    execution.cause,
                    execution.version,
                    execution.alias,
                    execution.events,
                    execution.redrives,
                    execution.redriven,
                    execution.map_run,
                    execution.index,
                    execution.items,
                    execution.trace_header,
                ),
            ),
            Change(_PUT_INPUT, (key, execution.input)),
            Change(_DELETE_SNAPSHOT, (key,)) if snapshot is None else Change(_PUT_SNAPSHOT, (key, snapshot)),
        )

    def delete_execution(self, key: ExecutionKey) -> Sequence[Change]:
        """Remove an execution, its history and its Map Runs' records."""
        return (Change(_DELETE_EXECUTION, (key,)),)

    def put_delivered(self, key: ExecutionKey, event: int) -> Sequence[Change]:
        """Remember that an execution's log events were delivered up to one."""
        return (Change(_PUT_DELIVERED, (event, key)),)

    def _removal(self, before: float, limit: int) -> tuple[int, Sequence[Change]]:
        """Find at most `limit` executions that ended before a moment: how many, and what removes them."""
        rows = self._database.select(_ENDED, (before, limit))
        changes = [Change(_DELETE_ENDED, (key, before)) for (key,) in rows]
        if len(rows) < limit:
            changes.append(Change(_DELETE_UNUSED_REVISIONS, (before,)))
        return len(rows), changes

    def _oldest_first(self, statement: str) -> Iterator[tuple[Any, ExecutionRecord]]:
        key = 0
        while rows := self._database.select(statement, (key, _BATCH)):
            for extra, *row in rows:
                yield extra, _execution(*row)
            key = rows[-1][1]


def _listing(wanted: ExecutionFilter) -> tuple[str, tuple[Any, ...]]:
    """Write the statement of a list, with the index that leads to the fewest rows."""
    index, conditions = "NOT INDEXED", ["1"]
    parameters: list[Any] = []
    if wanted.machine is not None:
        index = "INDEXED BY executions_by_machine"
        if wanted.status is not None:
            index += "_and_status"
        elif wanted.redriven:
            index = "INDEXED BY executions_redriven"
        conditions.append("e.machine = ?")
        parameters.append(wanted.machine)
    if wanted.map_run is None:
        conditions.append("e.map_run IS NULL")
    else:
        index = "INDEXED BY executions_by_map_run" + ("" if wanted.status is None else "_and_status")
        conditions.append("e.map_run = ?")
        parameters.append(wanted.map_run)
    for column, value in (("version", wanted.version), ("alias", wanted.alias)):
        if value is not None:
            index = f"INDEXED BY executions_by_{column}"
            conditions.append(f"e.{column} = ?")
            parameters.append(value)
    if wanted.status is not None:
        conditions.append("e.status = ?")
        parameters.append(wanted.status.value)
    if wanted.redriven is not None:
        conditions.append("e.redrives > 0" if wanted.redriven else "e.redrives = 0")
    statement = f"""
    SELECT e.key, {_BEFORE_INPUT}, '', e.stopped, NULL, {_AFTER_OUTPUT}
    FROM executions e {index} CROSS JOIN revisions r ON r.number = e.revision
    WHERE {" AND ".join(conditions)} AND e.key < ? ORDER BY e.key DESC LIMIT ?
    """
    return statement, tuple(parameters)


def _execution(*row: Any) -> ExecutionRecord:
    values = list(row)
    values[_TYPE] = ExecutionType(values[_TYPE])
    values[_STATUS] = Status(values[_STATUS])
    return ExecutionRecord(*values)
