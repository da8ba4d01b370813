from dataclasses import replace

import pytest

from millrace.store.dynamo_store import DynamoStore
from millrace.store.errors import KeyTakenError, RecordNotFoundError, RevisionConflictError
from millrace.store.records import TriggerId, WorkflowId, WorkspaceId
from tests.store.records import LARGE, trigger


def test_webhook_is_found_by_id_and_by_key(store: DynamoStore, workspace: WorkspaceId) -> None:
    given = trigger(workspace, config={"large": LARGE})
    written = store.put_trigger(given)
    assert written == replace(given, revision=1)
    assert store.trigger(workspace, given.id) == written
    assert store.trigger_by_key(given.key) == written
    assert store.trigger(WorkspaceId("other"), given.id) is None
    assert store.trigger_by_key("GET /hooks/nothing") is None


def test_key_of_another_trigger_is_refused(store: DynamoStore, workspace: WorkspaceId) -> None:
    first = store.put_trigger(trigger(workspace))
    with pytest.raises(KeyTakenError, match="hooks"):
        store.put_trigger(trigger(WorkspaceId("other"), key=first.key))
    second = store.put_trigger(trigger(workspace))
    with pytest.raises(KeyTakenError):
        store.put_trigger(replace(second, key=first.key))
    assert store.trigger(workspace, second.id) == second


def test_changed_key_frees_the_former_one(store: DynamoStore, workspace: WorkspaceId) -> None:
    first = store.put_trigger(trigger(workspace))
    moved = store.put_trigger(replace(first, key=f"{first.key}/moved"))
    assert store.trigger_by_key(first.key) is None
    assert store.trigger_by_key(moved.key) == moved
    assert store.put_trigger(trigger(workspace, key=first.key)).key == first.key
    without = store.put_trigger(replace(moved, key=""))
    assert store.trigger_by_key(moved.key) is None
    assert store.trigger(workspace, without.id) == without


def test_trigger_saved_meanwhile_is_not_written_over(store: DynamoStore, workspace: WorkspaceId) -> None:
    first = store.put_trigger(trigger(workspace))
    second = store.put_trigger(replace(first, enabled=False))
    with pytest.raises(RevisionConflictError) as conflict:
        store.put_trigger(replace(first, config={}))
    assert conflict.value.current == second


def test_removed_trigger_frees_its_key_and_is_not_revived(store: DynamoStore, workspace: WorkspaceId) -> None:
    first = store.put_trigger(trigger(workspace))
    assert store.delete_trigger(workspace, first.id)
    assert not store.delete_trigger(workspace, first.id)
    assert store.trigger_by_key(first.key) is None
    with pytest.raises(RecordNotFoundError):
        store.put_trigger(first)
    store.put_trigger(trigger(workspace, key=first.key))


def test_triggers_are_listed_by_workflow_and_by_type(store: DynamoStore, workspace: WorkspaceId) -> None:
    hook = store.put_trigger(trigger(workspace, created="2026-11-21T07:30:02.000Z"))
    clock = store.put_trigger(trigger(workspace, type="schedule", key="", created="2026-11-21T07:30:01.000Z"))
    other = store.put_trigger(trigger(workspace, workflow=WorkflowId("other"), config={"large": LARGE}))
    assert store.triggers(workspace, hook.workflow) == (clock, hook)
    assert store.triggers_of_type(workspace, "webhook") == (other, hook)
    assert store.triggers_of_type(workspace, "event") == ()
    assert store.trigger(workspace, TriggerId("none")) is None
