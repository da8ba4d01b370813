"""The scheduler: any DAG as nested fork-join, with as little waiting as can be found."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from millrace.compiler.schedule._block import tree_of
from millrace.compiler.schedule._decomposition import Decomposition
from millrace.compiler.schedule._graph import topological_order, transitive_reduction
from millrace.compiler.schedule._portfolio import best_block
from millrace.compiler.schedule._poset import poset, restrict, vertices_of
from millrace.compiler.schedule._tree import Leaf, Tree, in_node_order, parallel, series


def schedule(successors: Sequence[Sequence[int]], durations: Sequence[float]) -> Tree:
    """A series-parallel tree that orders each edge of the DAG, chosen for a short makespan.

    Args:
        successors: for each node 0..n-1 (n >= 1) the nodes that it precedes, in any numbering; duplicate and implied
            edges are allowed.
        durations: each node's expected duration, in any one unit; zero where nothing is known to take time.

    Raises:
        ValueError: the graph is empty or has a cycle, an edge leads nowhere, or a duration is missing, negative or not
            finite.
    """
    positive = _positive(durations, len(successors))
    nodes = topological_order(successors)
    times = [positive[node] for node in nodes]
    order = poset(transitive_reduction(successors, nodes))
    decomposition = Decomposition(order)
    trees: dict[int, Tree] = {}
    pending = [order.everything]
    while pending:
        current = pending.pop()
        shape = decomposition.shape(current)
        if shape.kind == "vertex":
            trees[current] = Leaf(nodes[current.bit_length() - 1])
        elif shape.kind == "prime":
            members = vertices_of(current)
            block = best_block(restrict(order, members), [times[v] for v in members])
            trees[current] = tree_of(block, lambda v, members=members: Leaf(nodes[members[v]]))
        elif shape.parts[0] in trees:
            join = series if shape.kind == "series" else parallel
            trees[current] = join([trees[part] for part in shape.parts])
        else:
            pending.append(current)
            pending.extend(shape.parts)
    return in_node_order(trees[order.everything])


NEGLIGIBLE = 1e-6
"""What a node without a duration counts for, as a share of the mean duration: enough to tell two cuts apart."""


def _positive(durations: Sequence[float], size: int) -> list[float]:
    """The durations with zeros raised to something negligible; all alike where none is known."""
    if len(durations) != size or not size:
        raise ValueError(
            f"expected one duration for each of at least one node, found {len(durations)} for {size} nodes"
        )
    for node, duration in enumerate(durations):
        if not (isfinite(duration) and duration >= 0):
            raise ValueError(f"expected a duration that is finite and at least 0, found {duration!r} for node {node}")
    total = sum(durations)
    if not isfinite(total):
        raise ValueError(f"expected durations whose sum is finite, found {max(durations)!r} as the longest")
    floor = total / size * NEGLIGIBLE
    return [max(duration, floor) for duration in durations] if floor else [1.0] * size
