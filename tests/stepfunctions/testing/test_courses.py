"""How a tested state ends: by its output, a retrier, a catcher, or an error."""

import asyncio
from typing import Any

import pytest

from millrace.engine import TaskFailure, TaskRequest
from millrace.model.json import Json
from tests.stepfunctions.testing.calls import ACCOUNT, INVOKE, JSONATA, REGION, ROLE, call, failure, result

PASS: dict[str, Json] = {"Type": "Pass", "End": True}


def test_nested_state_of_a_machine_is_found_by_its_name() -> None:
    inner = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "Next": "Last"}, "Last": PASS}}
    outer: dict[str, Any] = {"Type": "Map", "Items": [1], "ItemProcessor": inner, "End": True}
    machine = {"StartAt": "Outside", "States": {"Outside": outer}, "QueryLanguage": "JSONata"}
    answer = call(definition=machine, stateName="Inside", input=1)
    assert answer == {"status": "SUCCEEDED", "output": 1, "nextState": "Last"}


def test_state_takes_the_query_language_of_its_machine() -> None:
    state = {"Type": "Pass", "Output": "{% $states.input + 1 %}", "End": True}
    machine = {"StartAt": "A", "States": {"A": state}, "QueryLanguage": "JSONata"}
    assert (call(definition=machine, stateName="A", input=1))["output"] == 2


def test_state_that_leads_to_itself_is_run_once() -> None:
    state = {"Type": "Pass", **JSONATA, "Output": "{% $states.input + 1 %}", "Next": "A"}
    start = {"Type": "Choice", **JSONATA, "Choices": [{"Condition": "{% true %}", "Next": "A"}], "Default": "End"}
    machine = {"StartAt": "Start", "States": {"Start": start, "A": state, "End": {"Type": "Succeed"}}}
    answer = call(definition=machine, stateName="A", input=1)
    assert answer == {"status": "SUCCEEDED", "output": 2, "nextState": "A"}


def test_input_is_empty_object_unless_given() -> None:
    assert (call(definition=PASS))["output"] == {}


def test_wait_takes_no_time() -> None:
    answer = call(definition={"Type": "Wait", "Seconds": 299, "Next": "B"}, input=[1])
    assert answer == {"status": "SUCCEEDED", "output": [1], "nextState": "B"}


def test_wait_that_is_longer_than_a_test_may_take_times_out() -> None:
    answer = call(definition={"Type": "Wait", "Seconds": 301, "Next": "B"})
    assert answer == {"status": "FAILED", "error": "States.Timeout"}


def test_expression_that_fails_is_told_without_the_event_it_happened_at() -> None:
    answer = call(definition={"Type": "Pass", **JSONATA, "Output": "{% $missing %}", "End": True})
    assert answer["status"] == "FAILED"
    assert answer["error"] == "States.QueryEvaluationError"
    assert answer["cause"].startswith("The JSONata expression '$missing' specified for the field 'Output'")


def test_choice_without_a_rule_that_holds_fails() -> None:
    rule = {"Condition": "{% false %}", "Next": "A"}
    answer = call(definition={"Type": "Choice", **JSONATA, "Choices": [rule]}, input=1)
    assert answer["status"] == "FAILED"
    assert answer["cause"].startswith("Failed to transition out of the state.")


def test_task_without_a_mock_is_done() -> None:
    seen: list[TaskRequest] = []

    async def echo(task: TaskRequest) -> Json:
        seen.append(task)
        return {"Payload": task.arguments}

    task = {**INVOKE, **JSONATA, "Arguments": {"FunctionName": "f"}, "Output": "{% $states.result.Payload %}"}
    answer = call(echo, definition=task, roleArn=ROLE, revealSecrets=True)
    assert answer == {"status": "SUCCEEDED", "output": {"FunctionName": "f"}}
    assert seen[0].execution.startswith(f"arn:aws:states:{REGION}:{ACCOUNT}:express:")
    assert seen[0].reveal_secrets is True


def test_error_of_a_task_is_caught() -> None:
    async def refuse(_task: TaskRequest) -> Json:
        raise TaskFailure("Broken", "no reason")

    catch: list[Json] = [{"ErrorEquals": ["Broken"], "Next": "B", "Output": "{% $states.errorOutput.Cause %}"}]
    task: dict[str, Json] = {**INVOKE, **JSONATA, "Catch": catch}
    assert call(refuse, definition=task, roleArn=ROLE) == {
        "status": "CAUGHT_ERROR",
        "error": "Broken",
        "cause": "no reason",
        "output": "no reason",
        "nextState": "B",
    }


def test_task_that_takes_too_long_times_out() -> None:
    cancelled = asyncio.Event()

    async def hang(_task: TaskRequest) -> Json:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    answer = call(hang, definition={**INVOKE, "TimeoutSeconds": 1}, roleArn=ROLE)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Timeout")
    assert cancelled.is_set()


@pytest.mark.parametrize(
    ("retries", "details"),
    [
        (0, {"retryIndex": 1, "retryBackoffIntervalSeconds": 3}),
        (1, {"retryIndex": 1, "retryBackoffIntervalSeconds": 5}),
    ],
)
def test_retrier_tells_its_backoff_without_jitter(retries: int, details: Json) -> None:
    other: dict[str, Json] = {"ErrorEquals": ["Other"]}
    retrier: dict[str, Json] = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 3,
        "MaxDelaySeconds": 5,
        "MaxAttempts": 2,
        "JitterStrategy": "FULL",
    }
    answer = call(
        definition={**INVOKE, "Retry": [other, retrier]},
        mock=failure("E"),
        stateConfiguration={"retrierRetryCount": retries},
        inspectionLevel="DEBUG",
    )
    assert (answer["status"], answer["error"]) == ("RETRIABLE", "E")
    assert "output" not in answer
    assert answer["inspectionData"]["errorDetails"] == details


def test_error_is_caught_when_its_retrier_is_used_up() -> None:
    retry: list[Json] = [{"ErrorEquals": ["E"], "MaxAttempts": 2}]
    catch: list[Json] = [{"ErrorEquals": ["F"], "Next": "A"}, {"ErrorEquals": ["E"], "Next": "B"}]
    answer = call(
        definition={**INVOKE, "Retry": retry, "Catch": catch},
        mock=failure("E", "why"),
        stateConfiguration={"retrierRetryCount": 2},
        inspectionLevel="DEBUG",
    )
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "B")
    assert answer["output"] == {"Error": "E", "Cause": "why"}
    assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 0, "catchIndex": 1}


def test_error_of_the_data_flow_is_caught_like_a_tasks() -> None:
    catch: list[Json] = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}]
    task: dict[str, Json] = {**INVOKE, **JSONATA, "Output": "{% $missing %}", "Catch": catch}
    answer = call(definition=task, mock=result({}))
    assert (answer["status"], answer["error"], answer["nextState"]) == (
        "CAUGHT_ERROR",
        "States.QueryEvaluationError",
        "B",
    )
    assert answer["cause"].startswith("The JSONata expression")


def test_path_that_leads_nowhere_in_parameters_is_caught_with_its_error() -> None:
    catch: list[Json] = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    task: dict[str, Json] = {**INVOKE, "ResultSelector": {"a.$": "$.missing"}, "Catch": catch}
    answer = call(definition=task, mock=result({}))
    assert answer["status"] in ("CAUGHT_ERROR", "FAILED")
    assert "missing" in answer["cause"]
    assert not answer["cause"].startswith("An error occurred")


def test_state_inside_of_a_map_has_the_first_item_in_its_context() -> None:
    inner = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "OutputPath": "$$.Map.Item", "End": True}}}
    outer: dict[str, Any] = {"Type": "Map", "ItemProcessor": inner, "End": True}
    machine = {"StartAt": "Outside", "States": {"Outside": outer}}
    assert call(definition=machine, stateName="Inside", input={"n": 1})["output"] == {"Index": 0, "Value": {"n": 1}}


def test_state_inside_of_a_branch_has_no_item_in_its_context() -> None:
    branch = {"StartAt": "Inside", "States": {"Inside": {"Type": "Pass", "OutputPath": "$$.Map.Item", "End": True}}}
    machine = {"StartAt": "Outside", "States": {"Outside": {"Type": "Parallel", "Branches": [branch], "End": True}}}
    assert call(definition=machine, stateName="Inside")["error"] == "States.Runtime"
