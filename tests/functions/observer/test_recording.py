"""Recording runs into a store: late, repeated and simultaneous invocations."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from functions.observer.error_triggers import ErrorTriggers
from functions.observer.recording import Recording, run_id_of
from functions.observer.run_maps import RunMaps
from functions.observer.subscribers import Subscribers
from functions.observer.subworkflows import Subworkflows
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.compiler import Compilation, compile_document
from millrace.observation import LogEvent
from millrace.observation.mapping import map_of
from millrace.store.port import PageRequest
from millrace.store.records import (
    Connection,
    ConnectionId,
    LogLine,
    Run,
    RunId,
    RunStatus,
    Step,
    Trigger,
    TriggerId,
    Version,
    Workflow,
    WorkflowId,
)
from tests.local.workflows import workflow
from tests.observation.courses import ARN, RUN, Courses
from tests.observation.test_run_observer import sound_document
from tests.observation.test_run_recorder import RECORD, failing, lasting, shuffled, split_document, written
from tests.services.memory_store import MemoryStore

MACHINE = "millrace-test-run-0123456789abcdef"
ALL = PageRequest(10_000)


class Post:
    """Stands for the management API, and for Lambda's."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        self.sent.append((ConnectionId, Data))

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803 - boto3's names
        assert InvocationType == "Event"
        self.sent.append((FunctionName, Payload))


def store_with(compilation: Compilation) -> MemoryStore:
    store = MemoryStore()
    store.create_run(RECORD)
    store.put_compilation(MACHINE, {"map": map_of(compilation).to_json()})
    return store


def recording(store: MemoryStore, post: Post | None = None) -> Recording:
    """Make what one process has."""
    subscribers = Subscribers(store, post)
    failures = ErrorTriggers(store, lambda: post, "millrace-trigger")
    return Recording(store, RunMaps(store), subscribers, failures, Subworkflows(store, "test"), sleep=lambda _: None)


def run_in(store: MemoryStore) -> Run:
    found = store.find_run(RunId(RUN))
    assert found is not None
    return found


def steps_in(store: MemoryStore) -> dict[tuple[str, str, int], Step]:
    found = store.steps(RECORD.workspace, RECORD.id, ALL).records
    return {(step.path, step.node, step.attempt): step for step in found}


def lines_in(store: MemoryStore) -> dict[str, LogLine]:
    return {line.sequence: line for line in store.logs(RECORD.workspace, RECORD.id, ALL).records}


def is_as(store: MemoryStore, compilation: Compilation, events: Sequence[LogEvent]) -> None:
    """Check that a store has what all events at once give."""
    expected = written(compilation, [events])
    assert replace(run_in(store), events=0) == replace(expected.run, events=0)
    assert steps_in(store) == expected.steps
    assert lasting(lines_in(store)) == lasting(expected.lines)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.booleans())
def test_batches_in_any_order_over_several_processes_give_the_same(seed: int, processes: int, pauses: bool) -> None:
    random = Random(seed)
    _, inputs, compilation = sound_document(random)
    events = Courses(compilation, random).run(inputs, pauses=[random.randrange(1, 40)] if pauses else ())
    store = store_with(compilation)
    running = [recording(store) for _ in range(processes)]
    for batch in shuffled(events, random):
        random.choice(running).take(batch)
    is_as(store, compilation, events)


@pytest.mark.parametrize("seed", range(12))
def test_simultaneous_invocations_lose_nothing(seed: int) -> None:
    random = Random(seed)
    _, inputs, compilation = sound_document(random)
    events = Courses(compilation, random).run(inputs)
    store = store_with(compilation)
    batches = shuffled(events, random)
    together = threading.Barrier(len(batches))

    def invoke(batch: Sequence[LogEvent]) -> None:
        process = recording(store)
        together.wait()
        process.take(batch)

    with ThreadPoolExecutor(len(batches)) as threads:
        for done in [threads.submit(invoke, batch) for batch in batches]:
            done.result()
    is_as(store, compilation, events)


def test_a_crash_at_any_write_is_mended_by_the_next_delivery() -> None:
    compilation = compile_document(
        workflow({"a": ("code", {"source": "echo", "inputs": {"v": 1}}), "b": ("output", {})}, ["a > b"])
    )
    events = Courses(compilation, Random(0)).run({})
    for crash in ("put_steps", "put_logs", "put_runs", "save_run", "put_events"):
        for cut in range(1, len(events)):
            store = _Crashing(crash)
            store.create_run(RECORD)
            store.put_compilation(MACHINE, {"map": map_of(compilation).to_json()})
            for batch in (events[:cut], events[cut:]):
                store.armed = True
                try:
                    recording(store).take(batch)
                except _CrashError:
                    recording(store).take(batch)
            is_as(store, compilation, events)


class _CrashError(Exception):
    pass


class _Crashing(MemoryStore):
    """A store whose process dies before one kind of write, once."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.armed = False
        self.where = where

    def _reach(self, where: str) -> None:
        if self.armed and where == self.where:
            self.armed = False
            raise _CrashError(where)

    def put_steps(self, steps: Any) -> None:
        self._reach("put_steps")
        super().put_steps(steps)

    def put_logs(self, lines: Any) -> None:
        self._reach("put_logs")
        super().put_logs(lines)

    def put_runs(self, runs: Any) -> None:
        self._reach("put_runs")
        super().put_runs(runs)

    def save_run(self, run: Run, **options: Any) -> bool:
        self._reach("save_run")
        return super().save_run(run, **options)

    def put_events(self, run: RunId, events: Any) -> None:
        self._reach("put_events")
        super().put_events(run, events)


def test_a_whole_history_that_completes_is_not_kept() -> None:
    compilation = compile_document(workflow({"a": ("set", {"fields": {"v": 1}}), "b": ("output", {})}, ["a > b"]))
    events = Courses(compilation, Random(0)).run({})
    store = store_with(compilation)
    recording(store).take(events)
    assert run_in(store).status is RunStatus.COMPLETED
    assert store.events(RunId(RUN)) == []


def test_events_of_parts_belong_to_the_run() -> None:
    random = Random(3)
    _, inputs, compilation = split_document(random)
    events = Courses(compilation, random).run(inputs)
    store = store_with(compilation)
    process = recording(store)
    for event in events:
        process.take([event])
    is_as(store, compilation, events)


def test_a_published_version_brings_its_own_map() -> None:
    compilation = compile_document(workflow({"a": ("set", {"fields": {"v": 1}}), "b": ("output", {})}, ["a > b"]))
    store = MemoryStore()
    created = Workflow(RECORD.workflow, RECORD.workspace, RECORD.owner, "Test", RECORD.started, RECORD.started)
    store.create_workflow(created, {})
    version = Version(
        RECORD.workflow,
        1,
        RECORD.workspace,
        RECORD.owner,
        RECORD.started,
        "",
        "arn",
        {},
        {"map": map_of(compilation).to_json()},
    )
    store.create_version(version, replace(created, published=1, latest_version=1))
    store.create_run(replace(RECORD, version=1))
    recording(store).take(Courses(compilation, Random(0)).run({}))
    assert run_in(store).status is RunStatus.COMPLETED
    shown = store.workflow(RECORD.workspace, RECORD.workflow)
    assert shown is not None
    assert (shown.last_run, shown.last_status) == (RECORD.id, RunStatus.COMPLETED)


def test_runs_that_nobody_knows_are_passed_over() -> None:
    compilation = compile_document(workflow({"a": ("set", {"fields": {"v": 1}})}))
    store = MemoryStore()
    recording(store).take(Courses(compilation, Random(0)).run({}))
    assert store.find_run(RunId(RUN)) is None


def test_a_run_without_a_map_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    compilation = compile_document(workflow({"a": ("set", {"fields": {"v": 1}})}))
    store = MemoryStore()
    store.create_run(RECORD)
    recording(store).take(Courses(compilation, Random(0)).run({}))
    assert f"no map of machine {MACHINE} is kept" in caplog.text


def test_one_run_that_cannot_be_followed_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    compilation = compile_document(workflow({"a": ("set", {"fields": {"v": 1}}), "b": ("output", {})}, ["a > b"]))
    events = Courses(compilation, Random(0)).run({})
    store = store_with(compilation)
    other = RunId(RUN.replace("1", "9"))
    store.create_run(replace(RECORD, id=other))
    broken = [
        replace(event, execution=ARN.replace(RUN, other), details={} if "Entered" in event.type else event.details)
        for event in events
    ]
    recording(store).take([*broken, *events])
    assert run_in(store).status is RunStatus.COMPLETED
    assert f"run {other} cannot be followed" in caplog.text
    assert store.events(other)


def test_a_subworkflow_gets_a_run_of_its_own() -> None:
    compilation = compile_document(
        workflow({"a": ("set", {"fields": {"v": "${inputs.n}"}}), "b": ("output", {})}, ["a > b"])
    )
    store = MemoryStore()
    store.create_run(RECORD)
    called = Workflow(WorkflowId("wf2"), RECORD.workspace, RECORD.owner, "Called", RECORD.started, RECORD.started)
    store.create_workflow(called, {})
    version = Version(
        called.id,
        1,
        RECORD.workspace,
        RECORD.owner,
        RECORD.started,
        "",
        "arn",
        {},
        {"map": map_of(compilation).to_json()},
    )
    store.create_version(version, replace(called, published=1, latest_version=1))
    child = RunId("99999999-2222-4333-8444-555555555555")
    trigger = {"type": "subworkflow", "workflowId": "wf", "runId": RUN, "node": "call"}
    events = [
        replace(
            event,
            execution=f"arn:aws:states:us-east-1:000000000000:execution:millrace-test-wf2:{child}",
            details={**event.details, "input": f'{{"inputs": {{"n": 4}}, "trigger": {json.dumps(trigger)}}}'}
            if event.id == 1
            else event.details,
        )
        for event in Courses(compilation, Random(0)).run({"n": 4})
    ]
    recording(store).take(events)
    run = store.find_run(child)
    assert run is not None
    assert (run.workflow, run.status, run.trigger, run.inputs) == ("wf2", RunStatus.COMPLETED, trigger, {"n": 4})


def test_those_who_watch_are_told() -> None:
    compilation = compile_document(workflow({"a": ("code", {"source": "x"}), "b": ("output", {})}, ["a > b"]))
    store, post = store_with(compilation), Post()
    store.put_connection(Connection(ConnectionId("c1"), RECORD.workspace, RECORD.owner, RECORD.started))
    store.subscribe(ConnectionId("c1"), RunId(RUN))
    recording(store, post).take(Courses(compilation, Random(0), failing()).run({}))
    kinds = [json.loads(data)["type"] for connection, data in post.sent if connection == "c1"]
    assert kinds == [
        "execution:started",
        "node:started",
        "node:completed",
        "node:started",
        "node:completed",
        "execution:completed",
    ]


def test_a_run_that_failed_is_handed_on_where_a_workflow_watches_for_it() -> None:
    compilation = compile_document(workflow({"a": ("code", {"source": "fail"})}))
    events = Courses(compilation, Random(0)).run({})
    for watched in (True, False):
        store, post = store_with(compilation), Post()
        if watched:
            store.put_trigger(
                Trigger(
                    TriggerId("t"),
                    WorkflowId("other"),
                    RECORD.workspace,
                    RECORD.owner,
                    "error",
                    {},
                    RECORD.started,
                )
            )
        recording(store, post).take(events)
        told = [("millrace-trigger", {"workspace": "ws", "failedRun": RUN})] if watched else []
        assert [(name, json.loads(data)) for name, data in post.sent] == told


def test_an_express_execution_of_a_version_is_priced_as_one() -> None:
    compilation = compile_document(workflow({"a": ("set", {"fields": {"v": 1}}), "b": ("output", {})}, ["a > b"]))
    store = store_with(compilation)
    arn = f"{ARN.replace(':execution:', ':express:')}:unique"
    recording(store).take([replace(event, execution=arn) for event in Courses(compilation, Random(0)).run({})])
    found = run_in(store)
    assert (found.status, found.execution) == (RunStatus.COMPLETED, arn)
    assert 0 < found.cost < 0.000002


def test_executions_are_named_after_their_run() -> None:
    assert run_id_of(ARN) == RUN
    assert run_id_of(f"{ARN}-0f6bd2a2-6b64-4d1c-9b6e-2f1a4f0e2f11") == RUN
    assert run_id_of("arn:aws:states:us-east-1:0:express:machine:named:unique") == "named"
