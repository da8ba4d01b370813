"""Redrive: what failed goes on from where it failed, and what succeeded is not done again."""

import itertools
import random
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.engine import Status
from millrace.engine.errors import TaskFailure
from millrace.engine.messages import (
    Resumed,
    StartMapRun,
    StartTask,
    Step,
    StopMapRun,
    Stopped,
    TaskSucceeded,
    TimerFired,
)
from millrace.engine.payload import Payload
from tests.engine.redriven_execution import Execution, begin
from tests.engine.simulation import INVOKE, NEVER, START, Script, jsonata


def task(after: str | None = None, **fields: Any) -> dict[str, Any]:
    ending: dict[str, Any] = {"End": True} if after is None else {"Next": after}
    return {"Type": "Task", "Resource": INVOKE, "Arguments": "{% $states.input %}", **ending, **fields}


def branch(*states: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"StartAt": states[0][0], "States": dict(states)}


def failing(*states: str) -> Script:
    """Fail the tasks of some states, and answer others with their input."""

    def script(started: StartTask) -> Any:
        if started.state in states:
            raise TaskFailure("No", "way")
        return started.parameters.value

    return script


WORKING = failing()


def test_a_task_that_failed_is_scheduled_again_in_the_state_that_was_entered() -> None:
    execution = begin(jsonata({"A": task("B"), "B": task("C"), "C": task()}), failing("B"), 1)
    assert execution.status is Status.FAILED
    execution.redrive(WORKING)
    assert (execution.status, execution.output) == (Status.SUCCEEDED, 1)
    assert execution.calls() == {"A": 1, "B": 2, "C": 1}
    assert execution.types("ExecutionRedriven")[:4] == [
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
    ]
    redriven = next(event for event in execution.history if event.type == "ExecutionRedriven")
    assert dict(redriven.details) == {"redriveCount": 1}
    assert execution.history[redriven.id - 2].type == "ExecutionFailed"
    assert redriven.previous == redriven.id - 1
    assert execution.history[redriven.id].previous == redriven.id
    assert [event.id for event in execution.history] == list(range(1, len(execution.history) + 1))


def test_an_execution_can_be_redriven_until_it_succeeds() -> None:
    execution = begin(jsonata({"A": task()}), failing("A"), 1)
    for _ in range(3):
        execution.redrive()
        assert execution.status is Status.FAILED
    execution.redrive(WORKING)
    assert execution.output == 1
    assert [event.details["redriveCount"] for event in execution.history if event.type == "ExecutionRedriven"] == [
        1,
        2,
        3,
        4,
    ]


def test_variables_and_the_redrive_count_are_seen_by_what_goes_on() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"kept": "{% $states.input.n %}"}, "Next": "B"},
        "B": task(Output={"kept": "{% $kept %}", "count": "{% $states.context.Execution.RedriveCount %}"}),
    }
    execution = begin(jsonata(states), failing("B"), {"n": 7})
    execution.redrive(WORKING)
    assert execution.output == {"kept": 7, "count": 1}


def test_a_fail_state_fails_again() -> None:
    execution = begin(jsonata({"A": task("B"), "B": {"Type": "Fail", "Error": "No"}}), WORKING)
    execution.redrive()
    assert execution.status is Status.FAILED
    assert execution.calls() == {"A": 1}
    assert execution.types("ExecutionRedriven") == ["ExecutionRedriven", "ExecutionFailed"]


PARALLEL = {
    "Both": {
        "Type": "Parallel",
        "Branches": [branch(("A1", task("A2")), ("A2", task())), branch(("B1", task("B2")), ("B2", task()))],
        "Next": "Then",
    },
    "Then": task(),
}


def test_a_branch_that_succeeded_keeps_its_result() -> None:
    execution = begin(jsonata(PARALLEL), failing("B2"), 1)
    assert execution.calls() == {"A1": 1, "B1": 1, "A2": 1, "B2": 1}
    execution.redrive(WORKING)
    assert execution.output == [1, 1]
    assert execution.calls() == {"A1": 1, "A2": 1, "B1": 1, "B2": 2, "Then": 1}
    assert execution.types("ExecutionRedriven").count("ParallelStateSucceeded") == 1
    assert "ParallelStateStarted" not in execution.types("ExecutionRedriven")


def test_a_branch_that_was_aborted_goes_on_from_its_state() -> None:
    def script(started: StartTask) -> Any:
        return NEVER if started.state == "A2" else failing("B2")(started)

    execution = begin(jsonata(PARALLEL), script, 1)
    assert execution.status is Status.FAILED
    execution.redrive(WORKING)
    assert execution.output == [1, 1]
    assert execution.calls() == {"A1": 1, "A2": 2, "B1": 1, "B2": 2, "Then": 1}


def test_a_branch_that_had_not_begun_begins() -> None:
    output = "{% $states.context.Execution.RedriveCount = 1 ? 'mended' : $fails %}"
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": [branch(("Bad", {"Type": "Pass", "Output": output, "End": True})), branch(("B1", task()))],
            "End": True,
        }
    }
    execution = begin(jsonata(states), WORKING, 1)
    assert (execution.status, execution.calls()) == (Status.FAILED, {})
    execution.redrive()
    assert execution.output == ["mended", 1]
    assert execution.types("ExecutionRedriven").count("TaskStateEntered") == 1


def test_a_wait_that_was_aborted_waits_anew() -> None:
    states = {"A": {"Type": "Wait", "Seconds": 100, "Next": "B"}, "B": task()}
    execution = begin(jsonata(states), WORKING, 1, until=60)
    execution.now = START + 60
    execution.take(Stopped("Enough", None))
    assert execution.status is Status.ABORTED
    execution.redrive()
    assert execution.output == 1
    assert execution.now == START + 160
    assert execution.types("ExecutionRedriven")[1] == "WaitStateExited"


def map_state(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_a_map_goes_on_with_iterations_that_did_not_succeed_and_those_to_come(concurrency: int) -> None:
    def fail_third(started: StartTask) -> Any:
        if started.state == "Work" and started.parameters.value == 2:
            raise TaskFailure("No", None)
        return started.parameters.value

    states = {"Each": map_state(branch(("Look", task("Work")), ("Work", task())), MaxConcurrency=concurrency)}
    execution = begin(jsonata(states), fail_third, list(range(6)))
    assert execution.status is Status.FAILED
    execution.redrive(WORKING)
    assert execution.output == list(range(6))
    assert exits(execution) == Counter((state, str(item)) for state in ("Look", "Work") for item in range(6))
    for event_type in ("MapIterationStarted", "MapIterationSucceeded"):
        indices = [event.details["index"] for event in execution.history if event.type == event_type]
        assert Counter(indices) == Counter(range(6))


def test_nested_forks_go_on_where_each_was() -> None:
    inner = map_state(branch(("Leaf", task())), Items="{% $states.input %}")
    states = {
        "Outer": {
            "Type": "Parallel",
            "Branches": [branch(("First", task("Inner")), ("Inner", inner)), branch(("Side", task()))],
            "End": True,
        }
    }

    def fail_second(started: StartTask) -> Any:
        if started.state == "Leaf" and started.parameters.value == 2:
            raise TaskFailure("No", None)
        return started.parameters.value

    execution = begin(jsonata(states), fail_second, [1, 2, 3])
    assert execution.status is Status.FAILED
    execution.redrive()
    assert execution.status is Status.FAILED
    execution.redrive(WORKING)
    assert execution.output == [[1, 2, 3], [1, 2, 3]]
    assert execution.calls()["First"] == execution.calls()["Side"] == 1
    leaves = Counter(started.parameters.value for started in execution.started if started.state == "Leaf")
    assert (leaves[1], leaves[2]) == (1, 3)


def test_retries_are_counted_anew() -> None:
    retry = [{"ErrorEquals": ["No"], "MaxAttempts": 2, "IntervalSeconds": 1}]
    states = {"A": task(Retry=retry, Output="{% $states.context.State.RetryCount %}")}
    execution = begin(jsonata(states), failing("A"))
    assert execution.calls() == {"A": 3}
    execution.redrive()
    assert execution.calls() == {"A": 6}
    attempts = itertools.count(1)

    def at_second(started: StartTask) -> Any:
        return (WORKING if next(attempts) == 2 else failing("A"))(started)

    execution.redrive(at_second)
    assert execution.output == 1


def test_an_execution_that_was_stopped_between_two_attempts_goes_on_with_the_first_of_all() -> None:
    retry = [{"ErrorEquals": ["No"], "MaxAttempts": 1, "IntervalSeconds": 100}]
    execution = begin(jsonata({"A": task(Retry=retry)}), failing("A"), 1, until=50)
    execution.take(Stopped())
    execution.redrive()
    assert execution.status is Status.FAILED
    assert execution.calls() == {"A": 3}


@pytest.mark.parametrize(
    "handling",
    [
        {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Then"}]},
        {"Retry": [{"ErrorEquals": ["No"], "IntervalSeconds": 1}]},
    ],
)
def test_a_failure_that_was_handled_leaves_nothing_behind(handling: dict[str, Any]) -> None:
    states = {"Both": {**PARALLEL["Both"], **handling}, "Then": task()}
    attempts: Counter[str] = Counter()

    def script(started: StartTask) -> Any:
        attempts[started.state] += 1
        if started.state == "A2" and attempts["A2"] == 1:
            return NEVER
        if started.state == "Then" or (started.state == "B2" and attempts["B2"] == 1):
            raise TaskFailure("No", None)
        return started.parameters.value

    execution = begin(jsonata(states), script, 1)
    assert execution.status is Status.FAILED
    assert execution.state is not None
    assert [frame["state"] for frame in execution.state["frames"]] == ["Then"]
    calls = execution.calls()
    execution.redrive(WORKING)
    assert execution.status is Status.SUCCEEDED
    assert execution.calls() == {**calls, "Then": calls["Then"] + 1}


def test_a_timed_out_execution_has_its_whole_time_again() -> None:
    states = {"A": task("B"), "B": {"Type": "Wait", "Seconds": "{% $states.input %}", "Next": "C"}, "C": task()}
    execution = begin(jsonata(states, TimeoutSeconds=100), WORKING, 90, until=95)
    assert execution.status is Status.SUCCEEDED

    execution = begin(jsonata(states, TimeoutSeconds=100), WORKING, 150)
    assert execution.status is Status.TIMED_OUT
    assert execution.now == START + 100
    execution.redrive()
    assert execution.status is Status.TIMED_OUT
    assert execution.now == START + 200
    assert execution.calls() == {"A": 1}


def test_a_timed_out_task_is_started_again_with_a_new_token() -> None:
    def never(_started: StartTask) -> Any:
        return NEVER

    execution = begin(jsonata({"A": task(TimeoutSeconds=10)}), never, 1)
    assert execution.status is Status.FAILED
    late = execution.started[0].token
    execution.redrive(never, until=15)
    assert execution.status is Status.RUNNING
    execution.take(TaskSucceeded(late, Payload.of("late")), until=15)
    assert execution.status is Status.RUNNING
    execution.take(TaskSucceeded(execution.started[1].token, Payload.of("new")))
    assert execution.output == "new"


def test_a_parallel_whose_output_failed_says_so_each_time() -> None:
    parallel = {"Type": "Parallel", "Branches": [branch(("B", task()))], "Output": "{% $fails %}", "End": True}
    execution = begin(jsonata({"A": parallel}), WORKING, 1)
    assert execution.status is Status.FAILED
    first = execution.types()[1:]
    execution.redrive(failing("B"))
    assert execution.types("ExecutionRedriven").count("ParallelStateFailed") == 1
    assert "ParallelStateFailed" not in first


def test_a_distributed_map_goes_on_with_its_run() -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **branch(("A", task()))}
    states = {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True}}
    execution = begin(jsonata(states), WORKING, [1])
    execution.take(Stopped())
    execution.redrive()
    first, stopped, again = execution.map_runs
    assert isinstance(first, StartMapRun)
    assert isinstance(stopped, StopMapRun)
    assert isinstance(again, StartMapRun)
    assert first.token == stopped.token == again.token
    assert (first.spec.redrives, again.spec.redrives) == (0, 1)
    assert execution.types("ExecutionRedriven") == ["ExecutionRedriven", "MapRunRedriven"]


def test_messages_for_an_execution_that_ended_are_ignored_but_a_redrive() -> None:
    execution = begin(jsonata({"A": task()}), failing("A"))
    before = len(execution.history)
    for message in (Stopped(), Resumed(), TimerFired(1), TaskSucceeded(execution.started[0].token, Payload.of(1))):
        assert execution.handle(message) == Step((), ())
    assert len(execution.history) == before


# ---- any machine, any failures


def chains(depth: int) -> st.SearchStrategy[list[Any]]:
    """Draw scopes: lists of "task", "wait", and forks of scopes."""
    step: st.SearchStrategy[Any] = st.sampled_from(["task", "task", "wait", "retried"])
    if depth:
        inner = chains(depth - 1)
        step |= st.tuples(st.just("parallel"), st.lists(inner, min_size=1, max_size=3))
        step |= st.tuples(st.just("map"), inner, st.integers(1, 4), st.integers(0, 2))
    return st.lists(step, min_size=1, max_size=3)


def scope_of(steps: list[Any], name: Callable[[], str]) -> dict[str, Any]:
    """Write a scope; each task adds its state's name to a list, each fork gives its results as one."""
    names = [name() for _ in steps]
    states: dict[str, Any] = {}
    for position, step in enumerate(steps):
        state = _state_of(step, name)
        ending = {"Next": names[position + 1]} if position + 1 < len(steps) else {"End": True}
        states[names[position]] = {**state, **ending}
    return {"StartAt": names[0], "States": states}


def exits(execution: Execution) -> Counter[tuple[str, str]]:
    """Count how often tasks were left by a result, by their state and what they gave."""
    return Counter(
        (event.state, str(event.details["output"])) for event in execution.history if event.type == "TaskStateExited"
    )


def _state_of(step: Any, name: Callable[[], str]) -> dict[str, Any]:
    plain = {"Type": "Task", "Resource": INVOKE, "Arguments": "{% $states.input %}"}
    match step:
        case "task":
            return plain
        case "retried":
            return {**plain, "Retry": [{"ErrorEquals": ["No"], "MaxAttempts": 1, "IntervalSeconds": 1}]}
        case "wait":
            return {"Type": "Wait", "Seconds": 5}
        case ("parallel", branches):
            return {"Type": "Parallel", "Branches": [scope_of(inner, name) for inner in branches]}
        case _:
            _, inner, items, concurrency = step
            return {
                "Type": "Map",
                "Items": f"{{% [[0..{items - 1}].{{'item': $, 'from': $hash($string($states.input), 'MD5')}}] %}}",
                "MaxConcurrency": concurrency,
                "ItemProcessor": scope_of(inner, name),
            }


@settings(max_examples=120, deadline=None)
@given(steps=chains(2), seed=st.integers(0, 1_000_000))
def test_an_execution_redriven_until_it_succeeds_gives_what_one_without_failures_gives(
    steps: list[Any], seed: int
) -> None:
    counter = itertools.count()
    machine = scope_of(steps, lambda: f"S{next(counter)}")
    definition = {"QueryLanguage": "JSONata", **machine}
    chance = random.Random(seed)

    def tagged(started: StartTask) -> Any:
        # Short, for payloads have a limit, and forks multiply them.
        return f"{started.state}/{zlib.crc32(started.parameters.text.encode()):08x}"

    def at_random(started: StartTask) -> Any:
        if chance.random() < 0.3:
            raise TaskFailure("No", None)
        return tagged(started)

    flawless = begin(definition, tagged, "start")
    assert flawless.status is Status.SUCCEEDED
    execution = begin(definition, at_random, "start")
    for _ in range(200):
        if execution.status is Status.SUCCEEDED:
            break
        execution.redrive()
    assert execution.output == flawless.output
    assert exits(execution) == exits(flawless)
    assert [event.id for event in execution.history] == list(range(1, len(execution.history) + 1))
    assert all(event.previous < event.id for event in execution.history)
