"""The soak's own checks find what they are there to find."""

import copy
from typing import Any, Final

import pytest

from tests.stepfunctions.soak.checks import faults_of
from tests.stepfunctions.soak.expectation import Expectation, Plan

PLAN: Final = Plan("chain", "chain-1", {"n": 1}, Expectation(output=2, visits={"A": 1, "B": 1}, calls=1))
DESCRIBED: Final = {"status": "SUCCEEDED", "input": '{"n":1}', "output": "2", "redriveCount": 0}
CALLS: Final = [{"function": "step", "state": "A", "at": 10.01}]


def history() -> list[dict[str, Any]]:
    events: list[tuple[str, dict[str, Any]]] = [
        ("ExecutionStarted", {"input": '{"n":1}'}),
        ("TaskStateEntered", {"name": "A"}),
        ("TaskScheduled", {}),
        ("TaskSucceeded", {}),
        ("TaskStateExited", {"name": "A"}),
        ("PassStateEntered", {"name": "B"}),
        ("PassStateExited", {"name": "B"}),
        ("ExecutionSucceeded", {"output": "2"}),
    ]
    return [
        {
            "id": number,
            "previousEventId": number - 1 if number > 2 else 0,
            "type": kind,
            "timestamp": 10.0 + number / 100,
            "someEventDetails": details,
        }
        for number, (kind, details) in enumerate(events, 1)
    ]


def inserted(at: int, like: int) -> list[dict[str, Any]]:
    """Give the history with a copy of an event after another, the numbers of what follows shifted."""
    events = history()
    copied = copy.deepcopy(events[like - 1])
    copied["timestamp"] = events[at - 1]["timestamp"]
    events.insert(at, copied)
    for number, event in enumerate(events, 1):
        event["id"] = number
        if number > at + 1:
            event["previousEventId"] += 1
    return events


def test_a_history_as_planned_has_no_faults() -> None:
    assert faults_of(PLAN, DESCRIBED, history(), CALLS) == []


def test_a_gap_is_found() -> None:
    assert "found [1, 2, 4, 5, 6, 7, 8]" in str(faults_of(PLAN, DESCRIBED, [*history()[:2], *history()[3:]], CALLS))


def test_a_state_that_is_left_twice_is_found() -> None:
    assert "leaves 'A' once more" in str(faults_of(PLAN, DESCRIBED, inserted(5, 5), CALLS))


def test_a_state_that_is_gone_on_from_twice_is_found() -> None:
    faults = str(faults_of(PLAN, DESCRIBED, inserted(6, 6), CALLS))
    assert "goes on from event 5 once more" in faults
    assert "expected 1 visits of 'B', found 2" in faults


@pytest.mark.parametrize(
    "described",
    [
        {**DESCRIBED, "status": "FAILED", "error": "E"},
        {**DESCRIBED, "output": "3"},
        {**DESCRIBED, "input": '{"n":2}'},
        {**DESCRIBED, "redriveCount": 1},
    ],
)
def test_another_end_than_was_planned_is_found(described: dict[str, Any]) -> None:
    assert faults_of(PLAN, described, history(), CALLS)


def test_a_call_after_its_state_was_left_is_found() -> None:
    calls = [*CALLS, {"function": "step", "state": "A", "at": 11.0}]
    assert "'A' was called 0.950 s after it was left" in str(faults_of(PLAN, DESCRIBED, history(), calls))


def test_a_call_that_never_came_is_found() -> None:
    assert "expected 1 function calls" in str(faults_of(PLAN, DESCRIBED, history(), []))
