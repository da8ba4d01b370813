"""Grouping nodes by the container that they run in, in a topological order."""

from collections.abc import Iterable, Mapping

from millrace.compiler.check.report import Report
from millrace.compiler.graph import Region, Step
from millrace.model import Code, Diagnostic, Edge, NodeId


def find_regions(steps: Mapping[NodeId, Step], edges: Iterable[Edge], report: Report) -> dict[NodeId | None, Region]:
    """Group the nodes by container, in topological order; nodes on cycles are reported and left out."""
    members: dict[NodeId | None, list[NodeId]] = {None: []}
    incoming: dict[NodeId, list[Edge]] = {node: [] for node in steps}
    outgoing: dict[NodeId, list[Edge]] = {node: [] for node in steps}
    for step in steps.values():
        if step.kind.takes_edges:
            members.setdefault(step.node.parent, []).append(step.id)
    for edge in edges:
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    regions: dict[NodeId | None, Region] = {}
    for owner, nodes in members.items():
        order = _topological_order(nodes, incoming, outgoing)
        if len(order) < len(nodes):
            report(_cycle(nodes, set(order), outgoing))
        regions[owner] = _region(owner, order, incoming, outgoing)
    return regions


def _region(
    owner: NodeId | None,
    order: list[NodeId],
    incoming: Mapping[NodeId, list[Edge]],
    outgoing: Mapping[NodeId, list[Edge]],
) -> Region:
    position = {node: index for index, node in enumerate(order)}
    ancestors: dict[NodeId, int] = {}
    for node in order:
        mask = 0
        for edge in incoming[node]:
            mask |= ancestors[edge.source] | 1 << position[edge.source]
        ancestors[node] = mask
    return Region(
        owner,
        tuple(order),
        {node: tuple(incoming[node]) for node in order},
        {node: tuple(edge for edge in outgoing[node] if edge.target in position) for node in order},
        position,
        ancestors,
    )


def _topological_order(
    nodes: list[NodeId], incoming: Mapping[NodeId, list[Edge]], outgoing: Mapping[NodeId, list[Edge]]
) -> list[NodeId]:
    """Order the nodes so that edges lead forward (Kahn 1962); nodes on and behind a cycle are left out."""
    waiting = {node: len(incoming[node]) for node in nodes}
    order = [node for node in nodes if not waiting[node]]
    for node in order:
        for edge in outgoing[node]:
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                order.append(edge.target)
    return order


def _cycle(nodes: list[NodeId], ordered: set[NodeId], outgoing: Mapping[NodeId, list[Edge]]) -> Diagnostic:
    left = {node for node in nodes if node not in ordered}
    # Walking backwards from a node that is left over always stays among those left over, so it must meet a cycle.
    sources: dict[NodeId, NodeId] = {}
    for node in left:
        for edge in outgoing[node]:
            if edge.target in left:
                sources.setdefault(edge.target, node)
    node = next(node for node in nodes if node in left)
    path: list[NodeId] = []
    seen: dict[NodeId, int] = {}
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = sources[node]
    cycle = [*path[seen[node] :], node][::-1]
    shown = " → ".join(cycle if len(cycle) <= 12 else [*cycle[:6], NodeId("…"), *cycle[-5:]])
    return Diagnostic(
        Code.CYCLE,
        f"the edges form a cycle: {shown}",
        "Remove one of the edges; put what repeats into a loop or while container.",
        node=cycle[0],
    )
