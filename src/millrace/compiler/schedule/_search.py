"""The search for the best series-parallel schedule of an order: recursive cuts, guided by blended bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from millrace.compiler.schedule._block import Block, join, vertex_block
from millrace.compiler.schedule._bounds import Bounds
from millrace.compiler.schedule._cuts import TOLERANCE, first_parts, shortlist
from millrace.compiler.schedule._poset import vertices_of

DEPTH_LIMIT = 100
"""Sets nested deeper than this run layer by layer: Python's stack is bounded, and so deep down little can be gained."""

REACH = 3
"""How many vertices on each side of a barrier are tried on the other side, and how many of the resulting cuts."""
REPAIRS = 5
"""How many times a barrier is moved at most."""

OVERDRAFT = 2
"""At this multiple of the work that was granted, what is left runs layer by layer."""


class Plan(NamedTuple):
    """How to search."""

    width: int
    """How many cuts of a set are solved; half as many of its parts' cuts, and so on."""
    cut_limit: int
    """How many of a set's shortest cuts are estimated."""
    pessimism: float
    """How much of the way from the lower to the upper bound an estimate goes, from 0 to 1."""


class Choice(NamedTuple):
    """The best known schedule of a prime set: what it takes, what runs before its barrier, and how it was searched."""

    makespan: float
    first: int
    width: int
    pessimism: float


class Search:
    """The best known choices for the sets of one order under one assignment of durations; they only ever improve."""

    __slots__ = ("_bounds", "_choices", "_cut_limit", "_overdraft_limit", "_pessimism", "_work_limit")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._choices: dict[int, Choice] = {}
        self._cut_limit = 0
        self._pessimism = 0.0
        self._work_limit = 0
        self._overdraft_limit = 0

    @property
    def exhausted(self) -> bool:
        """Whether the work granted is used up."""
        return self._bounds.decomposition.work > self._work_limit

    def improve(self, vertices: int, plans: Sequence[Plan], work: int) -> float:
        """The least makespan found so far, after searching by the plans in turn for about so many more vertex visits.

        Ends early where the makespan is known to be the least there is.
        """
        self._work_limit = self._bounds.decomposition.work + work
        self._overdraft_limit = self._bounds.decomposition.work + OVERDRAFT * work
        enough = self._bounds.lower(vertices) * (1 + TOLERANCE)
        makespan = inf
        for plan in plans:
            self._cut_limit = plan.cut_limit
            self._pessimism = plan.pessimism
            makespan = self._solve(vertices, plan.width, 0.0, 0)
            if makespan <= enough or self.exhausted:
                break
        return makespan

    def _solve(self, vertices: int, width: int, goal: float, depth: int) -> float:
        """The makespan found for a set; nothing is gained by going below the goal."""
        lower = self._bounds.lower
        shape = self._bounds.shape(vertices)
        if shape.kind == "vertex":
            return lower(vertices)
        if depth > DEPTH_LIMIT:
            return self._bounds.layering(vertices).makespan
        if shape.kind == "prime":
            return self._solve_prime(vertices, width, goal, depth)
        if shape.kind == "series":
            slack = goal - sum([lower(part) for part in shape.parts])
            total = 0.0
            for part in shape.parts:
                total += self._solve(part, width, lower(part) + slack if slack > 0 else 0.0, depth + 1)
            return total
        # The longest component first: the others need only be as short.
        longest = 0.0
        for part in sorted(shape.parts, key=lower, reverse=True):
            longest = max(longest, self._solve(part, width, max(goal, longest), depth + 1))
        return longest

    def _solve_prime(self, vertices: int, width: int, goal: float, depth: int) -> float:
        """The makespan found for a prime set."""
        best = self._choices.get(vertices)
        enough = max(goal, self._bounds.lower(vertices) * (1 + TOLERANCE))
        if best is not None and (
            best.makespan <= enough or (best.width >= width and best.pessimism == self._pessimism)
        ):
            return best.makespan
        if self.exhausted:
            if best is not None:
                return best.makespan
            if self._bounds.decomposition.work > self._overdraft_limit:
                return self._bounds.layering(vertices).makespan
            width = 1
        self._choices[vertices] = Choice(
            makespan=best.makespan if best is not None else inf,
            first=best.first if best is not None else 0,
            width=width,
            pessimism=self._pessimism,
        )
        self._try_cuts(vertices, self._guided(vertices, width)[:width], enough, depth)
        if width > 1:
            tried: set[int] = set()
            for _ in range(REPAIRS):
                if not self._try_cuts(vertices, self._repairs(vertices, tried), enough, depth):
                    break
        return self._choices[vertices].makespan

    def _try_cuts(self, vertices: int, firsts: Iterable[int], enough: float, depth: int) -> bool:
        """Solve both sides of the cuts in turn and keep the best, until one is good enough; whether any was better."""
        lower = self._bounds.lower
        better = False
        for first in firsts:
            best = self._choices[vertices]
            if best.makespan <= enough:
                break
            rest = vertices ^ first
            bar = best.makespan * (1 - TOLERANCE)
            if lower(first) + lower(rest) >= bar:
                continue
            width = max(1, best.width // 2)
            head = self._solve(first, width, 0.0, depth + 1)
            if head + lower(rest) >= bar:
                continue
            makespan = head + self._solve(rest, width, 0.0, depth + 1)
            if makespan < bar:
                self._choices[vertices] = best._replace(makespan=makespan, first=first)
                better = True
        return better

    def _guided(self, vertices: int, width: int) -> list[int]:
        """First parts of cuts of a prime set, by estimated makespan, then by how little order they add."""
        bounds = self._bounds
        profile = bounds.profile(vertices)
        estimates: dict[int, float] = {}
        bar = inf
        cut_limit = 1 if self.exhausted else self._cut_limit
        for cut in shortlist(profile, cut_limit):
            if width == 1 and cut.length > bar:
                break
            for first in first_parts(profile, cut, bounds.durations):
                if first not in estimates:
                    estimates[first] = self._estimate(first) + self._estimate(vertices ^ first)
                    bar = min(bar, estimates[first] * (1 + TOLERANCE))
        return self._ranked(vertices, estimates)

    def _repairs(self, vertices: int, tried: set[int]) -> list[int]:
        """Cuts near the best known one, each of which takes apart a pair of vertices that it makes wait for each other.

        The vertices of a longest path through the schedule that are nearest to the barrier cross it, each with those
        that must stay before or behind it.
        """
        order = self._bounds.decomposition.order
        first = self._choices[vertices].first
        before, after = self._longest_path(first), self._longest_path(vertices ^ first)
        moved = [first & ~(order.descendants[vertex] | 1 << vertex) for vertex in before[-REACH:]]
        moved += [first | vertices & (order.ancestors[vertex] | 1 << vertex) for vertex in after[:REACH]]
        estimates: dict[int, float] = {}
        for part in moved:
            if part and part != vertices and part not in tried:
                tried.add(part)
                estimates[part] = self._estimate(part) + self._estimate(vertices ^ part)
        return self._ranked(vertices, estimates)[:REACH]

    def _ranked(self, vertices: int, estimates: dict[int, float]) -> list[int]:
        """The first parts by estimate; among those as good as the best, first what adds fewer ordered pairs."""
        bar = min(estimates.values(), default=0.0) * (1 + TOLERANCE)
        return sorted(
            estimates, key=lambda first: (max(estimates[first], bar), self._added_pairs(first, vertices ^ first))
        )

    def _added_pairs(self, first: int, rest: int) -> int:
        """How many pairs of vertices a barrier orders that the graph does not."""
        ancestors = self._bounds.decomposition.order.ancestors
        ordered = sum([(ancestors[vertex] & first).bit_count() for vertex in vertices_of(rest)])
        return first.bit_count() * rest.bit_count() - ordered

    def _estimate(self, vertices: int) -> float:
        """What a set will probably take: its lower bound, and a share of what a simple schedule takes beyond it."""
        lower, upper = self._bounds.bounds(vertices)
        if upper <= lower or not self._pessimism:
            return lower
        shape = self._bounds.shape(vertices)
        if shape.kind == "series":
            return sum([self._estimate(part) for part in shape.parts])
        if shape.kind in ("parallel", "dominated"):
            return max([self._estimate(part) for part in shape.parts])
        known = self._choices.get(vertices)
        if known is not None and known.makespan < upper:
            upper = known.makespan
        return lower + self._pessimism * (upper - lower)

    def _value(self, vertices: int) -> float:
        """The makespan of the best known schedule of a set, or its upper bound where it was not searched."""
        shape = self._bounds.shape(vertices)
        if shape.kind == "series":
            return sum([self._value(part) for part in shape.parts])
        if shape.kind in ("parallel", "dominated"):
            return max([self._value(part) for part in shape.parts])
        known = self._choices.get(vertices)
        return known.makespan if known is not None else self._bounds.bounds(vertices)[1]

    def _longest_path(self, vertices: int) -> list[int]:
        """The vertices that follow each other without a pause in the best known schedule of a set."""
        path: list[int] = []
        pending = [vertices]
        while pending:
            current = pending.pop()
            shape = self._bounds.shape(current)
            if shape.kind == "vertex":
                path.append(current.bit_length() - 1)
            elif shape.kind == "series":
                pending.extend(reversed(shape.parts))
            elif shape.kind == "prime":
                if (choice := self._choices.get(current)) is not None:
                    pending += (current ^ choice.first, choice.first)
            else:
                pending.append(max(shape.parts, key=self._value))
        return path

    def block(self, vertices: int, depth: int = 0) -> Block:
        """The best known schedule of a set that was searched; layers where the search did not get to it."""
        shape = self._bounds.shape(vertices)
        if shape.kind == "vertex":
            return vertex_block(vertices.bit_length() - 1)
        if depth > DEPTH_LIMIT or (shape.kind == "prime" and vertices not in self._choices):
            return self._bounds.layering(vertices).block()
        if shape.kind == "dominated":
            return self._bounds.dominance.complete(self.block(shape.parts[0], depth + 1), vertices)
        if shape.kind == "prime":
            first = self._choices[vertices].first
            return join("series", [self.block(first, depth + 1), self.block(vertices ^ first, depth + 1)])
        return join(shape.kind, [self.block(part, depth + 1) for part in shape.parts])
