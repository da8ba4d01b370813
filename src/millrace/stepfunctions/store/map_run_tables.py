"""The runs of distributed Maps."""

# ruff: noqa: S608 - the statements are made of constants alone; every value is bound

from collections.abc import Sequence
from typing import Final

from millrace.engine.messages import Status
from millrace.stepfunctions.records import ExecutionArn, MachineArn, MapRunArn, MapRunRecord, Page
from millrace.stepfunctions.store.port import Change, PageRequest
from millrace.stepfunctions.store.tables import Tables, json_text, json_value

# The order of MapRunRecord.
_MAP_RUN: Final = (
    "arn, execution, machine, status, started, concurrency, tolerated_percentage, tolerated_count, counts, "
    "stopped, redrives, redriven"
)
_GET_MAP_RUN: Final = f"SELECT {_MAP_RUN} FROM map_runs WHERE arn = ?"
_LIST_MAP_RUNS: Final = f"""
SELECT number, {_MAP_RUN} FROM map_runs WHERE execution = ? AND number < ? ORDER BY number DESC LIMIT ?
"""
_PUT_MAP_RUN: Final = f"""
INSERT INTO map_runs ({_MAP_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (arn) DO UPDATE SET
    status = excluded.status, concurrency = excluded.concurrency, tolerated_percentage = excluded.tolerated_percentage,
    tolerated_count = excluded.tolerated_count, counts = excluded.counts, stopped = excluded.stopped,
    redrives = excluded.redrives, redriven = excluded.redriven
"""
_ORPHANED: Final = f"""
SELECT {_MAP_RUN} FROM map_runs m INDEXED BY map_runs_open WHERE stopped IS NULL
AND (SELECT e.status FROM executions e WHERE e.arn = m.execution) != 'RUNNING'
"""


class MapRunTables(Tables):
    """Map runs of a data file."""

    def map_run(self, arn: MapRunArn) -> MapRunRecord | None:
        """Find a Map Run."""
        row = self._database.first(_GET_MAP_RUN, (arn,))
        return None if row is None else _map_run(*row)

    def map_runs(self, execution: ExecutionArn, page: PageRequest) -> Page[MapRunRecord]:
        """List the Map Runs of an execution, newest first."""
        return self._page(_LIST_MAP_RUNS, (execution,), page, _map_run)

    def orphaned_map_runs(self) -> Sequence[MapRunRecord]:
        """Give the Map Runs that go on although their execution has ended."""
        return [_map_run(*row) for row in self._database.select(_ORPHANED)]

    def put_map_run(self, map_run: MapRunRecord) -> Sequence[Change]:
        """Write a Map Run, new or changed; its execution is written before it."""
        return (
            Change(
                _PUT_MAP_RUN,
                (
                    map_run.arn,
                    map_run.execution,
                    map_run.machine,
                    map_run.status.value,
                    map_run.started,
                    map_run.concurrency,
                    map_run.tolerated_percentage,
                    map_run.tolerated_count,
                    json_text(map_run.counts) or "null",
                    map_run.stopped,
                    map_run.redrives,
                    map_run.redriven,
                ),
            ),
        )


def _map_run(
    arn: MapRunArn,
    execution: ExecutionArn,
    machine: MachineArn,
    status: str,
    started: float,
    concurrency: int,
    tolerated_percentage: float,
    tolerated_count: int,
    counts: str,
    stopped: float | None,
    redrives: int,
    redriven: float | None,
) -> MapRunRecord:
    return MapRunRecord(
        arn,
        execution,
        machine,
        Status(status),
        started,
        concurrency,
        tolerated_percentage,
        tolerated_count,
        json_value(counts),
        stopped,
        redrives,
        redriven,
    )
