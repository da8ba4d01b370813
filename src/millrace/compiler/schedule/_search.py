"""The search for the best series-parallel schedule of an order: recursive cuts, guided by blended bounds."""

from __future__ import annotations

from typing import NamedTuple

from millrace.compiler.schedule._block import Block, join, vertex_block
from millrace.compiler.schedule._bounds import Bounds
from millrace.compiler.schedule._cuts import TOLERANCE, first_parts, shortlist
from millrace.compiler.schedule._poset import vertices_of


DEPTH_LIMIT = 100
"""Sets nested deeper than this run layer by layer: Python's stack is bounded, and so deep down little can be gained."""


class Choice(NamedTuple):
    """The best known schedule of a prime set: what it takes, what runs before its barrier, and how it was searched."""

    makespan: float
    first: int
    width: int
    pessimism: float


class Candidate(NamedTuple):
    """A way to cut a prime set, best first."""

    estimate: float
    added_pairs: int
    """How many pairs of vertices the barrier orders that the graph does not."""
    first: int


class Search:
    """The best known choices for the sets of one order under one assignment of durations; they only ever improve."""

    __slots__ = ("_bounds", "_choices", "_cut_limit", "_pessimism", "_work_limit")

    def __init__(self, bounds: Bounds, cut_limit: int, work_limit: int) -> None:
        self._bounds = bounds
        self._choices: dict[int, Choice] = {}
        self._cut_limit = cut_limit
        self._work_limit = work_limit
        self._pessimism = 0.0

    def improve(self, vertices: int, width: int, pessimism: float) -> float:
        """The makespan found when width cuts of a set are tried and estimates count this share of the upper bound."""
        self._pessimism = pessimism
        return self._solve(vertices, width, 0.0, 0)

    def _solve(self, vertices: int, width: int, goal: float, depth: int) -> float:
        """The makespan found for a set; nothing is gained by going below the goal."""
        lower = self._bounds.lower
        shape = self._bounds.decomposition.shape(vertices)
        if shape.kind == "vertex":
            return lower(vertices)
        if depth > DEPTH_LIMIT:
            return self._bounds.layering(vertices).makespan
        if shape.kind == "parallel":
            # The longest component first: the others need only be as short.
            longest = 0.0
            for part in sorted(shape.parts, key=lower, reverse=True):
                longest = max(longest, self._solve(part, width, max(goal, longest), depth + 1))
            return longest
        if shape.kind == "series":
            slack = goal - sum(map(lower, shape.parts))
            total = 0.0
            for part in shape.parts:
                total += self._solve(part, width, lower(part) + slack if slack > 0 else 0.0, depth + 1)
            return total
        return self._cut(vertices, width, goal, depth)

    def _cut(self, vertices: int, width: int, goal: float, depth: int) -> float:
        """The makespan found for a prime set."""
        lower = self._bounds.lower
        best = self._choices.get(vertices)
        enough = max(goal, lower(vertices) * (1 + TOLERANCE))
        if best is not None and (
            best.makespan <= enough or (best.width >= width and best.pessimism == self._pessimism)
        ):
            return best.makespan
        if self._bounds.decomposition.work > self._work_limit:
            width = 1
        makespan, chosen = (best.makespan, best.first) if best is not None else (float("inf"), 0)
        for candidate in self._candidates(vertices, width)[:width]:
            if makespan <= enough:
                break
            first, rest = candidate.first, vertices ^ candidate.first
            bar = makespan * (1 - TOLERANCE)
            if lower(first) + lower(rest) >= bar:
                continue
            head = self._solve(first, max(1, width // 2), 0.0, depth + 1)
            if head + lower(rest) >= bar:
                continue
            length = head + self._solve(rest, max(1, width // 2), 0.0, depth + 1)
            if length < bar:
                makespan, chosen = length, first
        self._choices[vertices] = Choice(makespan, chosen, width, self._pessimism)
        return makespan

    def _candidates(self, vertices: int, width: int) -> list[Candidate]:
        """Ways to cut a prime set, by estimated makespan, then by how little order they add."""
        bounds = self._bounds
        profile = bounds.profile(vertices)
        found: dict[int, Candidate] = {}
        bar = float("inf")
        for cut in shortlist(profile, self._cut_limit):
            if width == 1 and cut.length > bar:
                break
            for first in first_parts(profile, cut, bounds.durations):
                if first not in found:
                    estimate = self._estimate(first) + self._estimate(vertices ^ first)
                    bar = min(bar, estimate * (1 + TOLERANCE))
                    found[first] = Candidate(estimate, self._added_pairs(first, vertices ^ first), first)
        # Estimates within the tolerance of the least are ties: the pairs decide.
        return sorted(found.values(), key=lambda candidate: (max(candidate.estimate, bar), candidate.added_pairs))

    def _estimate(self, vertices: int) -> float:
        """What a set will probably take: its lower bound, and a share of what a simple schedule takes beyond it."""
        shape = self._bounds.decomposition.shape(vertices)
        if shape.kind == "parallel":
            return max([self._estimate(part) for part in shape.parts])
        if shape.kind == "series":
            return sum([self._estimate(part) for part in shape.parts])
        lower, upper = self._bounds.bounds(vertices)
        known = self._choices.get(vertices)
        if known is not None and known.makespan < upper:
            upper = known.makespan
        return lower + self._pessimism * (upper - lower)

    def _added_pairs(self, first: int, rest: int) -> int:
        ancestors = self._bounds.decomposition.order.ancestors
        ordered = sum([(ancestors[vertex] & first).bit_count() for vertex in vertices_of(rest)])
        return first.bit_count() * rest.bit_count() - ordered

    def block(self, vertices: int, depth: int = 0) -> Block:
        """The best known schedule of a set that was searched."""
        shape = self._bounds.decomposition.shape(vertices)
        if shape.kind == "vertex":
            return vertex_block(vertices.bit_length() - 1)
        if depth > DEPTH_LIMIT:
            layers = self._bounds.layering(vertices).layers
            return join("series", [join("parallel", map(vertex_block, vertices_of(layer))) for layer in layers])
        if shape.kind == "prime":
            first = self._choices[vertices].first
            return join("series", [self.block(first, depth + 1), self.block(vertices ^ first, depth + 1)])
        return join(shape.kind, [self.block(part, depth + 1) for part in shape.parts])
