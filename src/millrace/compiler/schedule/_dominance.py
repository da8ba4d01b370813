"""Vertices that cost nothing: whatever the schedule, they fit beside another vertex."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.compiler.schedule._block import Block, join, vertex_block
from millrace.compiler.schedule._decomposition import Decomposition
from millrace.compiler.schedule._poset import vertices_of


class Dominance:
    """The cores of a poset's sets: what is left without the vertices that another dominates.

    A vertex dominates another when it takes at least as long, comes after all of the other's ancestors and before all
    of its descendants. Then every schedule of the rest holds the other vertex too, beside the dominating one, at the
    same makespan.
    """

    __slots__ = ("_cores", "_decomposition", "_durations")

    def __init__(self, decomposition: Decomposition, durations: Sequence[float]) -> None:
        self._decomposition = decomposition
        self._durations = durations
        self._cores: dict[int, int] = {}

    def core(self, vertices: int) -> int:
        """The set without the vertices that it dominates at once; the core may have a smaller core in turn."""
        known = self._cores.get(vertices)
        if known is None:
            known = self._cores[vertices] = self._compute(vertices)
        return known

    def _compute(self, vertices: int) -> int:
        members = vertices_of(vertices)
        self._decomposition.work += 2 * len(members)
        related = self._decomposition.order.related
        # The longest first, so that all that may dominate a vertex are known when it comes up.
        core = 0
        for vertex in sorted(members, key=self._durations.__getitem__, reverse=True):
            unordered = core & ~related[vertex]
            if not unordered or not self._hosts(vertex, vertices, unordered):
                core |= 1 << vertex
        return core

    def _hosts(self, vertex: int, vertices: int, candidates: int) -> int:
        """Those candidates whose place in the order of the set lets the vertex run beside them."""
        order = self._decomposition.order
        candidates &= ~order.related[vertex]
        for predecessor in order.predecessors[vertex]:
            if not candidates:
                return 0
            if vertices >> predecessor & 1:
                candidates &= order.descendants[predecessor]
        for successor in order.successors[vertex]:
            if not candidates:
                return 0
            if vertices >> successor & 1:
                candidates &= order.ancestors[successor]
        return candidates

    def complete(self, block: Block, vertices: int) -> Block:
        """A schedule of the whole set from one of its core."""
        guests: dict[int, list[Block]] = {}
        for vertex in vertices_of(vertices & ~block.vertices):
            hosts = vertices_of(self._hosts(vertex, vertices, block.vertices))
            host = max(hosts, key=self._durations.__getitem__)
            guests.setdefault(host, []).append(vertex_block(vertex))
        return _seat(block, guests)


def _seat(block: Block, guests: dict[int, list[Block]]) -> Block:
    """The schedule with guests beside some of its vertices."""
    if block.kind == "vertex":
        return join("parallel", [block, *guests.get(block.vertices.bit_length() - 1, ())])
    return join(block.kind, [_seat(part, guests) for part in block.parts])
