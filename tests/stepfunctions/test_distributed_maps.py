"""Distributed Maps over the API: their Map Runs, their children, restarts and redrives."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config

from tests.stepfunctions.conftest import PATIENCE, ROLE, Engine, until_ended

CALLBACK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Arguments": {"FunctionName": "f", "Payload": "{% $states.context.Task.Token %}"},
}


def machine(state: dict[str, Any], kind: str = "STANDARD", **fields: Any) -> str:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": "I",
        "States": {"I": {"End": True, **state}},
    }
    states = {"M": {"Type": "Map", "Label": "Each", "ItemProcessor": processor, "End": True, **fields}}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "M", "States": states})


def map_run(client: Any, execution: str) -> dict[str, Any]:
    (listed,) = client.list_map_runs(executionArn=execution)["mapRuns"]
    return client.describe_map_run(mapRunArn=listed["mapRunArn"])


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "the condition never held"


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_map_run_and_its_children_are_described(client: Any, create: Callable[..., str], kind: str) -> None:
    output = "{% $states.context.StateMachine.Name & ' ' & $states.context.Execution.Id %}"
    arn = create(machine({"Type": "Pass", "Output": output}, kind))
    execution = client.start_execution(stateMachineArn=arn, input="[1,2,3]")["executionArn"]
    described = until_ended(client, execution)
    run = map_run(client, execution)
    assert (run["status"], run["itemCounts"]["succeeded"], run["executionCounts"]["total"]) == ("SUCCEEDED", 3, 3)
    children = client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    name = arn.rsplit(":", 1)[-1]
    expected = sorted(f"{name}/Each {child['executionArn']}" for child in children)
    assert sorted(json.loads(described["output"])) == expected
    assert len(expected) == 3
    child = client.describe_execution(executionArn=children[0]["executionArn"])
    assert (child["mapRunArn"], child["stateMachineArn"]) == (run["mapRunArn"], f"{arn}/Each")


def test_a_running_map_run_can_be_changed_and_stopped(client: Any, create: Callable[..., str]) -> None:
    arn = create(machine(CALLBACK, MaxConcurrency=1))
    execution = client.start_execution(stateMachineArn=arn, input="[1,2,3]")["executionArn"]
    until(lambda: bool(client.list_map_runs(executionArn=execution)["mapRuns"]))
    run = map_run(client, execution)["mapRunArn"]
    client.update_map_run(mapRunArn=run, maxConcurrency=2)
    until(lambda: len(client.list_executions(mapRunArn=run)["executions"]) == 2)
    client.stop_execution(executionArn=execution)
    until(lambda: client.describe_map_run(mapRunArn=run)["status"] == "ABORTED")
    until(lambda: len(client.list_executions(mapRunArn=run, statusFilter="ABORTED")["executions"]) == 2)


def connect(engine: Engine) -> Any:
    return cast("Any", boto3).client(
        "stepfunctions",
        endpoint_url=engine.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def restarting(tmp_path: Path) -> Iterator[Engine]:
    """An engine that a test may stop and start again."""
    engine = Engine(tmp_path / "engine.db")
    gc.disable()
    engine.start()
    yield engine
    engine.stop()
    gc.enable()


def test_a_map_run_goes_on_when_the_engine_is_back(restarting: Engine) -> None:
    engine, client = restarting, connect(restarting)
    definition = machine(CALLBACK, MaxConcurrency=2)
    arn = client.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=arn, input="[1,2,3]")["executionArn"]
    first, second = engine.tokens.get(timeout=PATIENCE), engine.tokens.get(timeout=PATIENCE)
    client.send_task_success(taskToken=first, output='"first"')
    third = engine.tokens.get(timeout=PATIENCE)
    client.close()
    engine.stop()
    engine.start()
    client = connect(engine)
    for token in (second, third):
        client.send_task_success(taskToken=token, output='"other"')
    assert sorted(json.loads(until_ended(client, execution)["output"])) == ["first", "other", "other"]
    assert len(client.list_executions(mapRunArn=map_run(client, execution)["mapRunArn"])["executions"]) == 3
    client.close()


def test_a_redrive_goes_on_with_the_map_run(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    while not engine.tokens.empty():
        engine.tokens.get()
    arn = create(machine(CALLBACK, MaxConcurrency=1))
    execution = client.start_execution(stateMachineArn=arn, input="[1,2]")["executionArn"]
    client.send_task_failure(taskToken=engine.tokens.get(timeout=PATIENCE), error="No")
    failed = until_ended(client, execution)
    assert (failed["status"], failed["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    client.redrive_execution(executionArn=execution)
    for output in ('"a"', '"b"'):
        client.send_task_success(taskToken=engine.tokens.get(timeout=PATIENCE), output=output)
    assert json.loads(until_ended(client, execution)["output"]) == ["a", "b"]
    run = map_run(client, execution)
    assert (run["status"], run["redriveCount"], run["itemCounts"]["succeeded"]) == ("SUCCEEDED", 1, 2)
    types = [event["type"] for event in client.get_execution_history(executionArn=execution)["events"]]
    assert ("MapRunFailed" in types, "MapRunRedriven" in types) == (True, True)
