"""Pass: refuse workflow variables whose value would depend on which of two parallel nodes is faster."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from millrace.catalogue import Each, SetVariable
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Region
from millrace.expressions import Reference, ReferenceKind
from millrace.model import Code, Diagnostic, NodeId


def check_variables(graph: Graph, context: CompileContext) -> Graph:
    """Report parallel writers of one variable, and reads that no edge orders after or before a write."""
    del context
    problems: list[Diagnostic] = []
    accesses = _Accesses(graph)
    for region in graph.regions.values():
        for name, writers in accesses.writers(region).items():
            problems += _parallel_writers(graph, region, name, writers)
            problems += _unordered_reads(graph, region, name, writers, accesses.readers(region, name))
    problems += accesses.loop_writers()
    return replace(graph, diagnostics=(*graph.diagnostics, *problems))


class _Accesses:
    """Which nodes of which region write and read which variable, those inside of containers included."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._writes: dict[tuple[NodeId | None, str], dict[NodeId, NodeId]] = {}
        self._reads: dict[tuple[NodeId | None, str], dict[NodeId, NodeId]] = {}
        for step in graph.steps.values():
            if isinstance(step.operation, SetVariable):
                self._add(self._writes, step.operation.name, step.id)
            for _, used in step.uses:
                if used.kind is ReferenceKind.VARIABLE:
                    self._add(self._reads, used.name, step.id)

    def _add(self, table: dict[tuple[NodeId | None, str], dict[NodeId, NodeId]], name: str, node: NodeId) -> None:
        """Note an access in its own region and, as the container's, in every region around it up to a loop."""
        graph, place = self._graph, node
        while True:
            parent = graph.steps[place].node.parent
            table.setdefault((parent, name), {}).setdefault(place, node)
            if parent is None or (table is self._writes and isinstance(graph.steps[parent].operation, Each)):
                return
            place = parent

    def writers(self, region: Region) -> Mapping[str, dict[NodeId, NodeId]]:
        """Give the writers of a region by variable: the node there, and the node that really writes."""
        return {name: nodes for (owner, name), nodes in self._writes.items() if owner == region.owner}

    def readers(self, region: Region, name: str) -> dict[NodeId, NodeId]:
        """Give the readers of a variable in a region: the node there, and the node that really reads."""
        return self._reads.get((region.owner, name), {})

    def loop_writers(self) -> list[Diagnostic]:
        """Report writes in a loop to variables that the world outside of it uses too."""
        problems: list[Diagnostic] = []
        graph = self._graph
        for (owner, name), writers in self._writes.items():
            if owner is None or not isinstance(graph.steps[owner].operation, Each):
                continue
            outside = [
                node
                for table in (self._writes, self._reads)
                for (_, other), nodes in table.items()
                if other == name
                for node in nodes.values()
                if owner not in graph.enclosing(node)
            ]
            if outside:
                writer = next(iter(writers.values()))
                problems.append(
                    Diagnostic(
                        Code.PARALLEL_WRITERS,
                        f"all iterations of {owner!r} write {name!r} at the same time, and {outside[0]!r} uses it",
                        f"Collect values as the loop's results, or use a variable that only {owner!r} uses.",
                        node=writer,
                        field="name",
                        found=name,
                    )
                )
        return problems


def _unordered(graph: Graph, region: Region, left: NodeId, right: NodeId) -> bool:
    return not (
        left == right
        or region.is_ancestor(left, right)
        or region.is_ancestor(right, left)
        or graph.guards.exclusive(graph.guards.by_node[left], graph.guards.by_node[right])
    )


def _parallel_writers(graph: Graph, region: Region, name: str, writers: Mapping[NodeId, NodeId]) -> list[Diagnostic]:
    pairs = ((left, right) for left, right in combinations(writers, 2) if _unordered(graph, region, left, right))
    first = {right: left for left, right in reversed(list(pairs))}
    return [
        Diagnostic(
            Code.PARALLEL_WRITERS,
            f"{writers[left]!r} and {writers[right]!r} may write {name!r} at the same time",
            f"Draw an edge between {left!r} and {right!r}, or use two variables.",
            node=writers[right],
            field="name",
            found=name,
        )
        for right, left in first.items()
    ]


def _field_that_reads(graph: Graph, node: NodeId, name: str) -> str | None:
    read = Reference(ReferenceKind.VARIABLE, name)
    return next((at for at, used in graph.steps[node].uses if used == read), None)


def _unordered_reads(
    graph: Graph, region: Region, name: str, writers: Mapping[NodeId, NodeId], readers: Mapping[NodeId, NodeId]
) -> list[Diagnostic]:
    return [
        Diagnostic(
            Code.UNORDERED_READ,
            f"{readers[reader]!r} reads {name!r} while {writers[writer]!r} may be writing it",
            f"Draw an edge from {writer!r} to {reader!r}, or the other way round.",
            node=readers[reader],
            field=_field_that_reads(graph, readers[reader], name),
            found=name,
        )
        for reader in readers
        for writer in writers
        if _unordered(graph, region, reader, writer)
    ]
