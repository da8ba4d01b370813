"""Layer-by-layer schedules: simple, quick to find, and an upper bound on what a set needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from millrace.compiler.schedule._block import Block, join, vertex_block
from millrace.compiler.schedule._poset import Poset, vertices_of


class Layering(NamedTuple):
    """A schedule in layers: each layer's vertices run side by side."""

    makespan: float
    layers: list[int]

    def block(self) -> Block:
        """The layers in sequence."""
        return join("series", [join("parallel", map(vertex_block, vertices_of(layer))) for layer in self.layers])


def longest_first(order: Poset, vertices: int, durations: Sequence[float]) -> Layering:
    """Place long vertices first, each in the layer, of those open to it, that already waits longest."""
    members = vertices_of(vertices)
    first, last = _windows(order, members)
    longest = [0.0] * (max(first) + 1)
    layers = [0] * len(longest)
    for vertex in sorted(members, key=durations.__getitem__, reverse=True):
        low, high = first[vertex], last[vertex]
        layer = low
        for other in range(low + 1, high + 1):
            if longest[other] > longest[layer]:
                layer = other
        longest[layer] = max(longest[layer], durations[vertex])
        layers[layer] |= 1 << vertex
        if layer > low:
            _push_later(order, first, vertices, vertex, layer)
        if layer < high:
            _push_earlier(order, last, vertices, vertex, layer)
    return Layering(sum(longest), layers)


def _windows(order: Poset, members: list[int]) -> tuple[list[int], list[int]]:
    """The first and the last layer open to each vertex, in as few layers as possible; -1 and more outside the set."""
    first = [-1] * len(order.predecessors)
    for vertex in members:
        layer = -1
        for predecessor in order.predecessors[vertex]:
            if first[predecessor] > layer:
                layer = first[predecessor]
        first[vertex] = layer + 1
    end = max(first) + 1
    last = [end] * len(first)
    for vertex in reversed(members):
        layer = end
        for successor in order.successors[vertex]:
            if last[successor] < layer:
                layer = last[successor]
        last[vertex] = layer - 1
    return first, last


def _push_later(order: Poset, first: list[int], vertices: int, vertex: int, layer: int) -> None:
    """Set the vertex's first layer, and move its descendants' behind it."""
    first[vertex] = layer
    pending = [vertex]
    while pending:
        current = pending.pop()
        after = first[current] + 1
        for successor in order.successors[current]:
            if first[successor] < after and vertices >> successor & 1:
                first[successor] = after
                pending.append(successor)


def _push_earlier(order: Poset, last: list[int], vertices: int, vertex: int, layer: int) -> None:
    """Set the vertex's last layer, and move its ancestors' before it."""
    last[vertex] = layer
    pending = [vertex]
    while pending:
        current = pending.pop()
        before = last[current] - 1
        for predecessor in order.predecessors[current]:
            if last[predecessor] > before and vertices >> predecessor & 1:
                last[predecessor] = before
                pending.append(predecessor)
