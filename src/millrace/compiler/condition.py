"""Pass: find for every node the condition under which it runs; prune those that never do."""

from dataclasses import replace

from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Region
from millrace.compiler.guards import ALWAYS, NEVER, Guard, Guards
from millrace.model import Code, Diagnostic, Edge, NodeId, Severity


def find_conditions(graph: Graph, context: CompileContext) -> Graph:
    """Compute the guards of all regions and warn of nodes that can never run."""
    del context
    guards = Guards(lambda node: graph.steps[node].ports)
    problems: list[Diagnostic] = []
    for region in graph.regions.values():
        for node in region.order:
            guards.by_node[node] = _guard(graph, region, guards, node)
            # Behind a mistake, such as an unknown port, a warning of what follows from it would only distract.
            if guards.by_node[node] == NEVER and not graph.has_errors:
                problems.append(
                    Diagnostic(
                        Code.UNREACHABLE_NODE,
                        f"{node!r} never runs: no edge that leads to it can be live",
                        "Check the pins, disabled nodes and constant conditions before it.",
                        Severity.WARNING,
                        node=node,
                    )
                )
    return replace(graph, guards=guards, diagnostics=(*graph.diagnostics, *problems))


def liveness(graph: Graph, guards: Guards, edge: Edge) -> Guard:
    """Give the condition under which an edge is live."""
    source = graph.steps[edge.source]
    if edge.port not in source.ports:
        # Its error port, of a node that cannot fail.
        return NEVER
    if source.taken is not None:
        return guards.by_node[source.id] if edge.port == source.taken else NEVER
    if source.decides:
        return NEVER if guards.by_node[source.id] == NEVER else frozenset(((source.id, edge.port),))
    return guards.by_node[source.id]


def _guard(graph: Graph, region: Region, guards: Guards, node: NodeId) -> Guard:
    edges = region.incoming[node]
    if not edges:
        return ALWAYS
    return guards.union(liveness(graph, guards, edge) for edge in edges)
