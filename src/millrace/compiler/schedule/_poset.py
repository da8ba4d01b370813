"""Partial orders on small integers, with sets of vertices as bit sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, count


@dataclass(frozen=True, slots=True)
class Poset:
    """A transitively reduced order of the vertices 0..n-1, numbered topologically.

    A set of vertices is an int with bit v set for vertex v. In all sets that the scheduler forms, the edges inside the
    set generate the order inside it: the sets are convex (they hold each vertex between two of theirs), or lack only
    vertices that another one dominates.
    """

    predecessors: tuple[tuple[int, ...], ...]
    successors: tuple[tuple[int, ...], ...]
    ancestors: tuple[int, ...]
    descendants: tuple[int, ...]
    related: tuple[int, ...]
    """For each vertex the set of itself, its ancestors and its descendants."""

    @property
    def everything(self) -> int:
        """The set of all vertices."""
        return (1 << len(self.successors)) - 1


def poset(successors: Sequence[Sequence[int]]) -> Poset:
    """The order that reduced, topologically numbered successor lists generate."""
    size = len(successors)
    predecessors: list[list[int]] = [[] for _ in range(size)]
    for vertex, following in enumerate(successors):
        for successor in following:
            predecessors[successor].append(vertex)
    ancestors = [0] * size
    for vertex in range(size):
        reached = 0
        for predecessor in predecessors[vertex]:
            reached |= ancestors[predecessor] | 1 << predecessor
        ancestors[vertex] = reached
    descendants = [0] * size
    for vertex in reversed(range(size)):
        reached = 0
        for successor in successors[vertex]:
            reached |= descendants[successor] | 1 << successor
        descendants[vertex] = reached
    return Poset(
        predecessors=tuple(map(tuple, predecessors)),
        successors=tuple(map(tuple, successors)),
        ancestors=tuple(ancestors),
        descendants=tuple(descendants),
        related=tuple(
            before | after | 1 << v for v, (before, after) in enumerate(zip(ancestors, descendants, strict=True))
        ),
    )


def restrict(order: Poset, vertices: Sequence[int]) -> Poset:
    """The order inside a convex set, given as ascending vertices, renumbered 0.. in that sequence."""
    number = {vertex: index for index, vertex in enumerate(vertices)}
    return poset([[number[w] for w in order.successors[v] if w in number] for v in vertices])


_BITS = bytes(digit == ord("1") for digit in range(256))
"""Translates the digits of a binary numeral to the numbers 0 and 1."""


def vertices_of(mask: int) -> list[int]:
    """The vertices of a non-empty set, ascending."""
    lowest = (mask & -mask).bit_length() - 1
    return list(compress(count(lowest), bin(mask >> lowest)[:1:-1].encode().translate(_BITS)))
