"""Records for tests of the store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Status
from millrace.stepfunctions.records import (
    ActivityArn,
    ActivityRecord,
    AliasArn,
    AliasRecord,
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    HistoryBlock,
    MachineArn,
    MachineRecord,
    MapRunArn,
    MapRunRecord,
    Revision,
    RevisionId,
    Route,
    VersionArn,
    VersionRecord,
)
from millrace.stepfunctions.store.port import Change, Store

_PREFIX: Final = "arn:aws:states:eu-central-1:123456789012"
FIRST: Final = Revision(RevisionId("INITIAL"), '{"StartAt":"A"}', "role-1", {"level": "ALL"}, None, None, 1.0)
SECOND: Final = Revision(RevisionId("second"), '{"StartAt":"B"}', "role-2", None, {"enabled": True}, None, 2.5)


def machine(name: str = "orders", revision: Revision = FIRST) -> MachineRecord:
    return MachineRecord(machine_arn(name), name, ExecutionType.STANDARD, 1.0, revision)


def machine_arn(name: str = "orders") -> MachineArn:
    return MachineArn(f"{_PREFIX}:stateMachine:{name}")


def version(number: int, revision: Revision = FIRST) -> VersionRecord:
    return VersionRecord(version_arn(number), machine_arn(), number, revision, 3.0 + number, f"release {number}")


def version_arn(number: int) -> VersionArn:
    return VersionArn(f"{machine_arn()}:{number}")


def alias(name: str, *routes: Route) -> AliasRecord:
    return AliasRecord(AliasArn(f"{machine_arn()}:{name}"), machine_arn(), name, routes, 4.0, 5.0, "for customers")


def activity(name: str) -> ActivityRecord:
    return ActivityRecord(ActivityArn(f"{_PREFIX}:activity:{name}"), name, 6.0, {"type": "AWS_OWNED_KEY"})


def execution(key: int, **members: Any) -> ExecutionRecord:
    record = ExecutionRecord(
        key=ExecutionKey(key),
        arn=ExecutionArn(f"{_PREFIX}:execution:orders:e{key}"),
        name=f"e{key}",
        machine=machine_arn(),
        revision=FIRST.id,
        type=ExecutionType.STANDARD,
        status=Status.RUNNING,
        started=100.0 + key,
        input=f'{{"number":{key}}}',
        trace_header="Root=1",
    )
    return replace(record, **members)


def ended(record: ExecutionRecord, stopped: float = 1_000.0, status: Status = Status.SUCCEEDED) -> ExecutionRecord:
    return replace(record, status=status, stopped=stopped, output='"done"', error="Oops", cause="why")


def map_run(number: int, parent: ExecutionRecord, **members: Any) -> MapRunRecord:
    record = MapRunRecord(
        arn=MapRunArn(f"{_PREFIX}:mapRun:orders/Each:{number}"),
        execution=parent.arn,
        machine=parent.machine,
        status=Status.RUNNING,
        started=200.0,
        concurrency=10,
        tolerated_percentage=2.5,
        tolerated_count=3,
        counts={"items": {"total": 4}, "executions": {"total": 4}},
    )
    return replace(record, **members)


def block(key: int, first: int, last: int) -> HistoryBlock:
    events = [{"id": number, "type": "PassStateEntered", "timestamp": 1.5} for number in range(first, last + 1)]
    return HistoryBlock(ExecutionKey(key), first, last, orjson.dumps(events))


def commit(store: Store, *changes: Sequence[Change]) -> None:
    """Commit changes as one group."""
    asyncio.run(store.commit([change for part in changes for change in part]))


def remove_ended(store: Store, before: float, limit: int = 100) -> int:
    return asyncio.run(store.remove_ended(before, limit))
