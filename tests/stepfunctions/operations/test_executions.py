"""Executions through boto3."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.stepfunctions.conftest import FAIL, PASS, WAIT, Engine, refusal, until_ended


def test_an_execution_is_described_with_what_went_in_and_came_out(client: Any, create: Callable[..., str]) -> None:
    machine = create()
    started = client.start_execution(stateMachineArn=machine, name="run", input='{ "a": 1.0 }', traceHeader="Root=1-2")
    described = until_ended(client, started["executionArn"])
    assert started["executionArn"] == machine.replace(":stateMachine:", ":execution:") + ":run"
    assert described.pop("stopDate") >= described["startDate"] == started["startDate"]
    described.pop("ResponseMetadata")
    assert described == {
        "executionArn": started["executionArn"],
        "stateMachineArn": machine,
        "name": "run",
        "status": "SUCCEEDED",
        "startDate": started["startDate"],
        "input": '{ "a": 1.0 }',
        "inputDetails": {"included": True},
        "output": described["output"],
        "outputDetails": {"included": True},
        "traceHeader": "Root=1-2",
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    assert json.loads(described["output"]) == {"a": 1}


def test_an_execution_that_failed_says_why(client: Any, create: Callable[..., str]) -> None:
    described = until_ended(client, client.start_execution(stateMachineArn=create(FAIL))["executionArn"])
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "No", "Way")
    assert described["redriveStatus"] == "REDRIVABLE"
    assert "output" not in described


def test_metadata_alone_leaves_the_data_out(client: Any, create: Callable[..., str]) -> None:
    execution = client.start_execution(stateMachineArn=create())["executionArn"]
    until_ended(client, execution)
    described = client.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert described["inputDetails"] == described["outputDetails"] == {"included": False}
    assert not {"input", "output", "error", "cause"} & set(described)


def test_the_same_start_is_the_same_execution_while_it_runs(client: Any, create: Callable[..., str]) -> None:
    asked = {"stateMachineArn": create(WAIT), "name": "run", "input": '{"a":1}'}
    first = client.start_execution(**asked)
    again = client.start_execution(**asked)
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    exists = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'")
    assert refusal(client.start_execution, **{**asked, "input": '{"a":2}'}) == exists
    client.stop_execution(executionArn=first["executionArn"])
    assert refusal(client.start_execution, **asked) == exists


def test_starts_of_one_name_at_once_make_one_execution(client: Any, create: Callable[..., str]) -> None:
    machine = create(WAIT)
    with ThreadPoolExecutor(8) as pool:
        starts = [pool.submit(client.start_execution, stateMachineArn=machine, name="run") for _ in range(24)]
        dates = {start.result()["startDate"] for start in starts}
    assert len(dates) == 1
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 1


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
        ({"input": "{"}, "InvalidExecutionInput", "Invalid State Machine Execution Input: '"),
        (
            {"input": '"' + "\u20ac" * 100_000 + '"'},
            "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'expected at most 262144 bytes, found 300002'",
        ),
        (
            {"input": " " * 262_145},
            "ValidationException",
            (
                "1 validation error detected: Value at 'input' failed to satisfy constraint: "
                "Member must have length less than or equal to 262144"
            ),
        ),
        (
            {"traceHeader": "\u20ac"},
            "ValidationException",
            "1 validation error detected: Value '\u20ac' at 'traceHeader'",
        ),
    ],
)
def test_bad_parameters_are_refused(
    client: Any, create: Callable[..., str], parameters: dict[str, str], code: str, message: str
) -> None:
    refused = refusal(client.start_execution, stateMachineArn=create(), **parameters)
    assert refused[0] == code
    assert refused[1].startswith(message)


def test_what_does_not_exist_is_not_started_or_described(client: Any) -> None:
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:none"
    assert refusal(client.start_execution, stateMachineArn=machine) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{machine}'",
    )
    execution = "arn:aws:states:us-east-1:000000000000:execution:none:none"
    missing = ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{execution}'")
    for operation in (
        client.describe_execution,
        client.stop_execution,
        client.get_execution_history,
        client.redrive_execution,
        client.list_map_runs,
        client.describe_state_machine_for_execution,
    ):
        assert refusal(operation, executionArn=execution) == missing


def test_a_stopped_execution_is_aborted_with_the_reason(client: Any, create: Callable[..., str]) -> None:
    execution = client.start_execution(stateMachineArn=create(WAIT))["executionArn"]
    stopped = client.stop_execution(executionArn=execution, error="Enough", cause="is enough")
    described = client.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Enough", "is enough")
    assert described["stopDate"] == stopped["stopDate"]
    assert client.stop_execution(executionArn=execution)["stopDate"] == stopped["stopDate"]


def test_an_execution_goes_on_with_the_revision_that_it_started_with(client: Any, create: Callable[..., str]) -> None:
    machine = create(WAIT)
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    client.update_state_machine(stateMachineArn=machine, definition=PASS)
    described = client.describe_state_machine_for_execution(executionArn=execution)
    assert described["definition"] == WAIT
    assert described["stateMachineArn"] == machine
    assert "revisionId" not in described


def test_executions_are_listed_newest_first_by_status(client: Any, create: Callable[..., str]) -> None:
    machine = create(WAIT)
    started = [client.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(5)]
    client.stop_execution(executionArn=started[1])

    def listed(**filters: Any) -> list[str]:
        pages = client.get_paginator("list_executions").paginate(
            stateMachineArn=machine, PaginationConfig={"PageSize": 2}, **filters
        )
        return [one["executionArn"] for page in pages for one in page["executions"]]

    assert sorted(listed()) == sorted(started)
    assert listed(statusFilter="RUNNING") == [started[4], started[3], started[2], started[0]]
    assert listed(statusFilter="ABORTED") == [started[1]]
    assert listed(statusFilter="PENDING_REDRIVE") == listed(redriveFilter="REDRIVEN") == []
    assert len(listed(redriveFilter="NOT_REDRIVEN")) == 5


def test_a_list_is_of_a_machine_or_of_a_map_run(client: Any, create: Callable[..., str]) -> None:
    assert refusal(client.list_executions) == ("ValidationException", "Must provide a StateMachine ARN or MapRun ARN")
    run = "arn:aws:states:us-east-1:000000000000:mapRun:m/label:id"
    assert refusal(client.list_executions, mapRunArn=run)[0] == "ResourceNotFound"


def test_an_express_execution_runs_while_its_caller_waits(
    engine: Engine, client: Any, create: Callable[..., str]
) -> None:
    machine = create(type="EXPRESS")
    answer = client.start_sync_execution(stateMachineArn=machine, name="run", input='{"a":1}')
    prefix = machine.replace(":stateMachine:", ":express:") + ":run:"
    assert answer["executionArn"].startswith(prefix)
    assert (answer["status"], json.loads(answer["output"]), answer["name"]) == ("SUCCEEDED", {"a": 1}, "run")
    assert answer["billingDetails"] == {"billedMemoryUsedInMB": 64, "billedDurationInMilliseconds": 100}
    again = client.start_sync_execution(stateMachineArn=machine, name="run")
    assert again["executionArn"] != answer["executionArn"]


def test_an_express_execution_that_fails_says_why(client: Any, create: Callable[..., str]) -> None:
    answer = client.start_sync_execution(stateMachineArn=create(FAIL, type="EXPRESS"))
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "No", "Way")


def test_a_standard_machine_is_not_run_while_its_caller_waits(client: Any, create: Callable[..., str]) -> None:
    unsupported = (
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
    assert refusal(client.start_sync_execution, stateMachineArn=create()) == unsupported
    assert refusal(client.list_executions, stateMachineArn=create(type="EXPRESS")) == unsupported


def test_express_executions_are_not_described(client: Any, create: Callable[..., str]) -> None:
    execution = client.start_execution(stateMachineArn=create(type="EXPRESS"))["executionArn"]
    for operation in (client.describe_execution, client.stop_execution, client.get_execution_history):
        assert refusal(operation, executionArn=execution) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )
