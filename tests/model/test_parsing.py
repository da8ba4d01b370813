"""Reading documents: what is taken as it is, what is mended on the way, and what is reported."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model import OUT, Code, Diagnostic, Edge, EdgeId, NodeId, Port, Severity, Workflow, parse_document

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def read(document: dict[str, Any]) -> Workflow:
    """Read a document that has no faults."""
    workflow, problems = parse_document(document)
    assert problems == ()
    assert workflow is not None
    return workflow


def faults(document: object) -> list[tuple[Code, str | None]]:
    """Give the codes and fields of a document's faults."""
    return [(problem.code, problem.field) for problem in parse_document(document)[1]]


def test_a_document_needs_nodes_alone() -> None:
    workflow = read({"nodes": {"a": {"type": "set"}}})
    assert workflow.name == "Untitled"
    assert workflow.edges == ()
    assert workflow.nodes[NodeId("a")].data == {}
    assert (workflow.settings.execution, workflow.settings.timeout_seconds) == ("standard", None)


def test_nodes_may_be_a_list_as_react_flow_exports_them() -> None:
    workflow = read({"nodes": [{"id": "a", "type": "set"}, {"id": "b", "type": "set", "parentId": "a"}]})
    assert list(workflow.nodes) == ["a", "b"]
    assert [node.id for node in workflow.children(NodeId("a"))] == ["b"]
    assert [node.id for node in workflow.children(None)] == ["a"]


def test_nodes_of_a_list_need_ids_of_their_own() -> None:
    assert faults({"nodes": [{"id": "a", "type": "set"}, {"id": "a", "type": "set"}, {"type": "set"}, 7]}) == [
        (Code.MALFORMED_DOCUMENT, "nodes[1].id"),
        (Code.MALFORMED_DOCUMENT, "nodes[2]"),
        (Code.MALFORMED_DOCUMENT, "nodes[3]"),
    ]


def test_what_the_builder_keeps_for_itself_is_left_alone() -> None:
    drawn = {"type": "set", "position": {"x": 1, "y": 2}, "width": 200, "selected": True, "data": None}
    workflow = read({"nodes": {"a": drawn}, "viewport": {"zoom": 1}, "settings": None, "edges": None})
    assert workflow.nodes[NodeId("a")].data == {}


def test_edges_have_an_id_and_leave_by_out_unless_they_say_otherwise() -> None:
    document = {
        "nodes": {"a": {"type": "set"}, "b": {"type": "set"}},
        "edges": [
            {"source": "a", "target": "b"},
            {"id": "named", "source": "a", "target": "b", "sourceHandle": "error", "targetHandle": "in"},
            {"source": "a", "target": "b", "sourceHandle": None},
        ],
    }
    assert read(document).edges == (
        Edge(EdgeId("e1"), NodeId("a"), NodeId("b"), OUT),
        Edge(EdgeId("named"), NodeId("a"), NodeId("b"), Port("error")),
        Edge(EdgeId("e3"), NodeId("a"), NodeId("b"), OUT),
    )


@pytest.mark.parametrize("node_id", ["a", "A", "a1", "a-b_c", "a" * 64])
def test_ids_that_are_allowed(node_id: str) -> None:
    assert list(read({"nodes": {node_id: {"type": "set"}}}).nodes) == [node_id]


@pytest.mark.parametrize("node_id", ["", "1a", "-a", "_a", "a b", "a.b", "\u00e4", "a\n", "a" * 65, 1, None])
def test_ids_that_are_not(node_id: object) -> None:
    assert faults({"nodes": {node_id: {"type": "set"}}}) == [(Code.INVALID_NODE_ID, "nodes")]


def test_all_faults_are_reported_at_once() -> None:
    document: dict[str, Any] = {
        "name": "",
        "nodes": {"a": {"type": 1}, "b": [], "c": {"id": "d", "type": "set", "data": 1, "parentId": 2}, "2": {}},
        "edges": [{"source": "a"}, "x", {"source": "a", "target": "b", "sourceHandle": 1}],
        "settings": {"execution": "both", "timeoutSeconds": -1, "expectedSeconds": {"a": "long"}},
    }
    assert [field for _, field in faults(document)] == [
        "name",
        "nodes.a.type",
        "nodes.b",
        "nodes.c.id",
        "nodes.c.data",
        "nodes.c.parentId",
        "nodes",
        "edges[0].target",
        "edges[1]",
        "edges[2].sourceHandle",
        "settings.execution",
        "settings.timeoutSeconds",
        "settings.expectedSeconds.a",
    ]


@pytest.mark.parametrize("seconds", [1, 300, 31_536_000])
def test_timeouts_that_are_allowed(seconds: int) -> None:
    workflow = read({"nodes": {"a": {"type": "set"}}, "settings": {"timeoutSeconds": seconds}})
    assert workflow.settings.timeout_seconds == seconds


@pytest.mark.parametrize("seconds", [0, -1, 1.5, True, "60", 31_536_001])
def test_timeouts_that_are_not(seconds: object) -> None:
    document = {"nodes": {"a": {"type": "set"}}, "settings": {"timeoutSeconds": seconds}}
    assert faults(document) == [(Code.INVALID_SETTINGS, "settings.timeoutSeconds")]


def test_expected_seconds_are_read_as_numbers() -> None:
    document = {"nodes": {"a": {"type": "set"}}, "settings": {"expectedSeconds": {"a": 2, "b": 0.5}}}
    assert read(document).settings.expected_seconds == {"a": 2.0, "b": 0.5}


def test_long_values_are_cut_in_messages() -> None:
    (problem,) = parse_document({"nodes": {"a" * 5_000_000: {"type": "set"}}})[1]
    assert len(problem.message) < 300


def test_a_workflow_cannot_be_changed() -> None:
    workflow = read({"nodes": {"a": {"type": "set"}}})
    with pytest.raises(TypeError):
        workflow.nodes[NodeId("b")] = workflow.nodes[NodeId("a")]  # type: ignore[index] - that it cannot is the point


def test_a_diagnostic_shows_only_what_it_has() -> None:
    warning = Diagnostic(Code.NO_EFFECT, "no effect", "Remove it.", Severity.WARNING, node=NodeId("a"))
    assert not warning.is_error
    assert warning.to_json() == {
        "code": "no-effect",
        "severity": "warning",
        "node": "a",
        "message": "no effect",
        "remedy": "Remove it.",
    }


@given(JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    workflow, problems = parse_document(document)
    assert workflow is not None or problems
    assert all(problem.message and problem.remedy for problem in problems)


@given(st.fixed_dictionaries({}, optional={"name": JSON, "nodes": JSON, "edges": JSON, "settings": JSON}))
def test_any_members_are_read_or_refused(document: Any) -> None:
    workflow, problems = parse_document(document)
    assert workflow is not None
    assert all(problem.message and problem.remedy for problem in problems)
