"""Schedules of a poset's sets while they are worked on: series-parallel trees that know their sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from millrace.compiler.schedule._tree import Tree, parallel, series


class Block(NamedTuple):
    """A normalised schedule of a set of vertices."""

    kind: Literal["vertex", "parallel", "series"]
    vertices: int
    parts: tuple[Block, ...]


def vertex_block(vertex: int) -> Block:
    """The schedule of one vertex."""
    return Block("vertex", 1 << vertex, ())


def join(kind: Literal["parallel", "series"], blocks: Iterable[Block]) -> Block:
    """The blocks side by side or in sequence, normalised; at least one."""
    parts: list[Block] = []
    vertices = 0
    for block in blocks:
        vertices |= block.vertices
        if block.kind == kind:
            parts.extend(block.parts)
        else:
            parts.append(block)
    return parts[0] if len(parts) == 1 else Block(kind, vertices, tuple(parts))


def block_makespan(block: Block, durations: Sequence[float]) -> float:
    """The time that a schedule takes."""
    if block.kind == "vertex":
        return durations[block.vertices.bit_length() - 1]
    lengths = [block_makespan(part, durations) for part in block.parts]
    return sum(lengths) if block.kind == "series" else max(lengths)


def tree_of(block: Block, tree: Callable[[int], Tree]) -> Tree:
    """The schedule as a tree, with each vertex replaced by a tree of its own."""
    if block.kind == "vertex":
        return tree(block.vertices.bit_length() - 1)
    parts = [tree_of(part, tree) for part in block.parts]
    return series(parts) if block.kind == "series" else parallel(parts)
