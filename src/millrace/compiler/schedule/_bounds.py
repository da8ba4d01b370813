"""What a set of vertices must take at least, and what a simple schedule of it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from millrace.compiler.schedule._decomposition import Decomposition, Shape
from millrace.compiler.schedule._dominance import Dominance
from millrace.compiler.schedule._layering import Layering, longest_first
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


class Bounds:
    """Lower and upper bounds on the best makespan of convex sets, for one assignment of positive durations."""

    __slots__ = ("_bounds", "_layerings", "_profiles", "_shapes", "decomposition", "dominance", "durations")

    def __init__(self, decomposition: Decomposition, durations: Sequence[float]) -> None:
        self.decomposition = decomposition
        self.dominance = Dominance(decomposition, durations)
        self.durations = durations
        self._shapes: dict[int, Shape] = {}
        self._bounds: dict[int, tuple[float, float]] = {}
        self._profiles: dict[int, Profile] = {}
        self._layerings: dict[int, Layering] = {}

    def shape(self, vertices: int) -> Shape:
        """How a set is composed, where a prime set is reduced to its core."""
        known = self._shapes.get(vertices)
        if known is None:
            known = self.decomposition.shape(vertices)
            if known.kind == "prime" and (core := self.dominance.core(vertices)) != vertices:
                known = Shape("dominated", (core,))
            self._shapes[vertices] = known
        return known

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
        shape = self.shape(vertices)
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
        """A layer-by-layer schedule of the set."""
        known = self._layerings.get(vertices)
        if known is None:
            self.decomposition.work += 8 * vertices.bit_count()
            known = longest_first(self.decomposition.order, vertices, self.durations)
            self._layerings[vertices] = known
        return known


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
