"""Parallel and Map: results, scopes, concurrency, failures, tolerance, abortion."""

from typing import Any

import pytest

from millrace.engine import Status, TaskFailure
from millrace.engine.messages import StartTask, Stopped

from .simulation import INVOKE, NEVER, Run, jsonata, simulate


def scope(states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def one(**state: Any) -> dict[str, Any]:
    """Make a scope of one state, named after its Name."""
    return scope({state.pop("Name"): {"End": True, **state}})


def mapping(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


PASS = one(Name="P", Type="Pass")
TASK = one(Name="T", Type="Task", Resource=INVOKE)
FAIL_ON_TWO = scope(
    {
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "F"}], "Default": "P"},
        "F": {"Type": "Fail", "Error": "Two", "Cause": "It is two"},
        "P": {"Type": "Pass", "End": True},
    }
)


def depth_of_iterations(run: Run) -> int:
    """Give how many iterations were open at once, at most."""
    most = current = 0
    for event_type in run.types():
        current += {"MapIterationStarted": 1, "MapIterationSucceeded": -1, "MapIterationFailed": -1}.get(event_type, 0)
        most = max(most, current)
    return most


def test_parallel_gives_its_branches_results_in_order() -> None:
    branches = [
        scope({"W": {"Type": "Wait", "Seconds": 5, "Next": "A"}, "A": {"Type": "Pass", "Output": "slow", "End": True}}),
        one(Name="B", Type="Pass", Output="{% $states.input.x %}"),
    ]
    run = simulate(
        jsonata(
            {
                "P": {
                    "Type": "Parallel",
                    "Branches": branches,
                    "Arguments": {"x": "{% $states.input + 1 %}"},
                    "Output": {"results": "{% $states.result %}", "input": "{% $states.input %}"},
                    "Assign": {"kept": "{% $states.result[1] %}"},
                    "End": True,
                }
            }
        ),
        1,
    )
    assert run.output == {"results": ["slow", 2], "input": 1}
    assert run.details("ParallelStateExited")[0]["assignedVariables"] == {"kept": "2"}
    assert run.seconds == 5


def test_branches_read_outer_variables_and_keep_their_own() -> None:
    branches = [
        scope(
            {
                f"A{number}": {"Type": "Pass", "Assign": {"mine": number}, "Next": f"B{number}"},
                f"B{number}": {"Type": "Pass", "Output": "{% [$outer, $mine] %}", "End": True},
            }
        )
        for number in (1, 2)
    ]
    run = simulate(
        jsonata(
            {
                "Before": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "P"},
                "P": {"Type": "Parallel", "Branches": branches, "Next": "After"},
                "After": {
                    "Type": "Pass",
                    "Output": {"r": "{% $states.input %}", "m": "{% $exists($mine) %}"},
                    "End": True,
                },
            }
        )
    )
    assert run.output == {"r": [["o", 1], ["o", 2]], "m": False}


def test_failing_branch_aborts_the_others() -> None:
    slow = one(Name="Slow", Type="Task", Resource=INVOKE)
    waiting = one(Name="Wait", Type="Wait", Seconds=100)
    nested = one(Name="Inner", Type="Parallel", Branches=[one(Name="Deep", Type="Task", Resource=INVOKE)])
    bad = scope({"Short": {"Type": "Wait", "Seconds": 1, "Next": "Bad"}, "Bad": {"Type": "Fail", "Error": "E"}})
    run = simulate(
        jsonata({"P": {"Type": "Parallel", "Branches": [slow, waiting, nested, bad], "End": True}}),
        script=lambda _: NEVER,
    )
    assert (run.status, run.error, run.seconds) == (Status.FAILED, "E", 1)
    assert run.types()[-7:] == [
        "FailStateEntered",
        "TaskStateAborted",
        "WaitStateAborted",
        "TaskStateAborted",
        "ParallelStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    assert sorted(run.cancelled) == sorted(started.token for started in run.started)


def test_task_that_fails_its_branch_is_recorded_as_aborted() -> None:
    def fail(_task: StartTask) -> Any:
        raise TaskFailure("E", "c")

    run = simulate(jsonata({"P": {"Type": "Parallel", "Branches": [TASK], "End": True}}), script=fail)
    assert run.types()[-4:] == ["TaskFailed", "TaskStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_parallel_is_retried_as_a_whole() -> None:
    left = ["E"]

    def script(_task: StartTask) -> Any:
        if left:
            raise TaskFailure(left.pop(), None)
        return 1

    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 3}]
    run = simulate(jsonata({"P": {"Type": "Parallel", "Branches": [TASK], "Retry": retry, "End": True}}), script=script)
    assert (run.output, run.seconds) == ([1], 3)
    assert run.types().count("ParallelStateStarted") == 2
    assert "ParallelStateFailed" not in run.types()


def test_parallel_catches_with_the_branchs_error() -> None:
    catch = [{"ErrorEquals": ["Two"], "Output": "{% $states.errorOutput %}", "Next": "End"}]
    states = {
        "Fork": {"Type": "Parallel", "Branches": [FAIL_ON_TWO], "Catch": catch, "Next": "End"},
        "End": {"Type": "Succeed"},
    }
    assert simulate(jsonata(states), 2).output == {"Error": "Two", "Cause": "It is two"}


def test_map_gives_its_results_in_the_order_of_items() -> None:
    processor = scope(
        {
            "W": {"Type": "Wait", "Seconds": "{% 10 - $states.input %}", "Next": "P"},
            "P": {"Type": "Pass", "Output": "{% $states.input * 10 %}", "End": True},
        }
    )
    run = simulate(jsonata({"M": mapping(processor)}), [1, 2, 3])
    assert (run.output, run.seconds) == ([10, 20, 30], 9)


def test_map_of_nothing_gives_nothing() -> None:
    run = simulate(jsonata({"M": mapping(PASS, Items="{% [] %}")}))
    assert run.output == []
    assert run.types()[2:5] == ["MapStateStarted", "MapStateSucceeded", "MapStateExited"]


def test_item_selector_sees_the_item_and_the_maps_input() -> None:
    selector = {
        "item": "{% $states.context.Map.Item.Value %}",
        "index": "{% $states.context.Map.Item.Index %}",
        "all": "{% $count($states.input.xs) %}",
    }
    run = simulate(
        jsonata({"M": mapping(PASS, Items="{% $states.input.xs %}", ItemSelector=selector)}), {"xs": ["a", "b"]}
    )
    assert run.output == [{"item": "a", "index": 0, "all": 2}, {"item": "b", "index": 1, "all": 2}]


def test_states_of_an_iteration_see_its_item_even_inside_a_parallel() -> None:
    inner = one(Name="I", Type="Pass", Output="{% $states.context.Map.Item %}")
    processor = one(Name="Q", Type="Parallel", Branches=[inner])
    assert simulate(jsonata({"M": mapping(processor)}), ["x"]).output == [[{"Index": 0, "Value": "x"}]]


def test_failing_item_selector_fails_the_map() -> None:
    run = simulate(jsonata({"M": mapping(PASS, ItemSelector={"x": "{% $nope %}"})}), [1, 2])
    assert run.details("EvaluationFailed")[0]["location"] == "ItemSelector/x"
    assert run.types()[-2:] == ["MapStateFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("fields", "count", "open_at_once"),
    [
        ({"MaxConcurrency": 1}, 5, 1),
        ({"MaxConcurrency": "{% 3 %}"}, 5, 3),
        ({"MaxConcurrency": 0}, 100, 40),
        ({"MaxConcurrency": 90}, 100, 40),
    ],
)
def test_map_keeps_its_concurrency(fields: dict[str, Any], count: int, open_at_once: int) -> None:
    processor = one(Name="W", Type="Wait", Seconds=1)
    run = simulate(jsonata({"M": mapping(processor, **fields)}), list(range(count)))
    assert run.status is Status.SUCCEEDED
    assert depth_of_iterations(run) == open_at_once


def test_first_failing_iteration_fails_an_inline_map_and_aborts_the_others() -> None:
    processor = scope(
        {
            **FAIL_ON_TWO["States"],
            "P": {"Type": "Wait", "Seconds": 60, "End": True},
        }
    )
    run = simulate(jsonata({"M": mapping({**processor, "StartAt": "C"})}), [1, 2, 3])
    assert (run.error, run.cause, run.seconds) == ("Two", "It is two", 0)
    assert "MapIterationAborted" in run.types()
    assert run.types()[-2:] == ["MapStateFailed", "ExecutionFailed"]
    assert run.details("MapIterationFailed") == [{"name": "M", "index": 1}]


@pytest.mark.parametrize(
    ("fields", "succeeds"),
    [
        ({"ToleratedFailureCount": 1}, True),
        ({"ToleratedFailureCount": "{% 0 %}"}, False),
        ({"ToleratedFailurePercentage": 25}, True),
        ({"ToleratedFailurePercentage": "{% 24.9 %}"}, False),
        ({"ToleratedFailureCount": 5, "ToleratedFailurePercentage": 10}, False),
    ],
)
def test_map_tolerates_as_many_failures_as_it_says(fields: dict[str, Any], succeeds: bool) -> None:
    run = simulate(jsonata({"M": mapping(FAIL_ON_TWO, **fields)}), [1, 2, 3, 4])
    if succeeds:
        assert run.output == [1, {"Error": "Two", "Cause": "It is two"}, 3, 4]
    else:
        assert run.error == "States.ExceedToleratedFailureThreshold"
        assert run.cause == "The specified tolerated failure threshold was exceeded"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Items": "{% {'a': 1} %}"}, "Expected 'array', but was 'object' for value: {\"a\":1}"),
        ({"MaxConcurrency": "{% 'many' %}"}, "Expected 'number', but was 'string' for value: \"many\""),
        ({"ToleratedFailurePercentage": "{% 101 %}"}, "ToleratedFailurePercentage must be between 0 and 100."),
        ({"ToleratedFailureCount": "{% -1 %}"}, "ToleratedFailureCount must be between 0 and 99999999 but was: -1"),
    ],
)
def test_map_refuses_fields_of_the_wrong_kind(fields: dict[str, Any], message: str) -> None:
    run = simulate(jsonata({"M": mapping(PASS, **fields)}), [1])
    assert run.error == "States.QueryEvaluationError"
    assert run.cause is not None
    assert run.cause.endswith(message)
    assert run.types()[-3:] == ["EvaluationFailed", "MapStateFailed", "ExecutionFailed"]


def test_nested_maps_have_scopes_of_their_own() -> None:
    inner = mapping(one(Name="I", Type="Pass", Output="{% $row & ':' & $states.input %}"), Items="{% [1..2] %}")
    processor = scope({"Row": {"Type": "Pass", "Assign": {"row": "{% $states.input %}"}, "Next": "N"}, "N": inner})
    run = simulate(jsonata({"M": mapping(processor)}), ["a", "b"])
    assert run.output == [["a:1", "a:2"], ["b:1", "b:2"]]


def test_result_of_a_map_over_the_limit_fails_it() -> None:
    processor = one(Name="B", Type="Pass", Output="{% $pad('', 100000, 'x') %}")
    run = simulate(jsonata({"M": mapping(processor)}), [1, 2, 3])
    assert run.error == "States.DataLimitExceeded"


def test_stopping_aborts_what_is_open() -> None:
    run = simulate(
        jsonata({"P": {"Type": "Parallel", "Branches": [TASK], "End": True}}),
        script=lambda _: NEVER,
        messages=[(5, Stopped("Mine", "I say so"))],
    )
    assert (run.status, run.error, run.cause) == (Status.ABORTED, "Mine", "I say so")
    assert run.types()[-3:] == ["TaskStateAborted", "ParallelStateAborted", "ExecutionAborted"]
    assert run.cancelled == [run.started[0].token]


def test_events_follow_one_another_within_a_branch() -> None:
    run = simulate(jsonata({"M": mapping(FAIL_ON_TWO, MaxConcurrency=2)}), [1, 3, 5, 7])
    by_id = {event.id: event for event in run.history}
    assert [event.id for event in run.history] == list(range(1, len(run.history) + 1))
    for event in run.history[2:]:
        before = by_id[event.previous]
        assert before.id < event.id
        if event.type.endswith("StateExited") and event.frame:
            assert before.frame == event.frame
