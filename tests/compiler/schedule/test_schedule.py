from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from millrace.compiler.schedule import Leaf, Parallel, Series, Tree, critical_path, leaves, makespan, schedule

Dag = tuple[list[list[int]], list[float]]


@st.composite
def dags(draw: st.DrawFn, max_size: int = 14) -> Dag:
    """DAGs whose numbering is not topological, with ties and zeros among the durations."""
    size = draw(st.integers(1, max_size))
    numbers = draw(st.permutations(range(size)))
    successors: list[list[int]] = [[] for _ in range(size)]
    for low in range(size):
        for high in draw(st.lists(st.integers(low + 1, size - 1), max_size=3)) if low + 1 < size else []:
            successors[numbers[low]].append(numbers[high])
    durations = draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.5, 10.0]), min_size=size, max_size=size))
    return successors, durations


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


@given(dags())
def test_every_edge_is_ordered_by_the_tree(dag: Dag) -> None:
    successors, durations = dag
    ordered = precedences(schedule(successors, durations))
    assert {(u, v) for u, following in enumerate(successors) for v in following} <= ordered


@given(dags())
def test_every_node_is_in_the_tree_once(dag: Dag) -> None:
    successors, durations = dag
    assert sorted(leaves(schedule(successors, durations))) == list(range(len(successors)))


@given(dags())
def test_no_schedule_is_shorter_than_the_critical_path(dag: Dag) -> None:
    successors, durations = dag
    assert makespan(schedule(successors, durations), durations) >= critical_path(successors, durations) - 1e-9


def test_n_graph_gets_the_barrier_that_costs_least() -> None:
    # a -> c, b -> c, b -> d: either a and b are joined, or a waits for nothing but c and d for each other.
    tree = schedule([[2], [2, 3], [], []], [1.0, 5.0, 5.0, 1.0])
    assert makespan(tree, [1.0, 5.0, 5.0, 1.0]) == 10.0
    assert isinstance(tree, Series)
    assert all(isinstance(part, Leaf | Parallel) for part in tree.parts)
