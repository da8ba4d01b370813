"""Drafts: saved on top of what was seen, found, copied, deleted and restored."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from millrace.services.caller import Caller
from millrace.services.errors import ErrorCode, InvalidRequestError, NotFoundError, PreconditionError, RevisionError
from millrace.services.workflows import Change, Draft, Workflows
from millrace.store.port import PageRequest, WorkflowFilter
from millrace.store.records import Workflow, WorkflowId
from tests.services.documents import constant
from tests.services.memory_store import MemoryStore


@pytest.fixture
def workflow(workflows: Workflows, caller: Caller) -> Workflow:
    return workflows.create(caller, Draft("Orders", constant(1), "of today", "sales", ("daily", "eu")))


def test_a_new_workflow_keeps_its_draft_with_its_name(workflows: Workflows, caller: Caller, workflow: Workflow) -> None:
    found = workflows.get(caller, workflow.id)
    assert found == workflow
    assert (found.revision, found.published, found.owner, found.folder) == (1, None, "local", "sales")
    document = workflows.definition(found)
    assert (document["name"], document["description"]) == ("Orders", "of today")
    assert document["edges"] == constant(1)["edges"]


def test_a_save_on_the_seen_revision_gives_the_next_one(
    workflows: Workflows, caller: Caller, workflow: Workflow
) -> None:
    saved = workflows.update(caller, workflow.id, Change(definition=constant(2)), seen=1)
    assert saved.revision == 2
    assert workflows.definition(saved)["nodes"] == constant(2)["nodes"]
    assert (saved.name, saved.tags) == ("Orders", ("daily", "eu"))


def test_a_save_on_an_older_revision_is_told_what_is_there(
    workflows: Workflows, caller: Caller, workflow: Workflow
) -> None:
    workflows.update(caller, workflow.id, Change(definition=constant(2)), seen=1)
    with pytest.raises(RevisionError) as caught:
        workflows.update(caller, workflow.id, Change(definition=constant(3)), seen=1)
    assert caught.value.current.revision == 2
    document: Any = caught.value.document
    assert document["nodes"] == constant(2)["nodes"]
    assert workflows.definition(workflows.get(caller, workflow.id))["nodes"] == constant(2)["nodes"]


def test_of_many_saves_of_one_revision_one_wins(workflows: Workflows, caller: Caller, workflow: Workflow) -> None:
    def save(number: int) -> bool:
        try:
            workflows.update(caller, workflow.id, Change(definition=constant(number)), seen=1)
        except RevisionError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(save, range(50))) == 1
    assert workflows.get(caller, workflow.id).revision == 2


def test_a_new_name_is_also_the_documents(workflows: Workflows, caller: Caller, workflow: Workflow) -> None:
    saved = workflows.update(caller, workflow.id, Change(name="Sales", description=""), seen=1)
    document = workflows.definition(saved)
    assert document["name"] == "Sales"
    assert "description" not in document


def test_saving_over_whatever_is_there_goes_through(
    workflows: Workflows, caller: Caller, workflow: Workflow, store: MemoryStore
) -> None:
    comes_between = iter([True])

    def come_between() -> None:
        if next(comes_between, False):
            workflows.update(caller, workflow.id, Change(folder="elsewhere"), seen=1)

    store.before_save = come_between
    saved = workflows.update(caller, workflow.id, Change(name="Mine"), seen=None)
    assert (saved.name, saved.folder, saved.revision) == ("Mine", "elsewhere", 3)


def test_others_see_nothing(workflows: Workflows, caller: Caller, stranger: Caller, workflow: Workflow) -> None:
    attempts = (
        lambda: workflows.get(stranger, workflow.id),
        lambda: workflows.update(stranger, workflow.id, Change(name="x"), None),
        lambda: workflows.delete(stranger, workflow.id),
        lambda: workflows.restore(stranger, workflow.id),
        lambda: workflows.duplicate(stranger, workflow.id),
    )
    for attempt in attempts:
        with pytest.raises(NotFoundError) as caught:
            attempt()
        assert caught.value.code is ErrorCode.WORKFLOW_NOT_FOUND
        assert "Orders" not in str(caught.value)
    assert not workflows.find(stranger, WorkflowFilter(), PageRequest()).records


def test_a_deleted_workflow_is_gone_until_it_is_restored(
    workflows: Workflows, caller: Caller, workflow: Workflow
) -> None:
    workflows.delete(caller, workflow.id)
    with pytest.raises(NotFoundError, match="restore it"):
        workflows.get(caller, workflow.id)
    assert not workflows.find(caller, WorkflowFilter(), PageRequest()).records
    assert len(workflows.find(caller, WorkflowFilter(deleted=True), PageRequest()).records) == 1
    restored = workflows.restore(caller, workflow.id)
    assert restored.deleted is None
    assert workflows.definition(restored)["nodes"] == constant(1)["nodes"]
    with pytest.raises(PreconditionError):
        workflows.restore(caller, workflow.id)


def test_a_copy_is_a_workflow_of_its_own(workflows: Workflows, caller: Caller, workflow: Workflow) -> None:
    copy = workflows.duplicate(caller, workflow.id)
    assert (copy.name, copy.revision, copy.tags) == ("Copy of Orders", 1, ("daily", "eu"))
    workflows.update(caller, copy.id, Change(definition=constant(9)), seen=1)
    assert workflows.definition(workflows.get(caller, workflow.id))["nodes"] == constant(1)["nodes"]
    assert workflows.definition(copy)["name"] == "Copy of Orders"


def test_labels_are_counted(workflows: Workflows, caller: Caller, workflow: Workflow) -> None:
    workflows.create(caller, Draft("Second", constant(1), folder="sales", tags=("eu",)))
    labels = workflows.labels(caller)
    assert labels.folders == {"sales": 2}
    assert labels.tags == {"daily": 1, "eu": 2}


def test_a_cursor_of_nowhere_is_an_invalid_request(workflows: Workflows, caller: Caller) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        workflows.find(caller, WorkflowFilter(), PageRequest(cursor="nowhere"))
    assert caught.value.code is ErrorCode.INVALID_CURSOR


def test_an_unknown_workflow_is_named(workflows: Workflows, caller: Caller) -> None:
    with pytest.raises(NotFoundError, match="'nope'"):
        workflows.get(caller, WorkflowId("nope"))
