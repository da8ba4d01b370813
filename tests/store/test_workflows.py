from collections.abc import Callable
from dataclasses import replace

import pytest

from millrace.store.dynamo_store import DynamoStore
from millrace.store.errors import RecordExistsError, RecordNotFoundError, RecordTooLargeError, RevisionConflictError
from millrace.store.port import PageRequest, WorkflowFilter
from millrace.store.records import RunStatus, WorkflowId, WorkspaceId
from tests.store.records import LARGE, run, version, workflow

DAY = 24 * 3600.0
FIRST = PageRequest(10)


def names(store: DynamoStore, workspace: WorkspaceId, filter: WorkflowFilter) -> list[str]:  # noqa: A002 - the port's name
    return [record.name for record in store.workflows(workspace, filter, PageRequest(100)).records]


def test_workflow_comes_back_as_it_was_written(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace, "Bestellungen für Łódź", description="d", folder="f", tags=("b", "a"), machine="arn")
    store.create_workflow(created, {"nodes": {}})
    assert store.workflow(workspace, created.id) == created
    assert store.document(workspace, created.id) == {"nodes": {}}


def test_second_workflow_with_an_id_is_refused(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {"first": True})
    with pytest.raises(RecordExistsError, match=created.id):
        store.create_workflow(created, {"first": False})
    assert store.document(workspace, created.id) == {"first": True}


def test_workflow_of_another_workspace_is_absent(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    other = WorkspaceId("other")
    assert store.workflow(other, created.id) is None
    with pytest.raises(RecordNotFoundError):
        store.document(other, created.id)
    with pytest.raises(RecordNotFoundError):
        store.save_workflow(replace(created, workspace=other), {})


def test_workspaces_and_ids_do_not_run_into_each_other(store: DynamoStore, workspace: WorkspaceId) -> None:
    store.create_workflow(workflow(workspace, id=WorkflowId("b#c")), {})
    assert store.workflow(WorkspaceId(f"{workspace}#b"), WorkflowId("c")) is None
    assert store.workflow(workspace, WorkflowId("b%23c")) is None


def test_saving_gives_the_next_revision(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {"n": 1})
    saved = store.save_workflow(replace(created, name="Renamed"), {"n": 2})
    assert saved == replace(created, name="Renamed", revision=2)
    assert store.workflow(workspace, created.id) == saved
    assert store.document(workspace, created.id) == {"n": 2}


def test_saving_on_top_of_an_old_revision_names_the_current_one(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {"n": 1})
    saved = store.save_workflow(replace(created, name="Hers"), {"n": 2})
    with pytest.raises(RevisionConflictError) as conflict:
        store.save_workflow(replace(created, name="His"), {"n": 3})
    assert conflict.value.current == saved
    assert conflict.value.seen == 1
    assert store.document(workspace, created.id) == {"n": 2}


def test_saving_what_is_not_there_is_refused(store: DynamoStore, workspace: WorkspaceId) -> None:
    with pytest.raises(RecordNotFoundError):
        store.save_workflow(workflow(workspace), {})


def test_saving_without_a_document_keeps_the_former_one(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {"n": 1})
    second = store.save_workflow(replace(created, name="Renamed"), None)
    store.save_workflow(second, {"n": 3})
    assert [store.document(workspace, created.id, revision) for revision in (1, 2, 3)] == [{"n": 1}, {"n": 1}, {"n": 3}]


@pytest.mark.parametrize("revision", [-1, 0, 2])
def test_revision_that_never_was_has_no_document(store: DynamoStore, workspace: WorkspaceId, revision: int) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    with pytest.raises(RecordNotFoundError, match=f"revision {revision}"):
        store.document(workspace, created.id, revision)


def test_former_draft_goes_30_days_after_the_next_save(
    store: DynamoStore, workspace: WorkspaceId, later: Callable[[float], DynamoStore]
) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {"n": 1})
    store.save_workflow(created, {"n": 2})
    assert later(29 * DAY).document(workspace, created.id, 1) == {"n": 1}
    with pytest.raises(RecordNotFoundError):
        later(31 * DAY).document(workspace, created.id, 1)
    assert later(31 * DAY).document(workspace, created.id) == {"n": 2}


def test_deleted_workflow_moves_to_another_list_and_back(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {"n": 1})
    deleted = store.save_workflow(replace(created, deleted="2026-11-22T00:00:00.000Z"), None)
    assert store.workflow(workspace, created.id) == deleted
    assert store.count_workflows(workspace) == 0
    assert names(store, workspace, WorkflowFilter()) == []
    assert names(store, workspace, WorkflowFilter(deleted=True)) == ["Orders"]
    restored = store.save_workflow(replace(deleted, deleted=None), None)
    assert store.workflows(workspace, WorkflowFilter(), FIRST).records == (restored,)
    assert names(store, workspace, WorkflowFilter(deleted=True)) == []
    assert store.count_workflows(workspace) == 1


def test_workflows_that_are_not_deleted_are_counted(store: DynamoStore, workspace: WorkspaceId) -> None:
    assert store.count_workflows(workspace) == 0
    for index in range(3):
        store.create_workflow(workflow(workspace, str(index)), {})
    store.create_workflow(workflow(workspace, deleted="2026-11-22T00:00:00.000Z"), {})
    assert store.count_workflows(workspace) == 3


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (WorkflowFilter(search="ÜBER"), ["Überweisung"]),
        (WorkflowFilter(search="money"), ["Überweisung"]),
        (WorkflowFilter(search="r", tags=("daily",)), ["Orders"]),
        (WorkflowFilter(tags=("daily", "slow")), ["Backup"]),
        (WorkflowFilter(folder="ops"), ["Backup"]),
        (WorkflowFilter(folder=""), ["Überweisung", "Orders"]),
        (WorkflowFilter(search="nothing"), []),
    ],
)
def test_lists_filter(
    store: DynamoStore,
    workspace: WorkspaceId,
    filter: WorkflowFilter,  # noqa: A002 - the port's name
    expected: list[str],
) -> None:
    for record in (
        workflow(workspace, "Orders", tags=("daily",), updated="2026-01-01"),
        workflow(workspace, "Überweisung", description="Sends Money", updated="2026-01-02"),
        workflow(workspace, "Backup", folder="ops", tags=("slow", "daily"), updated="2026-01-03"),
    ):
        store.create_workflow(record, {})
    assert names(store, workspace, filter) == expected


def test_last_run_shows_without_a_new_revision(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    first = run(workspace, workflow=created.id, started="2026-11-21T08:00:00.000Z")
    second = run(workspace, workflow=created.id, started="2026-11-21T09:00:00.000Z")
    store.note_last_run(first)
    store.note_last_run(second)
    store.note_last_run(replace(first, status=RunStatus.FAILED))
    store.note_last_run(replace(second, status=RunStatus.COMPLETED))
    found = store.workflow(workspace, created.id)
    assert found == replace(created, last_run=second.id, last_status=RunStatus.COMPLETED)
    assert store.workflows(workspace, WorkflowFilter(), FIRST).records == (found,)
    assert store.save_workflow(created, None).revision == 2


def test_version_and_the_workflow_that_names_it_are_written_together(
    store: DynamoStore, workspace: WorkspaceId
) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    published = version(created, document={"large": LARGE}, compilation={"large": LARGE})
    saved = store.create_version(published, replace(created, published=1, latest_version=1))
    assert saved.revision == 2
    assert store.workflow(workspace, created.id) == saved
    assert store.version(workspace, created.id, 1) == published
    assert store.document(workspace, created.id) == {}


def test_version_of_a_workflow_saved_meanwhile_is_not_written(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    store.save_workflow(created, {})
    with pytest.raises(RevisionConflictError):
        store.create_version(version(created), replace(created, published=1))
    assert store.version(workspace, created.id, 1) is None


def test_version_is_never_written_over(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace)
    store.create_workflow(created, {})
    saved = store.create_version(version(created), replace(created, published=1, latest_version=1))
    with pytest.raises(RecordExistsError, match="version"):
        store.create_version(version(created, message="again"), saved)
    assert store.workflow(workspace, created.id) == saved


def test_versions_are_listed_newest_first_without_bodies(store: DynamoStore, workspace: WorkspaceId) -> None:
    current = workflow(workspace)
    store.create_workflow(current, {})
    for number in range(1, 13):
        current = store.create_version(version(current, number), replace(current, latest_version=number))
    first = store.versions(workspace, current.id, PageRequest(10))
    second = store.versions(workspace, current.id, PageRequest(10, first.cursor))
    assert [record.number for record in (*first.records, *second.records)] == list(range(12, 0, -1))
    assert first.records[0] == version(current, 12, document=None, compilation=None)
    assert second.cursor is None


def test_description_beyond_an_item_is_refused(store: DynamoStore, workspace: WorkspaceId) -> None:
    with pytest.raises(RecordTooLargeError, match="shorten"):
        store.create_workflow(workflow(workspace, description=LARGE), {})


def test_text_that_no_utf8_can_hold_does_not_break_a_list(store: DynamoStore, workspace: WorkspaceId) -> None:
    created = workflow(workspace, "a\ud800", tags=("\ud800",), folder="\ud800")
    store.create_workflow(created, {"text": "\ud800"})
    assert store.document(workspace, created.id) == {"text": "\ud800"}
    found = store.workflows(workspace, WorkflowFilter(search="\ud800", tags=("\ud800",), folder="\ud800"), FIRST)
    assert found.records == (created,)
