"""Task tokens through boto3."""

import json
from collections.abc import Callable
from typing import Any

from tests.stepfunctions.conftest import CALLBACK, Engine, refusal, until_ended


def started(engine: Engine, client: Any, create: Callable[..., str]) -> tuple[str, str]:
    execution = client.start_execution(stateMachineArn=create(CALLBACK))["executionArn"]
    return execution, engine.tokens.get(timeout=10)


def test_success_is_the_tasks_result(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    execution, token = started(engine, client, create)
    client.send_task_heartbeat(taskToken=token)
    client.send_task_success(taskToken=token, output='{"a":1}')
    assert json.loads(until_ended(client, execution)["output"]) == {"a": 1}


def test_failure_is_the_tasks_error(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    execution, token = started(engine, client, create)
    client.send_task_failure(taskToken=token, error="No", cause="Way")
    described = until_ended(client, execution)
    assert (described["status"], described["error"], described["cause"]) == ("FAILED", "No", "Way")


def test_a_token_is_used_up_by_its_answer(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    execution, token = started(engine, client, create)
    client.send_task_success(taskToken=token, output="1")
    until_ended(client, execution)
    over = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    assert refusal(client.send_task_success, taskToken=token, output="1") == over
    assert refusal(client.send_task_failure, taskToken=token) == over
    assert refusal(client.send_task_heartbeat, taskToken=token) == over


def test_what_is_no_token_is_refused(client: Any) -> None:
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refusal(client.send_task_success, taskToken="none", output="no JSON") == invalid
    assert refusal(client.send_task_failure, taskToken="none") == invalid
    assert refusal(client.send_task_heartbeat, taskToken="none") == invalid


def test_an_output_is_json(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    execution, token = started(engine, client, create)
    code, message = refusal(client.send_task_success, taskToken=token, output="{")
    assert code == "InvalidOutput"
    assert message.startswith("Invalid Output: '")
    client.stop_execution(executionArn=execution)
