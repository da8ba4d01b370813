"""The least makespan of any fork-join schedule, by exhaustive search over down-sets: slow, but short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache


def least_makespan(successors: Sequence[Sequence[int]], durations: Sequence[float]) -> float:
    """f(one node) = its duration; f(unconnected) = max over components; else min over down-sets A of f(A) + f(rest).

    The root of a series-parallel tree of a connected set is a Series, so some non-empty proper down-set runs before the
    rest. Works on transitive closures, for any numbering; the number of down-sets bounds what is feasible.
    """
    size = len(durations)
    after = [closure(node, successors) for node in range(size)]
    before = [frozenset(node for node in range(size) if other in after[node]) for other in range(size)]

    @cache
    def least(nodes: frozenset[int]) -> float:
        if len(nodes) == 1:
            return durations[next(iter(nodes))]
        component = connected(nodes)
        if component != nodes:
            return max(least(component), least(nodes - component))
        return min(least(first) + least(nodes - first) for first in down_sets(nodes))

    def connected(nodes: frozenset[int]) -> frozenset[int]:
        found: set[int] = set()
        pending = [min(nodes)]
        while pending:
            node = pending.pop()
            found.add(node)
            pending.extend((after[node] | before[node]) & nodes - found)
        return frozenset(found)

    def down_sets(nodes: frozenset[int]) -> Iterator[frozenset[int]]:
        """The non-empty proper subsets that hold all predecessors of their members."""
        found = {frozenset[int]()}
        for node in sorted(nodes, key=lambda node: len(before[node])):
            found |= {chosen | {node} for chosen in found if before[node] & nodes <= chosen}
        return (chosen for chosen in found if chosen and chosen != nodes)

    return least(frozenset(range(size)))


def closure(node: int, successors: Sequence[Sequence[int]]) -> frozenset[int]:
    """All nodes that the node precedes."""
    found: set[int] = set()
    pending = list(successors[node])
    while pending:
        reached = pending.pop()
        if reached not in found:
            found.add(reached)
            pending.extend(successors[reached])
    return frozenset(found)
