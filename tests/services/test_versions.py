"""Versions: listed, found, compared."""

import copy
from typing import Any

import pytest

from millrace.services.caller import Caller
from millrace.services.comparison import FieldChange, compare
from millrace.services.errors import ErrorCode, InvalidRequestError, NotFoundError
from millrace.services.versions import Versions
from millrace.services.workflows import Change, Draft, Workflows
from millrace.store.port import PageRequest
from millrace.store.records import Version, Workflow
from tests.services.documents import constant
from tests.services.memory_store import MemoryStore


@pytest.fixture
def versions(store: MemoryStore, workflows: Workflows) -> Versions:
    return Versions(store, workflows)


@pytest.fixture
def workflow(store: MemoryStore, workflows: Workflows, caller: Caller) -> Workflow:
    """A workflow with three versions and a newer draft."""
    workflow = workflows.create(caller, Draft("Constant", constant(0)))
    for number in (1, 2, 3):
        version = Version(
            workflow=workflow.id,
            number=number,
            workspace=caller.workspace,
            author=caller.user,
            created=f"2026-11-2{number}T00:00:00.000Z",
            message=f"number {number}",
            machine_version=f"arn:machine:{number}",
            document={"name": "Constant", **constant(number)},
            compilation={},
        )
        workflow = store.create_version(version, workflow)
    return workflows.update(caller, workflow.id, Change(definition=constant("draft")), None)


def test_versions_come_newest_first_and_in_pages(versions: Versions, caller: Caller, workflow: Workflow) -> None:
    first = versions.find(caller, workflow.id, PageRequest(2))
    rest = versions.find(caller, workflow.id, PageRequest(2, first.cursor))
    assert [one.number for one in (*first.records, *rest.records)] == [3, 2, 1]
    assert rest.cursor is None


def test_a_version_keeps_its_document(versions: Versions, caller: Caller, workflow: Workflow) -> None:
    document: Any = versions.get(caller, workflow.id, 2).document
    assert document["nodes"] == constant(2)["nodes"]


def test_what_is_not_there_is_named(versions: Versions, caller: Caller, stranger: Caller, workflow: Workflow) -> None:
    with pytest.raises(NotFoundError, match="no version 9") as caught:
        versions.get(caller, workflow.id, 9)
    assert caught.value.code is ErrorCode.VERSION_NOT_FOUND
    with pytest.raises(NotFoundError) as hidden:
        versions.get(stranger, workflow.id, 1)
    assert hidden.value.code is ErrorCode.WORKFLOW_NOT_FOUND
    with pytest.raises(InvalidRequestError):
        versions.find(caller, workflow.id, PageRequest(cursor="nowhere"))


def test_any_two_versions_compare_and_the_draft_with_any(
    versions: Versions, caller: Caller, workflow: Workflow
) -> None:
    (change,) = versions.compare(caller, workflow.id, 1, 3).changed
    assert (change.node, change.type) == ("value", "set")
    assert change.fields == (FieldChange("data.fields.it", 1, 3, "changed"),)
    (drafted,) = versions.compare(caller, workflow.id, 3, None).changed
    assert drafted.fields == (FieldChange("data.fields.it", 3, "draft", "changed"),)
    assert versions.compare(caller, workflow.id, 2, 2).identical


def test_a_comparison_tells_nodes_fields_edges_and_settings_apart() -> None:
    before: dict[str, Any] = {"name": "A", **constant([1, {"deep": True}])}
    after = copy.deepcopy(before)
    after["name"] = "B"
    after["settings"] = {"timeoutSeconds": 60}
    after["nodes"]["value"]["data"]["fields"]["it"] = [1, {"deep": False, "new": 1}, 3]
    after["nodes"]["value"]["data"]["label"] = "Value"
    after["nodes"]["out"]["position"] = {"x": 5, "y": 5}
    after["nodes"]["more"] = {"id": "more", "type": "note", "data": {"label": "More", "text": "x"}}
    after["edges"] = [{"source": "value", "target": "more"}]
    comparison = compare(before, after)
    (changed,) = comparison.changed
    assert {(one.field, one.kind) for one in changed.fields} == {
        ("data.fields.it[1].deep", "changed"),
        ("data.fields.it[1].new", "added"),
        ("data.fields.it[2]", "added"),
        ("data.label", "added"),
    }
    assert [(one.node, one.label) for one in comparison.added] == [("more", "More")]
    assert comparison.moved == ("out",)
    assert [(one.source, one.target) for one in comparison.edges_added] == [("value", "more")]
    assert [(one.source, one.target) for one in comparison.edges_removed] == [("value", "out")]
    assert {one.field for one in comparison.settings} == {"name", "settings"}
    assert [one.node for one in compare(after, before).removed] == ["more"]


def test_an_edge_that_has_only_another_id_is_the_same() -> None:
    before = constant(1)
    after = copy.deepcopy(before)
    after["edges"][0] |= {"id": "other", "sourceHandle": "out"}
    assert compare(before, after).identical


@pytest.mark.parametrize(
    "document", [{}, {"nodes": 3}, {"nodes": ["x", {"id": "a"}]}, {"edges": "x"}, {"nodes": {"a": 1}, "edges": [None]}]
)
def test_drafts_of_any_shape_compare(document: dict[str, Any]) -> None:
    assert compare(document, document).identical
    compare(document, constant(1))
    compare(constant(1), document)
