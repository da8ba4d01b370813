from collections.abc import Callable
from dataclasses import replace

import pytest

from millrace.model import Json, NodeId
from millrace.store.dynamo_store import DynamoStore
from millrace.store.errors import RecordExistsError, RecordNotFoundError
from millrace.store.port import PageRequest, RunFilter
from millrace.store.records import LogLine, Run, RunId, RunStatus, StepStatus, WorkspaceId
from tests.store.records import LARGE, MOMENT, new_id, run, step

DAY = 24 * 3600.0


def line(run: Run, sequence: str, **fields: Json) -> LogLine:
    values: dict[str, Json] = {"level": "info", "message": "m", "created": MOMENT}
    return LogLine(run=run.id, workspace=run.workspace, sequence=sequence, **{**values, **fields})  # type: ignore[arg-type]


def test_run_comes_back_as_it_was_written(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(
        workspace, outputs={"b": [1.5, None]}, error={"type": "E"}, version=3, cost=0.25, origin=RunId("r"), events=7
    )
    store.create_run(created)
    assert store.run(workspace, created.id) == created
    assert store.find_run(created.id) == created
    assert store.run(WorkspaceId("other"), created.id) is None


def test_many_runs_are_found_and_written_at_once(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = [run(workspace) for _ in range(30)]
    for one in created:
        store.create_run(one)
    missing = RunId("missing")
    assert store.find_runs([missing, *(one.id for one in created)]) == {one.id: one for one in created}
    completed = [replace(one, status=RunStatus.COMPLETED, outputs={"n": 1}, events=12) for one in created]
    store.put_runs(completed)
    assert store.find_runs(one.id for one in created) == {one.id: one for one in completed}
    assert store.find_runs([]) == {}


def test_second_run_with_an_id_is_refused(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(workspace)
    store.create_run(created)
    with pytest.raises(RecordExistsError):
        store.create_run(replace(created, workspace=WorkspaceId("other")))


def test_run_is_saved_when_its_status_is_expected(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(workspace, status=RunStatus.PENDING)
    store.create_run(created)
    running = replace(created, status=RunStatus.RUNNING)
    assert store.save_run(running, expected=[RunStatus.PENDING, RunStatus.PAUSED])
    assert not store.save_run(replace(created, status=RunStatus.FAILED), expected=[RunStatus.PENDING])
    assert store.run(workspace, created.id) == running


def test_observer_that_took_in_the_same_events_is_refused(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(workspace)
    store.create_run(created)
    assert store.save_run(replace(created, events=5), events=0)
    assert not store.save_run(replace(created, events=3), events=0)
    assert store.save_run(replace(created, events=9), expected=[RunStatus.RUNNING], events=5)


def test_run_that_is_not_there_cannot_be_saved(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(workspace)
    with pytest.raises(RecordNotFoundError):
        store.save_run(created)
    store.create_run(created)
    with pytest.raises(RecordNotFoundError):
        store.save_run(replace(created, workspace=WorkspaceId("other")))


def test_lists_of_runs_hold_no_bodies(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(workspace, outputs={"large": LARGE})
    store.create_run(created)
    [listed] = store.runs(workspace, RunFilter(), PageRequest()).records
    assert listed == replace(created, inputs=None, outputs=None, trigger={"type": "webhook"})


def test_run_moves_between_the_lists_of_its_statuses(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = run(workspace)
    store.create_run(created)
    store.save_run(replace(created, status=RunStatus.COMPLETED))
    assert store.runs(workspace, RunFilter(status=RunStatus.RUNNING), PageRequest()).records == ()
    assert len(store.runs(workspace, RunFilter(status=RunStatus.COMPLETED), PageRequest()).records) == 1


def test_no_run_starts_between_reversed_moments(store: DynamoStore, workspace: WorkspaceId) -> None:
    assert store.runs(workspace, RunFilter(started_after="2027", started_before="2026"), PageRequest()).records == ()


def test_steps_come_by_node_then_index_then_attempt(store: DynamoStore, workspace: WorkspaceId) -> None:
    owner = run(workspace)
    expected = [
        *(step(owner, "each", attempt=attempt) for attempt in range(1, 12)),
        *(step(owner, "fetch", path=f"each/{index}/inner/{index}") for index in range(30)),
        step(owner, "fetch-1"),
    ]
    store.put_steps(reversed(expected))
    first = store.steps(workspace, owner.id, PageRequest(20))
    second = store.steps(workspace, owner.id, PageRequest(100, first.cursor))
    assert [*first.records, *second.records] == expected
    assert store.steps(workspace, owner.id, PageRequest(100), node=NodeId("fetch")).records == tuple(expected[11:41])
    assert store.steps(WorkspaceId("other"), owner.id, PageRequest()).records == ()


def test_step_written_again_is_written_over(store: DynamoStore, workspace: WorkspaceId) -> None:
    owner = run(workspace)
    running = step(owner, status=StepStatus.RUNNING, output=None)
    done = step(owner, input=[LARGE], output={"o": LARGE}, error={"type": "E"}, console=("a", "b"), cost=0.5)
    store.put_steps([running])
    store.put_steps([running, done])
    assert store.steps(workspace, owner.id, PageRequest()).records == (done,)


def test_log_lines_come_by_sequence_level_and_node(store: DynamoStore, workspace: WorkspaceId) -> None:
    owner = run(workspace)
    lines = [
        line(owner, "0001"),
        line(owner, "0002", level="error", node="fetch", metadata={"a": 1}),
        line(owner, "0003", node="fetch"),
    ]
    store.put_logs(reversed(lines))
    store.put_logs(lines)
    assert list(store.logs(workspace, owner.id, PageRequest()).records) == lines
    assert list(store.logs(workspace, owner.id, PageRequest(), level="error").records) == lines[1:2]
    assert list(store.logs(workspace, owner.id, PageRequest(), node=NodeId("fetch")).records) == lines[1:]


def test_events_put_aside_come_by_their_ids_for_90_days(
    store: DynamoStore, later: Callable[[float], DynamoStore]
) -> None:
    identity = RunId(new_id())
    events: list[tuple[int, Json]] = [(2**62, {"last": True}), (10, [{"id": 10}]), (9, {"payload": LARGE})]
    store.put_events(identity, events)
    store.put_events(identity, events[:1])
    assert store.events(identity) == [{"payload": LARGE}, [{"id": 10}], {"last": True}]
    assert later(91 * DAY).events(identity) == []


def test_compilation_of_a_draft_is_kept_by_its_machine(store: DynamoStore) -> None:
    assert store.compilation("millrace-test-run-1") is None
    store.put_compilation("millrace-test-run-1", {"map": LARGE})
    assert store.compilation("millrace-test-run-1") == {"map": LARGE}
