"""Remove order that a schedule imposes and the graph does not ask for."""

from __future__ import annotations

from collections.abc import Iterable

from millrace.compiler.schedule._block import Block, join
from millrace.compiler.schedule._decomposition import Decomposition


def relax(block: Block, decomposition: Decomposition) -> Block:
    """The schedule with each barrier between unconnected vertices dissolved; it orders a subset of the pairs.

    Where two consecutive members of a Series hold sets that are not connected as a whole, each component runs its share
    of the first and then its share of the second, side by side with the other components. Works bottom-up.
    """
    if block.kind == "vertex":
        return block
    parts = [relax(part, decomposition) for part in block.parts]
    return join("parallel", parts) if block.kind == "parallel" else _merge(parts, decomposition)


def _merge(parts: Iterable[Block], decomposition: Decomposition) -> Block:
    """The relaxed members in sequence, with the barriers between them dissolved where possible."""
    merged: list[Block] = []
    for part in parts:
        # A dissolved barrier may set its neighbour free, so each new member is tried against all that stand before it.
        current = part
        while merged:
            shape = decomposition.shape(merged[-1].vertices | current.vertices)
            if shape.kind != "parallel":
                break
            previous = merged.pop()
            current = join(
                "parallel",
                [_merge(_shares(previous, current, component), decomposition) for component in shape.parts],
            )
        merged.append(current)
    return join("series", merged)


def _shares(before: Block, after: Block, component: int) -> list[Block]:
    return [share for share in (restrict(before, component), restrict(after, component)) if share is not None]


def restrict(block: Block, vertices: int) -> Block | None:
    """The schedule of those of its vertices that are in the set; None if there are none."""
    inside = block.vertices & vertices
    if not inside:
        return None
    if inside == block.vertices:
        return block
    shares = [share for part in block.parts if (share := restrict(part, vertices)) is not None]
    assert block.kind != "vertex", "a vertex is in the set or outside"
    return join(block.kind, shares)
