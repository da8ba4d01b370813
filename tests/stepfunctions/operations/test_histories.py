"""The history of an execution through boto3."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.stepfunctions.conftest import refusal, until_ended

CHAIN = json.dumps(
    {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Output": "{% $x %}", "End": True},
        },
    }
)
TYPES = [
    "ExecutionStarted",
    "PassStateEntered",
    "PassStateExited",
    "PassStateEntered",
    "PassStateExited",
    "ExecutionSucceeded",
]


@pytest.fixture
def execution(client: Any, create: Callable[..., str]) -> str:
    arn = client.start_execution(stateMachineArn=create(CHAIN), input="{}")["executionArn"]
    until_ended(client, arn)
    return arn


def pages(client: Any, execution: str, size: int, **more: Any) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    token: dict[str, str] = {}
    while True:
        page = client.get_execution_history(executionArn=execution, maxResults=size, **more, **token)
        found.append(page["events"])
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_events_are_given_in_order(client: Any, execution: str) -> None:
    events = client.get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in events] == TYPES
    assert [event["id"] for event in events] == [1, 2, 3, 4, 5, 6]
    assert events[2]["stateExitedEventDetails"]["assignedVariables"] == {"x": "1"}


@pytest.mark.parametrize("size", [1, 2, 4, 6, 7])
def test_pages_hold_every_event_once(client: Any, execution: str, size: int) -> None:
    forwards = pages(client, execution, size)
    backwards = pages(client, execution, size, reverseOrder=True)
    assert [event["id"] for page in forwards for event in page] == [1, 2, 3, 4, 5, 6]
    assert [event["id"] for page in backwards for event in page] == [6, 5, 4, 3, 2, 1]
    assert all(0 < len(page) <= size for page in forwards + backwards)


def test_data_is_left_out_on_request(client: Any, execution: str) -> None:
    events = client.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
    assert [event["type"] for event in events] == TYPES
    assert events[1]["stateEnteredEventDetails"] == {"name": "A"}
    assert set(events[0]["executionStartedEventDetails"]) == {"roleArn"}


def test_a_token_is_of_one_history_in_one_direction(client: Any, create: Callable[..., str], execution: str) -> None:
    token = client.get_execution_history(executionArn=execution, maxResults=2)["nextToken"]
    other = client.start_execution(stateMachineArn=create(CHAIN))["executionArn"]
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")
    history = client.get_execution_history
    assert refusal(history, executionArn=execution, nextToken=token, reverseOrder=True) == invalid
    assert refusal(history, executionArn=other, nextToken=token) == invalid
    assert refusal(history, executionArn=execution, nextToken="nonsense") == invalid


def test_a_page_has_at_most_1000_events(client: Any, execution: str) -> None:
    assert refusal(client.get_execution_history, executionArn=execution, maxResults=1001) == (
        "ValidationException",
        (
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000"
        ),
    )
