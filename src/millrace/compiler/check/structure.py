"""Pass: give every node its type and config, and check how the nodes are connected and nested."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from millrace.compiler.check.configs import typed_steps
from millrace.compiler.check.connections import sound_edges
from millrace.compiler.check.nesting import check_places, sound_parents
from millrace.compiler.check.payload import payload_fault
from millrace.compiler.check.regions import find_regions
from millrace.compiler.check.report import Report, suggestion
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph
from millrace.model import Code, Diagnostic, Node, NodeId, quote


def check(graph: Graph, context: CompileContext) -> Graph:
    """Type the nodes, check edges and containers, and group the nodes into regions."""
    problems: list[Diagnostic] = []
    steps = typed_steps(graph.workflow, problems.append)
    steps = sound_parents(steps, graph.workflow, problems.append)
    check_places(steps, graph.workflow, problems.append, is_read=not graph.has_errors)
    edges = sound_edges(graph.workflow, steps, problems.append)
    regions = find_regions(steps, edges, problems.append)
    pins = _checked_pins(context, graph.workflow.nodes, problems.append)
    return replace(graph, steps=steps, regions=regions, pins=pins, diagnostics=(*graph.diagnostics, *problems))


def _checked_pins(context: CompileContext, nodes: Mapping[NodeId, Node], report: Report) -> dict[NodeId, Any]:
    for node, value in context.pins.items():
        fault = payload_fault(value)
        if fault is not None:
            where = f"the pinned output of {node!r}" + (f", at {fault.path!r}" if fault.path else "")
            report(Diagnostic(Code.INVALID_PIN, f"{where}: {fault.message}", fault.remedy, node=node))
        if node not in nodes:
            report(
                Diagnostic(
                    Code.INVALID_PIN,
                    f"the pinned node {quote(node)} does not exist{suggestion(node, nodes)}",
                    "Pin outputs of nodes of this workflow.",
                    found=quote(node),
                )
            )
    return {node: value for node, value in context.pins.items() if node in nodes}
