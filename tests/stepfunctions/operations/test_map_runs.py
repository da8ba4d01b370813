"""Map Runs through boto3, as the store has them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from millrace.engine.messages import Status
from millrace.stepfunctions.records import ExecutionArn, MachineArn, MapRunArn, MapRunRecord
from tests.stepfunctions.conftest import CALLBACK, WAIT, Engine, refusal, until_ended

MEMBERS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")
COUNTS = dict.fromkeys(MEMBERS, 0)


@pytest.fixture
def run(engine: Engine, client: Any, create: Callable[..., str]) -> MapRunRecord:
    machine = create(WAIT)
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    record = MapRunRecord(
        arn=MapRunArn(machine.replace(":stateMachine:", ":mapRun:") + "/label:4f1c"),
        execution=ExecutionArn(execution),
        machine=MachineArn(machine),
        status=Status.SUCCEEDED,
        started=1_700_000_000.1234,
        concurrency=7,
        tolerated_percentage=12.5,
        tolerated_count=3,
        counts={"items": {**COUNTS, "total": 5}, "executions": {**COUNTS, "total": 2}},
        stopped=1_700_000_001.0,
    )
    engine.run(engine.commit(engine.store.put_map_run(record)))
    return record


def test_a_map_run_is_described(client: Any, run: MapRunRecord) -> None:
    described = client.describe_map_run(mapRunArn=run.arn)
    described.pop("ResponseMetadata")
    assert described.pop("startDate").timestamp() == 1_700_000_000.123
    assert described.pop("stopDate").timestamp() == 1_700_000_001
    assert described == {
        "mapRunArn": run.arn,
        "executionArn": run.execution,
        "status": "SUCCEEDED",
        "maxConcurrency": 7,
        "toleratedFailurePercentage": 12.5,
        "toleratedFailureCount": 3,
        "itemCounts": {**COUNTS, "total": 5},
        "executionCounts": {**COUNTS, "total": 2},
        "redriveCount": 0,
    }


def test_the_map_runs_of_an_execution_are_listed(client: Any, run: MapRunRecord) -> None:
    listed = client.list_map_runs(executionArn=run.execution)["mapRuns"]
    assert [(one["mapRunArn"], one["executionArn"], one["stateMachineArn"]) for one in listed] == [
        (run.arn, run.execution, run.machine)
    ]
    assert client.list_executions(mapRunArn=run.arn)["executions"] == []


def test_a_map_run_that_has_ended_is_not_updated(client: Any, run: MapRunRecord) -> None:
    code, message = refusal(client.update_map_run, mapRunArn=run.arn, maxConcurrency=1)
    assert (code, message) == ("ValidationException", f"Map Run is SUCCEEDED and cannot be updated: '{run.arn}'")
    assert refusal(client.update_map_run, mapRunArn=run.arn)[0] == "ValidationException"


def test_a_map_run_whose_time_is_over_has_failed(engine: Engine, client: Any, run: MapRunRecord) -> None:
    engine.run(engine.commit(engine.store.put_map_run(replace(run, status=Status.TIMED_OUT))))
    assert client.describe_map_run(mapRunArn=run.arn)["status"] == "FAILED"


def test_what_does_not_exist_is_not_described(client: Any) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:mapRun:m/label:none"
    assert refusal(client.describe_map_run, mapRunArn=arn) == ("ResourceNotFound", f"Resource not found: '{arn}'")
    assert refusal(client.describe_map_run, mapRunArn="none") == (
        "InvalidArn",
        "Invalid Arn: 'Invalid ARN prefix: none'",
    )


def test_a_map_run_that_runs_is_updated(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    inner = json.loads(CALLBACK)
    state = {
        "Type": "Map",
        "Items": [1, 2],
        "MaxConcurrency": 1,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": inner["StartAt"],
            "States": inner["States"],
        },
        "End": True,
    }
    machine = create(json.dumps({"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": state}}))
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    first = engine.tokens.get(timeout=10)
    (listed,) = client.list_map_runs(executionArn=execution)["mapRuns"]
    run = listed["mapRunArn"]
    assert client.describe_map_run(mapRunArn=run)["status"] == "RUNNING"
    client.update_map_run(mapRunArn=run, maxConcurrency=2)
    second = engine.tokens.get(timeout=10)
    assert client.describe_map_run(mapRunArn=run)["maxConcurrency"] == 2
    children = client.list_executions(mapRunArn=run)["executions"]
    assert {child["mapRunArn"] for child in children} == {run}
    child = client.describe_execution(executionArn=children[0]["executionArn"])
    assert child["stateMachineArn"].startswith(f"{machine}/")
    for token in (first, second):
        client.send_task_success(taskToken=token, output="1")
    assert until_ended(client, execution)["output"] == "[1,1]"
    assert client.describe_map_run(mapRunArn=run)["executionCounts"]["succeeded"] == 2
