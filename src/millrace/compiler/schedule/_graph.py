"""From any DAG, numbered in any order, to a transitively reduced order in topological numbering."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush


def topological_order(successors: Sequence[Sequence[int]]) -> list[int]:
    """The nodes in topological order, always the smallest ready node first.

    Raises:
        ValueError: an edge leads to a node that does not exist, or the graph has a cycle.
    """
    size = len(successors)
    missing = [0] * size
    for node, following in enumerate(successors):
        for successor in following:
            if not 0 <= successor < size:
                raise ValueError(
                    f"expected edges between the nodes 0..{size - 1}, found {node} -> {successor}: "
                    "add the node or drop the edge"
                )
            missing[successor] += 1
    ready = [node for node in range(size) if not missing[node]]
    heapify(ready)
    order: list[int] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for successor in successors[node]:
            missing[successor] -= 1
            if not missing[successor]:
                heappush(ready, successor)
    if len(order) < size:
        stuck = next(node for node in range(size) if missing[node])
        raise ValueError(
            f"expected an acyclic graph, found a cycle that node {stuck} is on or behind: remove one of its edges"
        )
    return order


def transitive_reduction(successors: Sequence[Sequence[int]], order: Sequence[int]) -> list[list[int]]:
    """The reduced successor lists in topological numbering: vertex i is node order[i]."""
    number = [0] * len(order)
    for vertex, node in enumerate(order):
        number[node] = vertex
    predecessors: list[list[int]] = [[] for _ in order]
    for vertex, node in enumerate(order):
        for successor in successors[node]:
            predecessors[number[successor]].append(vertex)
    reduced: list[list[int]] = [[] for _ in order]
    ancestors: list[int] = []
    for vertex, candidates in enumerate(predecessors):
        reached = 0
        # The latest predecessor first: one that an earlier taken predecessor descends from is implied, a duplicate too.
        for predecessor in sorted(candidates, reverse=True):
            if not reached >> predecessor & 1:
                reached |= ancestors[predecessor] | 1 << predecessor
                reduced[predecessor].append(vertex)
        ancestors.append(reached)
    return reduced


def critical_path(successors: Sequence[Sequence[int]], durations: Sequence[float]) -> float:
    """The longest path through the DAG, in the durations' unit: no schedule is shorter."""
    finish = [0.0] * len(durations)
    longest = 0.0
    for node in topological_order(successors):
        end = finish[node] + durations[node]
        longest = max(longest, end)
        for successor in successors[node]:
            finish[successor] = max(finish[successor], end)
    return longest
