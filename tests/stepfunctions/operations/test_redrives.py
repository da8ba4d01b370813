"""Redriving executions: what can be, and what cannot."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Status
from millrace.engine.tasks import FunctionTasks
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.operations import Service, call
from millrace.stepfunctions.operations.redrives import redrive_status
from millrace.stepfunctions.records import (
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    MachineArn,
    MapRunArn,
    RevisionId,
)
from millrace.stepfunctions.store.port import Store
from tests.stepfunctions.conftest import CALLBACK, PASS, WAIT, Engine, refusal, until_ended

DAY = 86_400.0
NOW = 2_000_000_000.0
ENDED = ExecutionRecord(
    key=ExecutionKey(1),
    arn=ExecutionArn("arn:aws:states:us-east-1:000000000000:execution:m:n"),
    name="n",
    machine=MachineArn("arn:aws:states:us-east-1:000000000000:stateMachine:m"),
    revision=RevisionId("INITIAL"),
    type=ExecutionType.STANDARD,
    status=Status.FAILED,
    started=NOW - 10,
    stopped=NOW - 5,
    input="{}",
    events=10,
)


class RedrivingExecutions(Executions):
    """Executions of which one record is known, and redriven as often as asked."""

    def __init__(self, record: ExecutionRecord) -> None:
        super().__init__(cast("Store", None), FunctionTasks({}), clock=lambda: self.moment)
        self.moment = NOW
        self.record = record

    def execution(self, arn: ExecutionArn) -> ExecutionRecord | None:
        return self.record if arn == self.record.arn else None

    async def redrive(self, arn: ExecutionArn) -> ExecutionRecord:
        assert arn == self.record.arn
        redrives = self.record.redrives + 1
        self.record = replace(self.record, redrives=redrives, redriven=self.moment)
        return self.record


def service_of(record: ExecutionRecord) -> tuple[Service, RedrivingExecutions]:
    executions = RedrivingExecutions(record)
    return Service(cast("Store", None), executions), executions


@pytest.mark.parametrize(
    ("record", "status", "reason"),
    [
        (ENDED, "REDRIVABLE", ""),
        (replace(ENDED, status=Status.ABORTED), "REDRIVABLE", ""),
        (replace(ENDED, status=Status.TIMED_OUT), "REDRIVABLE", ""),
        (replace(ENDED, status=Status.RUNNING), "NOT_REDRIVABLE", "Execution is RUNNING and cannot be redriven"),
        (replace(ENDED, status=Status.SUCCEEDED), "NOT_REDRIVABLE", "Execution is SUCCEEDED and cannot be redriven"),
        (replace(ENDED, events=24_998), "REDRIVABLE", ""),
        (replace(ENDED, events=24_999), "NOT_REDRIVABLE", "Execution history event limit exceeded"),
        (
            replace(ENDED, started=NOW - 30 * DAY, stopped=NOW - 14 * DAY - 1),
            "NOT_REDRIVABLE",
            "Execution redrivable period exceeded",
        ),
        (
            replace(ENDED, started=NOW - 365 * DAY - 1),
            "NOT_REDRIVABLE",
            "Execution has exceeded the max execution time",
        ),
        (replace(ENDED, map_run=MapRunArn("run")), "REDRIVABLE_BY_MAP_RUN", ""),
    ],
)
def test_what_can_be_redriven(record: ExecutionRecord, status: str, reason: str) -> None:
    service, _ = service_of(record)
    assert redrive_status(service, record) == (status, reason)


def test_an_execution_of_a_machine_that_is_being_deleted_is_not_redriven() -> None:
    service, _ = service_of(ENDED)
    service.deleting.add(ENDED.machine)
    assert redrive_status(service, ENDED) == ("NOT_REDRIVABLE", "State machine is in DELETING status")


def test_a_client_token_redrives_once_within_15_minutes() -> None:
    service, executions = service_of(ENDED)

    async def redrive(token: str | None) -> float:
        parameters = {"executionArn": ENDED.arn, "clientToken": token}
        return (await call(service, "RedriveExecution", parameters))["redriveDate"]

    async def course() -> None:
        first = await redrive("a")
        executions.moment += 60
        assert await redrive("a") == first
        assert await redrive("b") == first + 60
        assert await redrive(None) == first + 60
        executions.moment += 15 * 60
        assert await redrive("a") == executions.moment

    asyncio.run(course())
    assert executions.record.redrives == 4


def test_the_latest_10_client_tokens_of_an_execution_are_known() -> None:
    service, executions = service_of(ENDED)

    async def course() -> None:
        for number in (*range(11), 1, 0):
            await call(service, "RedriveExecution", {"executionArn": ENDED.arn, "clientToken": f"t{number}"})

    asyncio.run(course())
    assert executions.record.redrives == 12


def test_a_child_of_a_map_run_is_redriven_by_its_parent() -> None:
    service, _ = service_of(replace(ENDED, map_run=MapRunArn("run")))
    with pytest.raises(ApiError) as caught:
        asyncio.run(call(service, "RedriveExecution", {"executionArn": ENDED.arn}))
    assert caught.value.code == "ExecutionNotRedrivable"


def test_an_execution_that_runs_or_succeeded_is_refused(client: Any, create: Callable[..., str]) -> None:
    running = client.start_execution(stateMachineArn=create(WAIT))["executionArn"]
    assert refusal(client.redrive_execution, executionArn=running) == (
        "ExecutionNotRedrivable",
        "Execution is RUNNING and cannot be redriven",
    )
    succeeded = client.start_execution(stateMachineArn=create(PASS))["executionArn"]
    until_ended(client, succeeded)
    assert refusal(client.redrive_execution, executionArn=succeeded)[0] == "ExecutionNotRedrivable"


def test_a_redriven_execution_goes_on_from_where_it_failed(
    engine: Engine, client: Any, create: Callable[..., str]
) -> None:
    execution = client.start_execution(stateMachineArn=create(CALLBACK), input='{"a":1}')["executionArn"]
    client.send_task_failure(taskToken=engine.tokens.get(timeout=10), error="No", cause="Way")
    failed = until_ended(client, execution)
    assert (failed["status"], failed["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    redriven = client.redrive_execution(executionArn=execution, clientToken="once")
    assert (
        client.redrive_execution(executionArn=execution, clientToken="once")["redriveDate"] == redriven["redriveDate"]
    )
    running = client.describe_execution(executionArn=execution)
    assert (running["status"], running["redriveCount"]) == ("RUNNING", 1)
    assert running["redriveDate"] == redriven["redriveDate"]
    assert not {"stopDate", "error", "cause"} & set(running)
    client.send_task_success(taskToken=engine.tokens.get(timeout=10), output="2")
    ended = until_ended(client, execution)
    assert (ended["status"], ended["output"], ended["input"]) == ("SUCCEEDED", "2", '{"a":1}')
    events = client.get_execution_history(executionArn=execution)["events"]
    types = [event["type"] for event in events]
    assert types.count("ExecutionRedriven") == 1
    assert types.index("ExecutionFailed") < types.index("ExecutionRedriven") < types.index("ExecutionSucceeded")
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    listed = client.list_executions(stateMachineArn=ended["stateMachineArn"], redriveFilter="REDRIVEN")["executions"]
    assert [(one["executionArn"], one["redriveCount"]) for one in listed] == [(execution, 1)]
