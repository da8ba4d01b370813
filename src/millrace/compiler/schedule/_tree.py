"""Series-parallel trees: the nested fork-join programs that Step Functions can run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One node of the graph."""

    node: int


@dataclass(frozen=True, slots=True)
class Series:
    """Parts that run one after the other; at least two, none of them a Series."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that start together and are joined; at least two, none of them a Parallel."""

    branches: tuple[Tree, ...]


Tree = Leaf | Series | Parallel


def series(members: Iterable[Tree]) -> Tree:
    """The members in sequence, normalised: a nested Series is spliced in, a lone member stands for itself."""
    parts: list[Tree] = []
    for member in members:
        if isinstance(member, Series):
            parts.extend(member.parts)
        else:
            parts.append(member)
    return parts[0] if len(parts) == 1 else Series(tuple(parts))


def parallel(members: Iterable[Tree]) -> Tree:
    """The members side by side, normalised: a nested Parallel is spliced in, a lone member stands for itself."""
    branches: list[Tree] = []
    for member in members:
        if isinstance(member, Parallel):
            branches.extend(member.branches)
        else:
            branches.append(member)
    return branches[0] if len(branches) == 1 else Parallel(tuple(branches))


def members(tree: Tree) -> tuple[Tree, ...]:
    """The direct members of a tree; none for a leaf."""
    if isinstance(tree, Leaf):
        return ()
    return tree.parts if isinstance(tree, Series) else tree.branches


def leaves(tree: Tree) -> Iterator[int]:
    """The nodes of the tree from left to right, which is a topological order of the graph."""
    pending: list[Tree] = [tree]
    while pending:
        current = pending.pop()
        if isinstance(current, Leaf):
            yield current.node
        else:
            pending.extend(reversed(members(current)))


def parallel_count(tree: Tree) -> int:
    """How many Parallel states the tree needs."""
    count = 0
    pending: list[Tree] = [tree]
    while pending:
        current = pending.pop()
        count += isinstance(current, Parallel)
        pending.extend(members(current))
    return count


def makespan(tree: Tree, durations: Sequence[float]) -> float:
    """The time from start to end when each node takes its duration; in the durations' unit."""
    return fold(tree, lambda node: durations[node], sum, max)


def fold(
    tree: Tree,
    leaf: Callable[[int], Value],
    in_series: Callable[[list[Value]], Value],
    in_parallel: Callable[[list[Value]], Value],
) -> Value:
    """Combine the members' values bottom-up, without recursion: trees nest as deeply as the graph is long."""
    preorder: list[Tree] = []
    pending: list[Tree] = [tree]
    while pending:
        current = pending.pop()
        preorder.append(current)
        pending.extend(members(current))
    # In the reversed preorder a tree follows its members, whose values are the last ones pushed.
    values: list[Value] = []
    for current in reversed(preorder):
        if isinstance(current, Leaf):
            values.append(leaf(current.node))
            continue
        width = len(members(current))
        combine = in_series if isinstance(current, Series) else in_parallel
        combined = combine(values[-width:])
        del values[-width:]
        values.append(combined)
    return values[0]


def in_node_order(tree: Tree) -> Tree:
    """The same schedule, with each Parallel's branches ordered by the smallest node in them."""

    def in_series(parts: list[tuple[int, Tree]]) -> tuple[int, Tree]:
        return min([smallest for smallest, _ in parts]), Series(tuple([part for _, part in parts]))

    def in_parallel(branches: list[tuple[int, Tree]]) -> tuple[int, Tree]:
        branches.sort(key=itemgetter(0))
        return branches[0][0], Parallel(tuple([branch for _, branch in branches]))

    return fold(tree, _numbered, in_series, in_parallel)[1]


def _numbered(node: int) -> tuple[int, Tree]:
    return node, Leaf(node)
