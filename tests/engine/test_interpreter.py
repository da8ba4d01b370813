"""The interpreter as a whole: limits, deadlines, restarts, steps."""

import random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.engine import ExecutionInfo, ExecutionType, Interpreter, Status, TaskFailure, load
from millrace.engine.history import EVENT_LIMIT
from millrace.engine.messages import (
    Resume,
    Resumed,
    SetTimer,
    Started,
    StartTask,
    Stopped,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from millrace.engine.payload import Payload

from .simulation import INVOKE, NEVER, jsonata, simulate

ENDLESS = jsonata(
    {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "A"}], "Default": "C"},
        "C": {"Type": "Succeed"},
    }
)


def test_history_of_a_standard_execution_is_limited() -> None:
    run = simulate(ENDLESS)
    assert run.status is Status.FAILED
    assert run.error == "States.Runtime"
    assert run.cause == "The execution reached the maximum number of history events (25000)."
    assert len(run.history) == EVENT_LIMIT
    assert run.history[-1].type == "ExecutionFailed"


def test_long_executions_take_many_steps() -> None:
    interpreter = Interpreter(load(ENDLESS), ExecutionInfo("x"))
    step = interpreter.handle(Started(Payload.of(None)), 0.0)
    for _ in range(20):
        assert step.effects == (Resume(),)
        step = interpreter.handle(Resumed(), 0.0)


def test_execution_times_out() -> None:
    run = simulate(jsonata({"W": {"Type": "Wait", "Seconds": 100, "End": True}}, TimeoutSeconds=9))
    assert (run.status, run.error, run.seconds) == (Status.TIMED_OUT, "States.Timeout", 9)
    assert run.types()[-1] == "ExecutionTimedOut"


@pytest.mark.parametrize(("own", "seconds"), [({}, 300), ({"TimeoutSeconds": 400}, 300), ({"TimeoutSeconds": 9}, 9)])
def test_an_express_execution_ends_after_five_minutes(own: dict[str, Any], seconds: float) -> None:
    definition = jsonata({"W": {"Type": "Wait", "Seconds": 1000, "End": True}}, **own)
    run = simulate(definition, kind=ExecutionType.EXPRESS)
    assert (run.status, run.error, run.seconds) == (Status.TIMED_OUT, "States.Timeout", seconds)


def test_messages_for_what_has_ended_are_ignored() -> None:
    interpreter = Interpreter(load(jsonata({"A": {"Type": "Succeed"}})), ExecutionInfo("x"))
    interpreter.handle(Started(Payload.of(1)), 0.0)
    for message in (TimerFired(1), TaskSucceeded("gone", Payload.of(1)), Stopped(), Resumed()):
        step = interpreter.handle(message, 1.0)
        assert (step.events, step.effects) == ((), ())


def test_same_randomness_gives_the_same_execution() -> None:
    definition = jsonata({"A": {"Type": "Pass", "Output": "{% [$random(), $uuid(), $now()] %}", "End": True}})
    assert simulate(definition, seed=5).output == simulate(definition, seed=5).output
    assert simulate(definition, seed=5).output != simulate(definition, seed=6).output


def _script(seed: int) -> Any:
    """Answer tasks with success, failure or silence, as a seed decides."""
    choice = random.Random(seed)

    def script(task: StartTask) -> Any:
        roll = choice.random()
        if roll < 0.2:
            raise TaskFailure("Flaky", "again")
        return NEVER if roll < 0.3 else task.parameters.value

    return script


RETRY = [{"ErrorEquals": ["Flaky", "States.Timeout"], "MaxAttempts": 2}]


def _task(name: str, following: str | None) -> dict[str, Any]:
    state: dict[str, Any] = {"Type": "Task", "Resource": INVOKE, "TimeoutSeconds": 7, "Retry": RETRY}
    return {name: state | ({"Next": following} if following else {"End": True})}


def _states(draw: st.DrawFn, prefix: str, depth: int) -> dict[str, Any]:
    """Draw a scope of one to three states in a row."""
    kinds = ["Pass", "Task", "Wait"] + (["Parallel", "Map"] if depth else [])
    count = draw(st.integers(1, 3))
    states: dict[str, Any] = {}
    for number in range(count):
        name, following = f"{prefix}{number}", f"{prefix}{number + 1}" if number + 1 < count else None
        way = {"Next": following} if following else {"End": True}
        match draw(st.sampled_from(kinds)):
            case "Pass":
                states[name] = {"Type": "Pass", "Assign": {f"v{name}": "{% $states.input %}"}, **way}
            case "Task":
                states |= _task(name, following)
            case "Wait":
                states[name] = {"Type": "Wait", "Seconds": draw(st.integers(0, 5)), **way}
            case "Parallel":
                branches = [_scope(draw, f"{name}b{branch}", depth - 1) for branch in range(draw(st.integers(1, 3)))]
                states[name] = {"Type": "Parallel", "Branches": branches, "Retry": RETRY, **way}
            case _:
                states[name] = {
                    "Type": "Map",
                    "Items": [1, 2, 3],
                    "MaxConcurrency": draw(st.integers(0, 3)),
                    "ToleratedFailureCount": draw(st.integers(0, 2)),
                    "ItemProcessor": _scope(draw, f"{name}i", depth - 1),
                    **way,
                }
    return states


def _scope(draw: st.DrawFn, prefix: str, depth: int) -> dict[str, Any]:
    return {"StartAt": f"{prefix}0", "States": _states(draw, prefix, depth)}


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Any]:
    return jsonata(_states(draw, "s", 2), TimeoutSeconds=draw(st.sampled_from([5, 1000])))


@settings(max_examples=60, deadline=None)
@given(machines(), st.integers(0, 1000))
def test_execution_restarted_after_every_message_goes_on_as_if_nothing_had_happened(
    definition: dict[str, Any], seed: int
) -> None:
    whole = simulate(definition, {"x": 1}, script=_script(seed))
    restarted = simulate(definition, {"x": 1}, script=_script(seed), restart=True)
    assert restarted.history == whole.history
    assert (restarted.status, restarted.output) == (whole.status, whole.output)


@settings(max_examples=60, deadline=None)
@given(machines(), st.integers(0, 1000))
def test_every_execution_ends_with_nothing_left_over(definition: dict[str, Any], seed: int) -> None:
    run = simulate(definition, {"x": 1}, script=_script(seed))
    assert run.status is not Status.RUNNING
    assert [event.id for event in run.history] == list(range(1, len(run.history) + 1))
    entered = sum(event_type.endswith("StateEntered") for event_type in run.types())
    left = sum(event_type.endswith(("StateExited", "StateAborted")) for event_type in run.types())
    assert left <= entered
    if run.status is Status.SUCCEEDED:
        iterations = run.types()
        ended = sum(iterations.count(f"MapIteration{end}") for end in ("Succeeded", "Failed", "Aborted"))
        assert iterations.count("MapIterationStarted") == ended


def test_outstanding_effects_are_those_whose_outcome_is_still_to_come() -> None:
    task = {"Type": "Task", "Resource": INVOKE, "End": True, "TimeoutSeconds": 9, "Arguments": {"n": 1}}
    callback = {**task, "Resource": f"{INVOKE}.waitForTaskToken", "TimeoutSeconds": 8}
    branches = [
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": True}}},
        {"StartAt": "T", "States": {"T": task}},
        {"StartAt": "C", "States": {"C": callback}},
        {"StartAt": "D", "States": {"D": task}},
    ]
    machine = load(jsonata({"P": {"Type": "Parallel", "Branches": branches, "End": True}}))
    interpreter = Interpreter(machine, ExecutionInfo("x"), source=random.Random(1))
    step = interpreter.handle(Started(Payload.of(None)), 100.0)
    first = {str(effect.state): effect for effect in step.effects if isinstance(effect, StartTask)}
    interpreter.handle(TaskSucceeded(first["D"].token, Payload.of(1)), 101.0)
    interpreter.handle(TaskSubmitted(first["C"].token, Payload.of(1)), 102.0)
    restored = Interpreter(machine, ExecutionInfo("x"), state=orjson.loads(orjson.dumps(interpreter.snapshot())))
    outstanding = restored.outstanding()
    assert [effect for effect in outstanding if isinstance(effect, StartTask)] == [first["T"]]
    assert sorted(effect.at for effect in outstanding if isinstance(effect, SetTimer)) == [105, 108, 109]


def test_outstanding_work_is_resumed() -> None:
    interpreter = Interpreter(load(ENDLESS), ExecutionInfo("x"))
    interpreter.handle(Started(Payload.of(None)), 0.0)
    assert interpreter.outstanding() == (Resume(),)


def test_waiting_execution_is_small() -> None:
    interpreter = Interpreter(load(jsonata({"W": {"Type": "Wait", "Seconds": 9, "End": True}})), ExecutionInfo("x"))
    interpreter.handle(Started(Payload.of({"order": 1})), 0.0)
    assert len(orjson.dumps(interpreter.snapshot())) < 1024


@pytest.mark.parametrize("depth", [20, 60])
def test_deeply_nested_scopes_run(depth: int) -> None:
    scope: dict[str, Any] = {"StartAt": "Leaf", "States": {"Leaf": {"Type": "Pass", "Output": 1, "End": True}}}
    for level in range(depth):
        scope = {
            "StartAt": f"P{level}",
            "States": {f"P{level}": {"Type": "Parallel", "Branches": [scope], "End": True}},
        }
    output: Any = 1
    for _ in range(depth):
        output = [output]
    assert simulate({"QueryLanguage": "JSONata", **scope}).output == output
