"""Following runs event by event, and random runs against the reference."""

from random import Random
from typing import Any

import pytest

from millrace.compiler import Compilation, compile_document
from millrace.local.local_run import log_event
from millrace.observation import NodeReport, NodeStatus, RunObserver, RunReport
from millrace.observation.mapping import map_of
from millrace.store.records import RunStatus
from tests.local.workflows import history_of, part, statuses, workflow
from tests.reference.comparing import run
from tests.reference.evaluator import Outcome, evaluate
from tests.reference.random_documents import observed, random_document

WATCHER = "watch-"


def report_of(compilation: Compilation, events: Any) -> RunReport:
    observer = RunObserver(map_of(compilation))
    for event in events:
        observer.observe([log_event(event)])
    return observer.report()


def test_nothing_is_known_before_the_first_event() -> None:
    document = workflow({"a": ("set", {"fields": {"v": 1}}), "b": ("wait", {"seconds": 1})}, ["a > b"])
    report = RunObserver(map_of(compile_document(document))).report()
    assert report.status is RunStatus.RUNNING
    assert statuses(report) == {"a": "pending", "b": "pending"}


def test_statuses_change_as_events_come() -> None:
    document = workflow(
        {"a": ("set", {"fields": {"v": 1}}), "pause": ("wait", {"seconds": 1}), "b": ("set", {"fields": {"v": 2}})},
        ["a > pause > b"],
    )
    compilation = compile_document(document)
    observer = RunObserver(map_of(compilation))
    seen: list[dict[str, str]] = []
    for event in history_of(compilation.definition):
        observer.observe([log_event(event)])
        found = statuses(observer.report())
        if not seen or seen[-1] != found:
            seen.append(found)
    assert seen == [
        {"a": "pending", "pause": "pending", "b": "pending"},
        {"a": "completed", "pause": "pending", "b": "pending"},
        {"a": "completed", "pause": "running", "b": "pending"},
        {"a": "completed", "pause": "completed", "b": "completed"},
    ]


def test_asking_for_a_report_changes_nothing() -> None:
    document = workflow({"each": ("loop", {"items": [1, 2]}), "inner": ("wait", {"seconds": 1}, "each")})
    compilation = compile_document(document)
    events = history_of(compilation.definition)
    asked = RunObserver(map_of(compilation))
    for event in events:
        asked.observe([log_event(event)])
        asked.report()
    assert asked.report() == report_of(compilation, events)


def is_expected(outcome: Outcome, found: NodeReport) -> bool:
    if outcome.port is None:
        return found.status is NodeStatus.SKIPPED
    return found.status is (NodeStatus.COMPLETED if outcome.error is None else NodeStatus.FAILED)


def sound_document(random: Random) -> tuple[dict[str, Any], dict[str, Any], Compilation]:
    """Make a document whose outputs show what each node at the top gave, and inputs for it."""
    while True:
        document, inputs = random_document(random, random.randrange(2, 30))
        compilation = compile_document(observed(document))
        if compilation.ok:
            return observed(document), inputs, compilation


@pytest.mark.parametrize("seed", range(120))
def test_random_runs_are_reported_as_they_went(seed: int) -> None:
    document, inputs, compilation = sound_document(Random(seed))
    result = run(compilation, inputs)
    report = report_of(compilation, result.history)
    expected = evaluate(document, inputs)
    if report.outputs is None:
        assert report.status is RunStatus.FAILED
        assert report.error is not None
        assert report.error.node in [failure.node for failure in expected.failures]
        return
    assert report.status is RunStatus.COMPLETED
    assert report.outputs == result.output
    for node, outcome in expected.nodes.items():
        assert is_expected(outcome, part(report, node)), node
        watched = report.outputs.get(f"{WATCHER}{node}")
        if isinstance(watched, dict) and "output" in watched and outcome.port is not None:
            assert part(report, node).output == watched["output"], node
