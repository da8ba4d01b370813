"""Redriving executions through boto3: what the API shows of it, and what goes on."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stepfunctions.conftest import FAIL, PATIENCE, WAIT, Engine, until_ended

CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
COUNT = "{% $states.context.Execution.RedriveCount %}"


def asked(**fields: Any) -> dict[str, Any]:
    """Write a Task that waits for its token."""
    arguments = {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}}
    ending = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": CALLBACK, "Arguments": arguments, **ending, **fields}


def machine(states: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields})


def branch(name: str, **fields: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: asked(**fields)}}


def begin(client: Any, create: Callable[..., str], definition: str) -> str:
    execution: str = client.start_execution(stateMachineArn=create(definition))["executionArn"]
    return execution


def types(client: Any, execution: str) -> list[str]:
    events = client.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    return [event["type"] for event in events]


def succeed(client: Any, engine: Engine, output: str) -> None:
    client.send_task_success(taskToken=engine.tokens.get(timeout=PATIENCE), output=output)


def fail(client: Any, engine: Engine) -> None:
    client.send_task_failure(taskToken=engine.tokens.get(timeout=PATIENCE), error="No", cause="way")


def test_the_history_goes_on_after_the_end_and_the_count_is_seen(
    engine: Engine, client: Any, create: Callable[..., str]
) -> None:
    states = {"A": asked(Next="B"), "B": {"Type": "Pass", "Output": COUNT, "End": True}}
    execution = begin(client, create, machine(states))
    for redrives in (1, 2):
        fail(client, engine)
        assert until_ended(client, execution)["status"] == "FAILED"
        before = types(client, execution)
        client.redrive_execution(executionArn=execution)
        described = client.describe_execution(executionArn=execution)
        assert described["redriveCount"] == redrives
        events = client.get_execution_history(executionArn=execution)["events"]
        redriven = events[len(before)]
        assert redriven["type"] == "ExecutionRedriven"
        assert redriven["executionRedrivenEventDetails"] == {"redriveCount": redrives}
        assert [event["type"] for event in events[: len(before)]] == before
    succeed(client, engine, "1")
    ended = until_ended(client, execution)
    assert (ended["status"], ended["output"], ended["redriveCount"]) == ("SUCCEEDED", "2", 2)
    assert ended["redriveStatus"] == "NOT_REDRIVABLE"
    assert ended["redriveDate"] > ended["startDate"]
    assert ended["stopDate"] >= ended["redriveDate"]


def test_an_aborted_execution_goes_on(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    execution = begin(client, create, machine({"A": asked()}))
    late = engine.tokens.get(timeout=PATIENCE)
    client.stop_execution(executionArn=execution, error="Enough")
    assert until_ended(client, execution)["status"] == "ABORTED"
    client.redrive_execution(executionArn=execution)
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_success(taskToken=late, output="1")
    succeed(client, engine, "2")
    assert until_ended(client, execution)["output"] == "2"


def test_an_aborted_wait_waits_again(client: Any, create: Callable[..., str]) -> None:
    execution = begin(client, create, WAIT)
    client.stop_execution(executionArn=execution)
    until_ended(client, execution)
    client.redrive_execution(executionArn=execution)
    assert client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    client.stop_execution(executionArn=execution)
    assert types(client, execution).count("ExecutionAborted") == 2


def test_a_timed_out_execution_has_its_time_again(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    execution = begin(client, create, machine({"A": asked()}, TimeoutSeconds=1))
    engine.tokens.get(timeout=PATIENCE)
    assert until_ended(client, execution)["status"] == "TIMED_OUT"
    client.redrive_execution(executionArn=execution)
    succeed(client, engine, "1")
    assert until_ended(client, execution)["status"] == "SUCCEEDED"


def test_a_branch_that_succeeded_is_not_run_again(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    parallel = {"Type": "Parallel", "Branches": [branch("A"), branch("B")], "End": True}
    execution = begin(client, create, machine({"Both": parallel}))
    succeed(client, engine, '"first"')
    fail(client, engine)
    assert until_ended(client, execution)["status"] == "FAILED"
    client.redrive_execution(executionArn=execution)
    succeed(client, engine, '"second"')
    output = json.loads(until_ended(client, execution)["output"])
    assert sorted(output) == ["first", "second"]
    counts = types(client, execution)
    assert (counts.count("TaskStateEntered"), counts.count("TaskScheduled")) == (2, 3)
    assert engine.tokens.empty()


def test_an_execution_that_fails_at_once_again_can_be_redriven_again(client: Any, create: Callable[..., str]) -> None:
    execution = begin(client, create, FAIL)
    until_ended(client, execution)
    for redrives in range(1, 4):
        client.redrive_execution(executionArn=execution)
        ended = until_ended(client, execution)
        assert (ended["status"], ended["error"], ended["redriveCount"]) == ("FAILED", "No", redrives)
        assert ended["redriveStatus"] == "REDRIVABLE"


def test_each_redrive_is_listed_by_its_filter(client: Any, create: Callable[..., str]) -> None:
    arn = create(FAIL)
    executions = [client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2)]
    for execution in executions:
        until_ended(client, execution)
    client.redrive_execution(executionArn=executions[0])
    for wanted, execution in (("REDRIVEN", executions[0]), ("NOT_REDRIVEN", executions[1])):
        listed = client.list_executions(stateMachineArn=arn, redriveFilter=wanted)["executions"]
        assert [one["executionArn"] for one in listed] == [execution]
