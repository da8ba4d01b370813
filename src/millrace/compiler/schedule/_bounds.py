"""What a set of vertices must take at least, and what a simple schedule of it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from millrace.compiler.schedule._decomposition import Decomposition
from millrace.compiler.schedule._poset import vertices_of

DEPTH_LIMIT = 40
"""Beyond this many nested decompositions a bound looks no deeper."""


class Cut(NamedTuple):
    """All ways to cut a prime set in two so that no path before it is longer than head and none after it than tail."""

    length: float
    """head + tail, which a schedule with such a cut takes at least."""
    head: float
    tail: float
    earliest: int
    """The vertices whose longest path from the start, themselves included, is at most head: the largest first part."""


class Profile(NamedTuple):
    """The longest paths inside a prime set, per vertex of the whole order (0 outside the set), and its cuts."""

    members: list[int]
    heads: list[float]
    """Longest path that ends with the vertex."""
    tails: list[float]
    """Longest path that begins with the vertex."""
    cuts: list[Cut]
    """By ascending length. The first gives the lower bound: a prime set has a Series at its root, so some cut."""


class Layering(NamedTuple):
    """A layer-by-layer schedule: each layer's vertices run side by side."""

    makespan: float
    layers: list[int]


class Bounds:
    """Lower and upper bounds on the best makespan of convex sets, for one assignment of positive durations."""

    __slots__ = ("_bounds", "_layerings", "_profiles", "decomposition", "durations")

    def __init__(self, decomposition: Decomposition, durations: Sequence[float]) -> None:
        self.decomposition = decomposition
        self.durations = durations
        self._bounds: dict[int, tuple[float, float]] = {}
        self._profiles: dict[int, Profile] = {}
        self._layerings: dict[int, Layering] = {}

    def bounds(self, vertices: int, depth: int = 0) -> tuple[float, float]:
        """A lower bound and an upper bound on the best makespan of the set."""
        known = self._bounds.get(vertices)
        if known is None:
            known = self._bounds[vertices] = self._compute(vertices, depth)
        return known

    def lower(self, vertices: int) -> float:
        """A lower bound on the best makespan of the set."""
        return self.bounds(vertices)[0]

    def _compute(self, vertices: int, depth: int) -> tuple[float, float]:
        shape = self.decomposition.shape(vertices)
        if shape.kind == "vertex":
            duration = self.durations[vertices.bit_length() - 1]
            return duration, duration
        if shape.kind == "prime":
            return self.profile(vertices).cuts[0].length, self.layering(vertices).makespan
        if depth > DEPTH_LIMIT:
            return max(self.profile(vertices).heads), self.layering(vertices).makespan
        lower = upper = 0.0
        for part in shape.parts:
            part_lower, part_upper = self.bounds(part, depth + 1)
            if shape.kind == "series":
                lower += part_lower
                upper += part_upper
            else:
                lower = max(lower, part_lower)
                upper = max(upper, part_upper)
        return lower, upper

    def profile(self, vertices: int) -> Profile:
        """The longest paths inside the set, and its cuts."""
        known = self._profiles.get(vertices)
        if known is None:
            known = self._profiles[vertices] = self._measure(vertices)
        return known

    def _measure(self, vertices: int) -> Profile:
        order, durations = self.decomposition.order, self.durations
        members = vertices_of(vertices)
        self.decomposition.work += 4 * len(members)
        heads = [0.0] * len(durations)
        for vertex in members:
            longest = 0.0
            for predecessor in order.predecessors[vertex]:
                head = heads[predecessor]
                if head > longest:
                    longest = head
            heads[vertex] = longest + durations[vertex]
        tails = [0.0] * len(durations)
        for vertex in reversed(members):
            longest = 0.0
            for successor in order.successors[vertex]:
                tail = tails[successor]
                if tail > longest:
                    longest = tail
            tails[vertex] = longest + durations[vertex]
        return Profile(members, heads, tails, _cuts(vertices, members, heads, tails))

    def layering(self, vertices: int) -> Layering:
        """A layer-by-layer schedule, which places long vertices first, where a long one already is."""
        known = self._layerings.get(vertices)
        if known is None:
            known = self._layerings[vertices] = self._layer(vertices)
        return known

    def _layer(self, vertices: int) -> Layering:
        order, durations = self.decomposition.order, self.durations
        members = vertices_of(vertices)
        self.decomposition.work += 8 * len(members)
        first = [-1] * len(durations)
        last_layer = 0
        for vertex in members:
            layer = -1
            for predecessor in order.predecessors[vertex]:
                before = first[predecessor]
                if before > layer:
                    layer = before
            layer += 1
            first[vertex] = layer
            if layer > last_layer:
                last_layer = layer
        last = [last_layer + 1] * len(durations)
        for vertex in reversed(members):
            layer = last_layer + 1
            for successor in order.successors[vertex]:
                after = last[successor]
                if after < layer:
                    layer = after
            last[vertex] = layer - 1
        longest = [0.0] * (last_layer + 1)
        for vertex in sorted(members, key=durations.__getitem__, reverse=True):
            low, high = first[vertex], last[vertex]
            layer = low
            if low != high:
                for other in range(low + 1, high + 1):
                    if longest[other] > longest[layer]:
                        layer = other
            if durations[vertex] > longest[layer]:
                longest[layer] = durations[vertex]
            if layer > low:
                self._push_later(first, vertices, vertex, layer)
            if layer < high:
                self._push_earlier(last, vertices, vertex, layer)
        layers = [0] * (last_layer + 1)
        for vertex in members:
            layers[first[vertex]] |= 1 << vertex
        return Layering(sum(longest), layers)

    def _push_later(self, first: list[int], vertices: int, vertex: int, layer: int) -> None:
        """Set the vertex's first layer, and move its descendants' behind it."""
        first[vertex] = layer
        pending = [vertex]
        while pending:
            current = pending.pop()
            after = first[current] + 1
            for successor in self.decomposition.order.successors[current]:
                if first[successor] < after and vertices >> successor & 1:
                    first[successor] = after
                    pending.append(successor)

    def _push_earlier(self, last: list[int], vertices: int, vertex: int, layer: int) -> None:
        """Set the vertex's last layer, and move its ancestors' before it."""
        last[vertex] = layer
        pending = [vertex]
        while pending:
            current = pending.pop()
            before = last[current] - 1
            for predecessor in self.decomposition.order.predecessors[current]:
                if last[predecessor] > before and vertices >> predecessor & 1:
                    last[predecessor] = before
                    pending.append(predecessor)


def _cuts(vertices: int, members: list[int], heads: list[float], tails: list[float]) -> list[Cut]:
    """One cut for each distinct head length, ascending by length; none that leaves a side empty."""
    found: list[Cut] = []
    head = tail = -1.0
    later = 0
    for vertex in sorted(members, key=heads.__getitem__, reverse=True):
        if heads[vertex] != head:
            head = heads[vertex]
            if later:
                found.append(Cut(head + tail, head, tail, vertices ^ later))
        later |= 1 << vertex
        if tails[vertex] > tail:
            tail = tails[vertex]
    found.sort()
    return found
