"""What is written of a run does not depend on how its events come."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.compiler import Compilation, compile_document
from millrace.model import NodeId
from millrace.observation import LogEvent, RunMap, RunRecorder
from millrace.observation.mapping import map_of
from millrace.store.records import (
    LogLine,
    Run,
    RunId,
    RunStatus,
    Step,
    StepStatus,
    UserId,
    WorkflowId,
    WorkspaceId,
)
from tests.local.workflows import workflow
from tests.observation.courses import RUN, Courses
from tests.observation.test_run_observer import sound_document
from tests.reference.evaluator import evaluate
from tests.reference.world import Refusal

RECORD = Run(
    RunId(RUN),
    WorkflowId("wf"),
    WorkspaceId("ws"),
    UserId("ada"),
    RunStatus.PENDING,
    "2027-01-15T08:00:00.000Z",
    {},
)


class Written:
    """What a recorder has written, as a store would have it."""

    def __init__(self, machine: RunMap) -> None:
        self.recorder = RunRecorder(RECORD, machine)
        self.run = RECORD
        self.steps: dict[tuple[str, str, int], Step] = {}
        self.lines: dict[str, LogLine] = {}
        self.messages: list[dict[str, Any]] = []

    def take(self, events: Sequence[LogEvent]) -> None:
        """Take a batch."""
        self.recorder.observe(events)
        changes = self.recorder.changes(self.run)
        self.run = changes.run
        self.steps |= {(step.path, step.node, step.attempt): step for step in changes.steps}
        self.lines |= {line.sequence: line for line in changes.lines}
        self.messages += changes.messages

    def told(self) -> set[tuple[Any, ...]]:
        """Give what subscribers were told, but for what is of a moment only."""
        momentary = ("execution:progress", "user:input:required")
        return {
            (message["type"], message.get("node_id"), message.get("path"), message.get("attempt"))
            for message in self.messages
            if message["type"] not in momentary
        }

    def step(self, node: str, path: str = "", attempt: int = 1) -> Step:
        """Give a step."""
        return self.steps[path, NodeId(node), attempt]


def written(compilation: Compilation, batches: Sequence[Sequence[LogEvent]]) -> Written:
    found = Written(map_of(compilation))
    for batch in batches:
        found.take(batch)
    return found


def split_document(random: Random) -> tuple[dict[str, Any], dict[str, Any], Compilation]:
    """Make a document that is taken apart into several machines."""
    while True:
        document, inputs, _ = sound_document(random)
        for node in document["nodes"].values():
            if node["type"] == "code":
                node["data"]["source"] += " " + "x" * 250_000
        compilation = compile_document(document)
        if compilation.children:
            return document, inputs, compilation


def shuffled(events: Sequence[LogEvent], random: Random) -> list[list[LogEvent]]:
    """Put events into batches in any order, some of them several times."""
    drawn = [*events, *random.sample(events, random.randrange(len(events) + 1))]
    random.shuffle(drawn)
    cuts = sorted(random.randrange(len(drawn) + 1) for _ in range(random.randrange(6)))
    return [drawn[start:end] for start, end in zip([0, *cuts], [*cuts, len(drawn)], strict=True)]


def same(found: Written, expected: Written) -> None:
    assert found.run == expected.run
    assert found.steps == expected.steps
    assert lasting(found.lines) == lasting(expected.lines)
    assert found.told() == expected.told()


def lasting(lines: dict[str, LogLine]) -> dict[str, LogLine]:
    """Leave out when nodes were cancelled: the run's end says so first, and their own execution's a moment later."""
    return {sequence: line for sequence, line in lines.items() if not line.message.endswith("cancelled")}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_order_and_repetition_of_events_change_nothing(seed: int, pauses: bool) -> None:
    random = Random(seed)
    _, inputs, compilation = sound_document(random)
    courses = Courses(compilation, random)
    events = courses.run(inputs, pauses=[random.randrange(1, 60)] if pauses else ())
    at_once = written(compilation, [events])
    same(written(compilation, [[event] for event in events]), at_once)
    same(written(compilation, shuffled(events, random)), at_once)


@pytest.mark.parametrize("seed", [220, 464, 33957588])
def test_a_node_is_done_with_the_last_of_its_own_states(seed: int) -> None:
    random = Random(seed)
    _, inputs, compilation = sound_document(random)
    events = Courses(compilation, random).run(inputs)
    same(written(compilation, [[event] for event in events]), written(compilation, [events]))


@pytest.mark.parametrize("seed", range(4, 8))
def test_order_changes_nothing_over_the_executions_of_a_split_machine(seed: int) -> None:
    random = Random(seed)
    _, inputs, compilation = split_document(random)
    events = Courses(compilation, random).run(inputs)
    assert len({event.execution for event in events}) > 1
    at_once = written(compilation, [events])
    # A part whose start the run did not live to see is not known.
    assert at_once.recorder.taken == len(events) or at_once.run.status is RunStatus.FAILED
    same(written(compilation, [[event] for event in events]), at_once)
    same(written(compilation, shuffled(events, random)), at_once)


@pytest.mark.parametrize("seed", range(40))
def test_a_run_that_was_paused_and_resumed_ends_as_if_it_never_was(seed: int) -> None:
    random = Random(seed)
    document, inputs, compilation = sound_document(random)
    found = written(compilation, [Courses(compilation, random).run(inputs, pauses=[random.randrange(1, 30)])])
    expected = evaluate(document, inputs)
    if not expected.completed:
        assert found.run.status is RunStatus.FAILED
        return
    assert found.run.status is RunStatus.COMPLETED
    report = found.recorder.observer.report()
    for node, outcome in expected.nodes.items():
        status = "skipped" if outcome.port is None else "completed" if outcome.error is None else "failed"
        assert report.nodes[NodeId(node)].status == status, node


# Single runs

FLAKY = workflow(
    {
        "in": ("input", {}),
        "each": ("loop", {"items": [1, 2], "concurrency": 1}),
        "call": ("code", {"source": "echo", "retry": {"maxAttempts": 3}}, "each"),
        "keep": ("set", {"fields": {"v": "${call.output}"}}, "each"),
        "total": ("set", {"fields": {"n": 1}}),
        "out": ("output", {}),
    },
    ["in > each > total > out", "call > keep"],
)


def failing(*tries: int) -> Any:
    """Answer 5, but for the tries with these numbers."""
    count = iter(range(1, 1_000))

    def answer(event: dict[str, Any]) -> Any:
        del event
        if next(count) in tries:
            raise Refusal("Test.Failure", "not now")
        return 5

    return answer


def ran(document: dict[str, Any], answer: Any = None, **options: Any) -> Written:
    compilation = compile_document(document)
    courses = Courses(compilation, Random(0), answer)
    return written(compilation, [courses.run({"q": 1}, **options)])


def test_each_try_of_each_item_is_a_step() -> None:
    found = ran(FLAKY, failing(2))
    assert found.run.status is RunStatus.COMPLETED
    assert found.run.outputs == {"out": {"n": 1}}
    assert sorted(found.steps) == [
        ("", "each", 1),
        ("", "in", 1),
        ("", "out", 1),
        ("", "total", 1),
        ("each/0", "call", 1),
        ("each/0", "keep", 1),
        ("each/1", "call", 1),
        ("each/1", "call", 2),
        ("each/1", "keep", 1),
    ]
    assert found.step("call", "each/1").status is StepStatus.FAILED
    assert found.step("call", "each/1").error == {"type": "Test.Failure", "message": "not now"}
    assert found.step("call", "each/1", 2).output == 5
    assert found.step("call", "each/1", 2).console == ("call ran",)
    assert found.step("keep", "each/1").input == 5
    assert found.step("keep", "each/1").output == {"v": 5}
    assert ("node:retry", "call", "each/1", 2) in found.told()


def test_a_try_that_is_followed_by_another_is_a_warning() -> None:
    found = ran(FLAKY, failing(1))
    lines = [(line.level, line.message) for line in found.lines.values() if line.node == "call"]
    assert ("warn", "call [each/0] failed: Test.Failure: not now (tried again)") in lines
    assert ("info", "call ran") in lines


def test_the_failing_node_is_named_with_its_label() -> None:
    document = workflow(
        {"a": ("set", {"fields": {"v": 1}}), "b": ("code", {"source": "x", "label": "Get it"})}, ["a > b"]
    )
    found = ran(document, failing(*range(1, 9)))
    assert found.run.status is RunStatus.FAILED
    assert found.run.error == {
        "node_id": "b",
        "label": "Get it",
        "type": "Test.Failure",
        "message": "not now",
        "state": "Get it",
    }
    assert found.messages[-1]["type"] == "execution:failed"
    assert found.messages[-1]["error"] == found.run.error


def test_cost_is_that_of_transitions_and_functions() -> None:
    found = ran(FLAKY, failing(2))
    machine = found.recorder.observer.machine
    assert found.run.transitions == sum(step.transitions for step in found.steps.values())
    assert found.run.cost == pytest.approx(sum(step.cost for step in found.steps.values()))
    assert found.run.cost > found.run.transitions * machine.prices.transition


def test_a_question_makes_the_run_wait_and_tells_what_is_asked() -> None:
    document = workflow(
        {"ask": ("approval", {"message": "approved please", "assignees": ["ops@example.com"]}), "out": ("output", {})},
        ["ask:approved > out"],
    )
    compilation = compile_document(document)
    events = Courses(compilation, Random(0)).run({})
    until = next(number for number, event in enumerate(events) if event.type == "TaskSubmitted")
    found = written(compilation, [events[: until + 1]])
    assert found.run.status is RunStatus.WAITING
    assert found.step("ask").status is StepStatus.WAITING
    asked = next(message for message in found.messages if message["type"] == "user:input:required")
    assert asked["node_id"] == "ask"
    assert asked["request"]["message"] == "approved please"
    assert asked["request"]["assignees"] == ["ops@example.com"]
    assert "token" not in str(asked)
    found.take(events[until + 1 :])
    assert found.run.status is RunStatus.COMPLETED
    assert found.step("ask").status is StepStatus.COMPLETED


def test_a_paused_run_is_paused_and_goes_on_with_another_attempt() -> None:
    document = workflow(
        {"work": ("code", {"source": "echo", "inputs": {"v": 1}}), "out": ("output", {})}, ["work > out"]
    )
    compilation = compile_document(document)
    events = Courses(compilation, Random(0)).run({}, pauses=[1])
    until = next(number for number, event in enumerate(events) if event.type == "ExecutionRedriven")
    found = written(compilation, [events[:until]])
    assert (found.run.status, found.run.error, found.run.completed) == (RunStatus.PAUSED, None, None)
    assert found.step("work").status is StepStatus.CANCELLED
    assert found.messages[-1]["type"] == "execution:paused"
    found.take(events[until:])
    assert (found.run.status, found.run.redrives) == (RunStatus.COMPLETED, 1)
    assert found.step("work").status is StepStatus.CANCELLED
    assert found.step("work", attempt=2).status is StepStatus.COMPLETED
    assert [message["type"] for message in found.messages if "execution:" in message["type"]].count(
        "execution:resumed"
    ) == 1


def test_a_stop_for_any_other_reason_cancels() -> None:
    document = workflow(
        {"work": ("code", {"source": "echo", "inputs": {"v": 1}}), "out": ("output", {})}, ["work > out"]
    )
    compilation = compile_document(document)
    events = Courses(compilation, Random(0)).run({}, pauses=[1], cause="Cancelled")
    until = next(number for number, event in enumerate(events) if event.type == "ExecutionRedriven")
    found = written(compilation, [events[:until]])
    assert found.run.status is RunStatus.CANCELLED
    assert found.run.completed is not None


def test_a_failed_run_that_is_redriven_completes() -> None:
    document = workflow(
        {
            "each": ("loop", {"items": [1, 2, 3], "concurrency": 2}),
            "work": ("code", {"source": "x"}, "each"),
            "after": ("set", {"fields": {"v": 1}}, "each"),
            "out": ("output", {}),
        },
        ["work > after", "each > out"],
    )
    compilation = compile_document(document)
    courses = Courses(compilation, Random(3), failing(2))
    first = courses.run({})
    found = written(compilation, [first])
    assert found.run.status is RunStatus.FAILED
    found.take(courses.redrive())
    assert found.run.status is RunStatus.COMPLETED
    assert found.run.error is None
    assert {(path, node) for path, node, _ in found.steps if path} == {
        (f"each/{index}", node) for index in range(3) for node in ("work", "after")
    }
    assert all(found.step("after", f"each/{index}").status is StepStatus.COMPLETED for index in range(3))
    assert found.step("each").status is StepStatus.FAILED
    assert found.step("each", attempt=2).status is StepStatus.COMPLETED
    same(written(compilation, shuffled([event for event, _ in courses.logged], Random(1))), found)


def test_values_that_the_log_has_cut_are_missing_only() -> None:
    compilation = compile_document(FLAKY)
    events = Courses(compilation, Random(0), failing()).run({"q": 1})
    cut = [
        LogEvent(
            event.id,
            event.previous,
            event.type,
            {**event.details, **({"output": '{"v": "cut of'} if "output" in event.details else {})},
            event.time,
            event.execution,
        )
        for event in events
    ]
    found = written(compilation, [cut])
    assert found.run.status is RunStatus.COMPLETED
    assert found.step("each").status is StepStatus.COMPLETED
