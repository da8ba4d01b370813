"""What of a run that ended can be used again by a run of the workflow as it is now."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from millrace.catalogue import Nothing, Result
from millrace.compiler import compile_document
from millrace.compiler.graph import Graph
from millrace.model import Json, NodeId
from millrace.services.partial import can_pin, fits

_FOR_PEOPLE: Final = frozenset({"label", "notes", "pinned"})
"""Members of a node's data that say nothing of what the node does."""


def reusable(old: Json, new: Json, outputs: Mapping[NodeId, Json], again: AbstractSet[NodeId]) -> dict[NodeId, Json]:
    """Give the outputs of an earlier run that stand for nodes of a new one.

    As with make, a node runs again when it, or anything before it, has been edited or did not complete: its output may
    be another now.

    Args:
        old: The document that ran.
        new: The document that is to run.
        outputs: Outputs of the nodes outside of containers that have completed.
        again: The nodes that failed or were cancelled, handled or not.
    """
    before, after = (compile_document(document).graph for document in (old, new))
    region = after.regions.get(None)
    if region is None:
        return {}
    kept: set[NodeId] = set()
    found: dict[NodeId, Json] = {}
    for node in region.order:
        if not all(edge.source in kept for edge in region.incoming[node]) or node in again:
            continue
        if node not in before.steps or _meaning(before, node) != _meaning(after, node):
            continue
        if not can_pin(after, node):
            # A decision takes the same way again; a while that writes variables has to run, and what follows may not.
            if after.steps[node].kind.is_container:
                continue
        elif node in outputs:
            if not fits(after, node, outputs[node]):
                continue
            if not isinstance(after.steps[node].operation, (Nothing, Result)):
                found[node] = outputs[node]
        kept.add(node)
    return found


def _meaning(graph: Graph, node: NodeId) -> Any:
    """Give what a node does, comparable: its config and what leads to it, and all that of the nodes inside of it."""
    step = graph.steps[node]
    owner = graph.regions.get(step.node.parent)
    edges = owner.incoming.get(node, ()) if owner is not None else ()
    data = {key: value for key, value in step.node.data.items() if key not in _FOR_PEOPLE}
    inside = {child.id: _meaning(graph, child.id) for child in graph.workflow.children(node) if child.id in graph.steps}
    return step.kind.name, data, [(edge.source, edge.port) for edge in edges], inside
