"""Checking edges."""

from collections.abc import Mapping

from millrace.compiler.check.report import Report, suggestion
from millrace.compiler.graph import Step
from millrace.model import ERROR, Code, Diagnostic, Edge, EdgeId, Node, NodeId, Port, Severity, Workflow, quote


def sound_edges(workflow: Workflow, steps: Mapping[NodeId, Step], report: Report) -> list[Edge]:
    """Give the edges that connect nodes of one container, each once.

    An edge whose only fault is its port is kept: it still says what comes before what.
    """
    sound: list[Edge] = []
    seen: set[tuple[NodeId, Port, NodeId]] = set()
    for edge in workflow.edges:
        if edge.source in workflow.unread or edge.target in workflow.unread:
            continue
        problem = _edge_problem(edge, steps, workflow.nodes)
        if problem is not None:
            report(problem)
            if problem.code is not Code.UNKNOWN_PORT:
                continue
        key = (edge.source, edge.port, edge.target)
        if key in seen:
            report(
                Diagnostic(
                    Code.DUPLICATE_EDGE,
                    f"two edges lead from {edge.source!r} port {edge.port!r} to {edge.target!r}",
                    "Remove one of them.",
                    Severity.WARNING,
                    edge=edge.id,
                )
            )
            continue
        seen.add(key)
        sound.append(edge)
    return sound


def _edge_problem(edge: Edge, steps: Mapping[NodeId, Step], nodes: Mapping[NodeId, Node]) -> Diagnostic | None:
    for end, node in (("source", edge.source), ("target", edge.target)):
        if node not in nodes:
            return _edge_fault(
                Code.UNKNOWN_NODE,
                edge.id,
                f"the edge's {end} {quote(node)} does not exist{suggestion(node, nodes)}",
                "Remove the edge, or connect it to a node.",
                field=end,
                found=quote(node),
            )
    if edge.source == edge.target:
        return _edge_fault(
            Code.SELF_LOOP,
            edge.id,
            f"an edge leads from {edge.source!r} to itself",
            "Put what repeats into a loop or while container.",
            node=edge.source,
        )
    source, target = steps[edge.source], steps[edge.target]
    if source.node.parent != target.node.parent:
        return _edge_fault(
            Code.EDGE_ACROSS_CONTAINER,
            edge.id,
            f"{edge.source!r} lies {_place(source.node)}, {edge.target!r} {_place(target.node)}",
            "Connect nodes of one container; the container's own edges carry data in and out.",
        )
    for end, step in (("source", source), ("target", target)):
        if not step.kind.takes_edges or (end == "target" and step.kind.name == "input"):
            return _edge_fault(
                Code.MISPLACED_NODE,
                edge.id,
                f"no edge can lead {'to' if end == 'target' else 'from'} the {step.kind.name} node {step.id!r}",
                "Remove the edge.",
                node=step.id,
            )
    if edge.port not in source.ports:
        return _edge_fault(
            Code.UNKNOWN_PORT,
            edge.id,
            f"{edge.source!r} has no port {quote(edge.port)}{suggestion(edge.port, source.ports)}",
            "Set `onError` to `branch`." if edge.port == ERROR else "Connect one of its ports.",
            node=edge.source,
            field="sourceHandle",
            expected=" or ".join(source.ports) or "no port",
            found=quote(edge.port),
        )
    return None


def _edge_fault(
    code: Code,
    edge: EdgeId,
    message: str,
    remedy: str,
    *,
    node: NodeId | None = None,
    field: str | None = None,
    expected: str | None = None,
    found: str | None = None,
) -> Diagnostic:
    return Diagnostic(code, message, remedy, node=node, edge=edge, field=field, expected=expected, found=found)


def _place(node: Node) -> str:
    return f"in {node.parent!r}" if node.parent else "at the top"
