from __future__ import annotations

import subprocess
import sys
from random import Random
from typing import cast

import pytest
from exact_search import closure, least_makespan
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.compiler.schedule import (
    Leaf,
    Parallel,
    Series,
    Tree,
    critical_path,
    leaves,
    makespan,
    parallel_count,
    schedule,
)

Dag = tuple[list[list[int]], list[float]]


@st.composite
def dags(draw: st.DrawFn, max_size: int = 14) -> Dag:
    """DAGs whose numbering is not topological, with duplicate and implied edges, ties and zeros among the durations."""
    size = draw(st.integers(1, max_size))
    numbers = draw(st.permutations(range(size)))
    successors: list[list[int]] = [[] for _ in range(size)]
    for low in range(size - 1):
        for high in draw(st.lists(st.integers(low + 1, size - 1), max_size=3)):
            successors[numbers[low]].append(numbers[high])
    durations = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 10.0]), min_size=size, max_size=size))
    return successors, durations


@st.composite
def trees(draw: st.DrawFn) -> tuple[Tree, int]:
    """Normalised trees and how many leaves they have, numbered from left to right."""
    leaf = st.none()
    shape = draw(st.recursive(leaf, lambda inner: st.lists(inner, min_size=2, max_size=4), max_leaves=25))
    kind = draw(st.sampled_from([Series, Parallel]))
    numbers = iter(range(1000))

    def build(part: object, kind: type[Series | Parallel]) -> Tree:
        if not isinstance(part, list):
            return Leaf(next(numbers))
        other = Parallel if kind is Series else Series
        return kind(tuple([build(member, other) for member in cast("list[object]", part)]))

    tree = build(shape, kind)
    return tree, next(numbers)


def graph_of(tree: Tree, size: int) -> list[list[int]]:
    """All pairs that the tree orders, as edges."""
    successors: list[list[int]] = [[] for _ in range(size)]
    for before, after in sorted(precedences(tree)):
        successors[before].append(after)
    return successors


def precedences(tree: Tree) -> set[tuple[int, int]]:
    """All pairs of nodes that the tree orders."""
    if isinstance(tree, Leaf):
        return set()
    members = tree.parts if isinstance(tree, Series) else tree.branches
    pairs = {pair for member in members for pair in precedences(member)}
    if isinstance(tree, Series):
        seen: list[int] = []
        for member in members:
            nodes = list(leaves(member))
            pairs |= {(before, after) for before in seen for after in nodes}
            seen += nodes
    return pairs


def is_normalised(tree: Tree) -> bool:
    if isinstance(tree, Leaf):
        return True
    members = tree.parts if isinstance(tree, Series) else tree.branches
    return len(members) >= 2 and all(type(member) is not type(tree) and is_normalised(member) for member in members)


def layered(seed: int, low: int, high: int) -> Dag:
    """A random DAG in layers, with edges that skip some."""
    random = Random(seed)
    size = random.randint(low, high)
    layer = sorted(random.randrange(max(2, round(size**0.5))) for _ in range(size))
    successors = [
        [
            after
            for after in range(size)
            if layer[after] > layer[node] and random.random() < 0.4 / (layer[after] - layer[node]) ** 2
        ]
        for node in range(size)
    ]
    return successors, [float(random.choice((1, 1, 2, 5, 9))) for _ in range(size)]


@given(dags())
def test_every_edge_is_ordered_by_the_tree(dag: Dag) -> None:
    successors, durations = dag
    ordered = precedences(schedule(successors, durations))
    assert {(node, after) for node, following in enumerate(successors) for after in following} <= ordered


@given(dags())
def test_every_node_is_in_the_tree_once(dag: Dag) -> None:
    successors, durations = dag
    assert sorted(leaves(schedule(successors, durations))) == list(range(len(successors)))


@given(dags())
def test_trees_are_normalised_and_branches_are_in_node_order(dag: Dag) -> None:
    pending = [schedule(*dag)]
    assert is_normalised(pending[0])
    while pending:
        tree = pending.pop()
        if isinstance(tree, Parallel):
            smallest = [min(leaves(branch)) for branch in tree.branches]
            assert smallest == sorted(smallest)
        pending.extend(tree.parts if isinstance(tree, Series) else tree.branches if isinstance(tree, Parallel) else ())


@given(dags(max_size=40))
@settings(max_examples=40)
def test_larger_graphs_keep_every_edge(dag: Dag) -> None:
    successors, durations = dag
    ordered = precedences(schedule(successors, durations))
    assert all((node, after) in ordered for node, following in enumerate(successors) for after in following)


@pytest.mark.parametrize("seed", range(12))
def test_orders_too_large_for_a_full_search_keep_every_edge(seed: int) -> None:
    successors, durations = layered(seed, 60, 400)
    place = {node: position for position, node in enumerate(leaves(schedule(successors, durations)))}
    assert sorted(place) == list(range(len(successors)))
    assert all(place[node] < place[after] for node, following in enumerate(successors) for after in following)


@given(trees(), st.data())
def test_series_parallel_graphs_take_their_critical_path_in_a_minimal_tree(
    drawn: tuple[Tree, int], data: st.DataObject
) -> None:
    tree, size = drawn
    durations = [float(data.draw(st.integers(0, 5))) for _ in range(size)]
    successors = graph_of(tree, size)
    found = schedule(successors, durations)
    assert makespan(found, durations) == critical_path(successors, durations)
    # Normalised trees of a series-parallel order are unique up to the order of branches.
    assert precedences(found) == precedences(tree)
    assert parallel_count(found) == parallel_count(tree)


def test_makespan_is_the_least_there_is_for_nearly_all_small_graphs() -> None:
    ratios: list[float] = []
    for seed in range(150):
        successors, durations = layered(seed, 5, 12)
        found = makespan(schedule(successors, durations), durations)
        ratios.append(found / least_makespan(successors, durations))
    assert min(ratios) >= 1 - 1e-9
    assert max(ratios) <= 1.1
    # The schedule may trade a little of the expected makespan for less under other durations.
    assert sum(ratio <= 1 + 1e-9 for ratio in ratios) >= 140


@given(dags(max_size=10))
@settings(max_examples=50)
def test_no_schedule_beats_the_exact_search(dag: Dag) -> None:
    successors, durations = dag
    found, least = makespan(schedule(successors, durations), durations), least_makespan(successors, durations)
    assert least - 1e-9 <= found <= least * 1.34 + 1e-9


def test_n_graph_takes_the_barrier_that_costs_least() -> None:
    # a -> c, b -> c, b -> d: either c and d both wait for a and b, or a and d run apart from b and c in turn.
    durations = [1.0, 5.0, 5.0, 1.0]
    tree = schedule([[2], [2, 3], [], []], durations)
    assert tree == Series((Parallel((Leaf(0), Leaf(1))), Parallel((Leaf(2), Leaf(3)))))
    assert makespan(tree, durations) == critical_path([[2], [2, 3], [], []], durations) == 10.0


def test_n_graph_that_no_barrier_serves_takes_the_exact_least() -> None:
    successors, durations = [[2], [2, 3], [], []], [2.0, 1.0, 1.0, 2.0]
    assert makespan(schedule(successors, durations), durations) == least_makespan(successors, durations) == 4.0


def test_dominated_nodes_run_beside_another_at_no_cost() -> None:
    # Node 4 is placed like node 0 and shorter; the others form an N.
    successors, durations = [[2], [2, 3], [], [], [2]], [1.0, 5.0, 5.0, 1.0, 0.5]
    assert makespan(schedule(successors, durations), durations) == 10.0


def test_a_graph_gives_the_same_tree_in_every_process() -> None:
    program = (
        "from millrace.compiler.schedule import schedule;"
        f"print(schedule(*{layered(3, 40, 40)!r}))"  # the hash seed differs from process to process
    )
    outputs = {
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert outputs == {f"{schedule(*layered(3, 40, 40))}\n"}


def test_zero_durations_everywhere_count_alike() -> None:
    successors, _ = layered(5, 20, 20)
    assert schedule(successors, [0.0] * 20) == schedule(successors, [1.0] * 20)


def test_a_long_chain_is_one_series() -> None:
    size = 10_000
    tree = schedule([[node + 1] for node in range(size - 1)] + [[]], [1.0] * size)
    assert tree == Series(tuple(Leaf(node) for node in range(size)))
    assert makespan(tree, [1.0] * size) == size


def test_a_wide_fan_is_one_parallel() -> None:
    size = 10_000
    middle = range(1, size - 1)
    tree = schedule([list(middle), *([size - 1] for _ in middle), []], [1.0] * size)
    assert tree == Series((Leaf(0), Parallel(tuple(map(Leaf, middle))), Leaf(size - 1)))


@pytest.mark.parametrize("reverse", [False, True])
def test_a_nesting_as_deep_as_the_graph_is_scheduled(reverse: bool) -> None:
    size = 6_001
    edges = [(node, node + step) for node in range(0, size - 2, 2) for step in (1, 2)]
    successors: list[list[int]] = [[] for _ in range(size)]
    for before, after in edges:
        first, second = (size - 1 - after, size - 1 - before) if reverse else (before, after)
        successors[first].append(second)
    durations = [1.0] * size
    tree = schedule(successors, durations)
    assert makespan(tree, durations) == critical_path(successors, durations) == (size + 1) / 2
    assert parallel_count(tree) == (size - 1) / 2


def test_a_long_ladder_is_scheduled_without_waiting() -> None:
    # One prime set as long as the graph: 0, 2, 4, ... and 1, 3, 5, ... with a rung from each even node to an odd one.
    size = 2_000
    successors = [[node + 2, node + 3] if node % 2 == 0 else [node + 2] for node in range(size - 2)]
    successors = [[after for after in following if after < size] for following in successors] + [[], []]
    tree = schedule(successors, [1.0] * size)
    assert makespan(tree, [1.0] * size) == critical_path(successors, [1.0] * size)


def test_implied_edges_do_not_matter() -> None:
    successors, durations = layered(8, 25, 25)
    closed = [sorted(closure(node, successors)) for node in range(25)]
    assert schedule(closed, durations) == schedule(successors, durations)


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an acyclic graph, found a cycle"):
        schedule([[1], [0]], [1.0, 1.0])


def test_an_edge_to_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="found 0 -> 7"):
        schedule([[7]], [1.0])


@pytest.mark.parametrize("duration", [-1.0, float("nan"), float("inf")])
def test_impossible_durations_are_refused(duration: float) -> None:
    with pytest.raises(ValueError, match="finite and at least 0"):
        schedule([[]], [duration])


def test_a_missing_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="one duration for each"):
        schedule([[], []], [1.0])
