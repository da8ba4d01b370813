"""Partial runs: one node, up to a node, from a node; the others stand still, with outputs that are known.

A partial run is a document of its own: the nodes that run, and stand-ins for nodes that they read. A stand-in has an
output already (`pins`) and is live from the start, whatever came before it; edges that lead to stand-ins only keep the
order, so that expressions read nothing but ancestors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, cast

from millrace.catalogue import Decide, Nothing, Repeat, Result, SetVariable, Stop, Task
from millrace.compiler import compile_document
from millrace.compiler.check.payload import payload_fault
from millrace.compiler.graph import Graph, Region, Step
from millrace.expressions import ReferenceKind
from millrace.model import ERROR, OUT, Json, NodeId, Port
from millrace.services.errors import ErrorCode, Fault, InvalidDocumentError, InvalidRequestError, NotFoundError

_NODE_ID_LENGTH: Final = 64


class Extent(StrEnum):
    """Which part of a workflow runs."""

    NODE = "node"
    UP_TO = "up_to"
    FROM = "from"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of nodes before they run.

    Attributes:
        outputs: Outputs by node, of an earlier run or given.
        skipped: Nodes that the earlier run did not come to take.
    """

    outputs: Mapping[NodeId, Json] = field(default_factory=dict[NodeId, Json])
    skipped: frozenset[NodeId] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a workflow that can run by itself.

    Attributes:
        document: The document to compile.
        pins: Outputs of its stand-ins.
        runs: The nodes outside of containers that run.
        reused: The nodes whose known outputs are used.
    """

    document: dict[str, Json]
    pins: Mapping[NodeId, Json]
    runs: tuple[NodeId, ...]
    reused: tuple[NodeId, ...]


def part_of(document: Json, extent: Extent, target: NodeId, known: Known) -> Part:
    """Cut a part out of a workflow.

    Args:
        document: The whole document.
        extent: Which part.
        target: The node that it is about.
        known: What need not run again.

    Raises:
        InvalidDocumentError: The document has no sound shape.
        NotFoundError: There is no such node.
        InvalidRequestError: The node cannot run in part, or needs outputs that nobody knows.
    """
    graph = compile_document(document).graph
    region = graph.regions.get(None)
    if region is None:
        raise InvalidDocumentError(graph.diagnostics)
    _check_target(graph, region, target)
    return _Cut(graph, region, extent, target, known).part(cast("dict[str, Any]", document))


def can_pin(graph: Graph, node: NodeId) -> bool:
    """Whether a node's output is all that it does, so that the output can stand for the node."""
    operation = graph.steps[node].operation
    if isinstance(operation, (Decide, Stop, Nothing, SetVariable)):
        return False
    return not (isinstance(operation, Repeat) and any(True for _ in _written(graph, node)))


def fits(graph: Graph, node: NodeId, output: Json) -> bool:
    """Whether an output can stand for a node; of a question that nobody answered in time it cannot."""
    timed_out = _asks(graph.steps[node]) and output is None
    return not timed_out and payload_fault(output) is None


def _asks(step: Step) -> bool:
    """Whether a node asks people: its output says which of its ports is live."""
    return isinstance(step.operation, Task) and step.operation.timeout_port is not None


def _check_target(graph: Graph, region: Region, target: NodeId) -> None:
    step = graph.steps.get(target)
    if step is None:
        raise NotFoundError(ErrorCode.NODE_NOT_FOUND, f"the workflow has no node {target!r}")
    if step.node.parent is not None:
        outermost = [*graph.enclosing(target)][-1]
        raise InvalidRequestError(
            [
                Fault(
                    "node_id",
                    f"expected a node outside of containers, found {target!r} in {outermost!r}; run {outermost!r}",
                )
            ]
        )
    if target not in region.order or isinstance(step.operation, Nothing):
        raise InvalidRequestError(
            [Fault("node_id", f"expected a node that takes part in runs, found {target!r}; choose another")]
        )


class _Cut:
    def __init__(self, graph: Graph, region: Region, extent: Extent, target: NodeId, known: Known) -> None:
        self._graph = graph
        self._region = region
        self._extent = extent
        self._target = target
        self._known = known
        self._real: set[NodeId] = set()
        self._pinned: set[NodeId] = set()
        self._unknown: set[NodeId] = set()
        self._settle()

    def _settle(self) -> None:
        """Find what runs and what stands in, from what runs in any case backwards to what it reads."""
        region = self._region
        self._real.add(self._target)
        if self._extent is Extent.FROM:
            self._real |= {node for node in region.order if region.is_ancestor(self._target, node)}
        rest = list(self._real)
        while rest:
            node = rest.pop()
            for source in self._needs(node):
                if source in self._real or source in self._pinned:
                    continue
                if self._stands_in(source):
                    self._pinned.add(source)
                else:
                    self._real.add(source)
                    rest.append(source)
        if self._unknown:
            raise InvalidRequestError(
                [
                    Fault(
                        f"pins.{node}",
                        f"expected an output of {node!r}, which {self._target!r} reads, found none; run the workflow "
                        f"up to {node!r} first, or give the output here",
                    )
                    for node in sorted(self._unknown)
                ]
            )

    def _stands_in(self, node: NodeId) -> bool:
        step = self._graph.steps[node]
        alone = self._extent is Extent.NODE
        if node in self._known.outputs and fits(self._graph, node, self._known.outputs[node]):
            return can_pin(self._graph, node) or (alone and isinstance(step.operation, Decide))
        if step.config.pinned is not None and can_pin(self._graph, node):
            return True
        if alone and self._is_dead(node):
            return True
        if not alone or step.kind.name == "input" or isinstance(step.operation, SetVariable):
            return False
        self._unknown.add(node)
        return True

    def _needs(self, node: NodeId) -> Iterator[NodeId]:
        """Give the nodes of the region that a node follows, or whose values it reads."""
        yield from (edge.source for edge in self._region.incoming[node])
        for name in self._reads(node):
            yield from (
                writer
                for writer in self._region.order
                if self._region.is_ancestor(writer, node)
                and name in set(_written(self._graph, writer))
                and not (self._extent is Extent.NODE and self._is_dead(writer))
            )
        for inner in _within(self._graph, node):
            for _, used in self._graph.steps[inner].uses:
                if used.kind not in (ReferenceKind.OUTPUT, ReferenceKind.ERROR) or used.node not in self._graph.steps:
                    continue
                outer = [used.node, *self._graph.enclosing(used.node)][-1]
                if outer != node and outer in self._region.position:
                    yield outer

    def _reads(self, node: NodeId) -> set[str]:
        """Give the workflow variables that a node reads; a writer counts, since it may add to the value."""
        names = {*_written(self._graph, node)}
        for inner in _within(self._graph, node):
            names |= {used.name for _, used in self._graph.steps[inner].uses if used.kind is ReferenceKind.VARIABLE}
        if "" not in names:
            return names
        return {name for other in self._region.order for name in _written(self._graph, other)}

    def part(self, document: dict[str, Any]) -> Part:
        """Write the document of the part."""
        kept = self._real | self._pinned
        raw = _raw_nodes(document)
        nodes: dict[str, Json] = {}
        for node in self._region.order:
            if node in self._real:
                nodes |= {inner: raw[inner] for inner in _within(self._graph, node)}
            elif node in self._pinned:
                nodes[node] = self._stand_in(self._graph.steps[node])
        edges = [*self._edges_inside(), *self._edges(kept, nodes)]
        if self._extent is not Extent.FROM:
            edges += self._result(nodes)
        # A part is run by a person who watches it: Express executions cannot be looked at, stopped or redriven.
        given: Any = document.get("settings")
        settings = {**cast("dict[str, Json]", given), "execution": "standard"} if isinstance(given, dict) else {}
        order = self._region.order
        return Part(
            document={"name": document.get("name", "Untitled"), "nodes": nodes, "edges": edges, "settings": settings},
            pins={node: self._output(node) for node in order if node in self._pinned},
            runs=tuple(node for node in order if node in self._real),
            reused=tuple(node for node in order if node in self._pinned and node not in self._known.skipped),
        )

    def _output(self, node: NodeId) -> Json:
        return self._known.outputs.get(node, self._graph.steps[node].config.pinned)

    def _stand_in(self, step: Step) -> Json:
        """Write a node that gives a known output; what else it was configured with may not be there to be read."""
        data: dict[str, Json] = {"label": step.label, "onError": "branch"}
        if not self._decides(step):
            # Nothing fails, so that an edge from its error port is there and never live.
            return {"id": step.id, "type": "echo", "data": {**data, "value": None}}
        # Its output says which port is live.
        asked: dict[str, Json] = {"message": "-"} if step.kind.name == "approval" else {"schema": {}}
        return {"id": step.id, "type": step.kind.name, "data": {**data, **asked}}

    def _edges_inside(self) -> Iterator[Json]:
        """Give the edges in the containers that run."""
        for edge in self._graph.workflow.edges:
            outermost = (
                [edge.source, *self._graph.enclosing(edge.source)][-1] if edge.source in self._graph.steps else ""
            )
            if outermost != edge.source and outermost in self._real:
                yield _edge(edge.source, edge.target, edge.port)

    def _edges(self, kept: set[NodeId], nodes: dict[str, Json]) -> Iterator[Json]:
        """Give the edges among the kept nodes, in their order; add the node that lets stand-ins be live."""
        always = _fresh("before", nodes)
        for node in self._region.order:
            if node in self._real:
                yield from self._edges_to_real(node)
            elif node in self._pinned:
                earlier = [other for other in self._region.order if other in kept and self._precedes(other, node)]
                if earlier:
                    nodes[always] = {"id": always, "type": "echo", "data": {"value": None}}
                    yield _edge(always, node)
                    yield from (_edge(other, node, self._any_port(other)) for other in earlier)

    def _precedes(self, other: NodeId, node: NodeId) -> bool:
        return self._region.is_ancestor(other, node)

    def _any_port(self, node: NodeId) -> Port:
        step = self._graph.steps[node]
        return OUT if node in self._pinned and not self._decides(step) else step.ports[0]

    def _edges_to_real(self, node: NodeId) -> Iterator[Json]:
        incoming = self._region.incoming[node]
        alone = self._extent is Extent.NODE
        dead = {edge.source for edge in incoming if alone and self._is_dead(edge.source)}
        if len(dead) == len({edge.source for edge in incoming}):
            dead.clear()
        for edge in incoming:
            step = self._graph.steps[edge.source]
            port = edge.port
            if edge.source in self._pinned and not self._decides(step):
                # A node alone runs behind whatever way the others took.
                taken = alone or (port != ERROR and step.taken in (None, port))
                port = OUT if taken and edge.source not in dead else ERROR
            yield _edge(edge.source, node, port)

    def _decides(self, step: Step) -> bool:
        """Whether a stand-in's output says which of its edges are live; a node alone runs behind any."""
        return _asks(step) and self._extent is not Extent.NODE

    def _is_dead(self, node: NodeId) -> bool:
        return node in self._known.skipped and node not in self._known.outputs

    def _result(self, nodes: dict[str, Json]) -> Iterator[Json]:
        """Add an output node for the target, so that the run gives what it is about."""
        step = self._graph.steps[self._target]
        if isinstance(step.operation, (Result, Stop)):
            return
        result = _fresh("result", nodes)
        nodes[result] = {"id": result, "type": "output", "data": {"name": self._target}}
        for port in step.ports:
            if port != ERROR:
                yield _edge(self._target, result, port)


def _within(graph: Graph, node: NodeId) -> Iterator[NodeId]:
    """Give a node and everything inside of it."""
    yield node
    for child in graph.workflow.children(node):
        yield from _within(graph, child.id)


def _written(graph: Graph, node: NodeId) -> Iterator[str]:
    """Give the workflow variables that a node, or a while's iterations, leave behind."""
    operation = graph.steps[node].operation if node in graph.steps else None
    if isinstance(operation, SetVariable):
        yield operation.name
    elif isinstance(operation, Repeat):
        for child in graph.workflow.children(node):
            yield from _written(graph, child.id)


def _raw_nodes(document: dict[str, Any]) -> dict[NodeId, Json]:
    """Give the nodes of a document by their ids; React Flow exports them as a list."""
    nodes: Any = document["nodes"]
    if isinstance(nodes, dict):
        return cast("dict[NodeId, Json]", nodes)
    return {NodeId(node["id"]): node for node in cast("list[Any]", nodes)}


def _edge(source: str, target: str, port: Port = OUT) -> Json:
    return {"id": f"{source}.{port}-{target}", "source": source, "target": target, "sourceHandle": port}


def _fresh(name: str, nodes: Mapping[str, Json]) -> str:
    """Give a node id that no node has."""
    while name in nodes:
        name = f"{name[: _NODE_ID_LENGTH - 1]}_"
    return name
