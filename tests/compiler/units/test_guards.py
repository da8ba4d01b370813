"""The algebra of liveness against brute force: every choice of ports of small graphs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product

from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.compiler.guards import ALWAYS, NEVER, Guard, Guards, ports_by_node
from millrace.model import NodeId, Port

World = Mapping[NodeId, Port]
"""The port that each node takes if it runs."""

_settings = settings(max_examples=120, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Drawn:
    """A graph in topological order.

    Attributes:
        ports: For each node its ways on.
        incoming: For each node its edges, as sources and their ports.
    """

    ports: Mapping[NodeId, tuple[Port, ...]]
    incoming: Mapping[NodeId, tuple[tuple[NodeId, Port], ...]]

    def worlds(self) -> Iterator[World]:
        for chosen in product(*self.ports.values()):
            yield dict(zip(self.ports, chosen, strict=True))

    def running(self, world: World) -> set[NodeId]:
        """Give the nodes that run: those with a live edge, and those without edges."""
        found: set[NodeId] = set()
        for node, edges in self.incoming.items():
            if not edges or any(source in found and world[source] == port for source, port in edges):
                found.add(node)
        return found

    def holds(self, guard: Guard, world: World) -> bool:
        running = self.running(world)
        return any(atom in ALWAYS or (atom[0] in running and world[atom[0]] == atom[1]) for atom in guard)

    def liveness(self, guards: Guards, source: NodeId, port: Port) -> Guard:
        if len(self.ports[source]) == 1 or guards.by_node[source] == NEVER:
            return guards.by_node[source]
        return frozenset(((source, port),))

    def guards(self) -> Guards:
        guards = Guards(lambda node: self.ports[node])
        for node, edges in self.incoming.items():
            live = (self.liveness(guards, source, port) for source, port in edges)
            guards.by_node[node] = guards.union(live) if edges else ALWAYS
        return guards


@st.composite
def drawn_graphs(draw: st.DrawFn) -> Drawn:
    ports: dict[NodeId, tuple[Port, ...]] = {}
    incoming: dict[NodeId, tuple[tuple[NodeId, Port], ...]] = {}
    for index in range(draw(st.integers(2, 9))):
        node = NodeId(f"n{index}")
        ways = [(source, port) for source, names in ports.items() for port in names]
        chosen = draw(st.lists(st.sampled_from(ways), max_size=4, unique=True)) if ways else []
        incoming[node] = tuple(chosen)
        ports[node] = tuple(Port(name) for name in "abc"[: draw(st.sampled_from((1, 2, 2, 2, 3)))])
    return Drawn(ports, incoming)


def _some_guards(drawn: Drawn, guards: Guards, data: st.DataObject) -> list[list[Guard]]:
    """Give conditions to bring together: those of edges, nodes and their unions."""
    edges = [(source, port) for source, names in drawn.ports.items() for port in names]
    chosen = data.draw(st.lists(st.lists(st.sampled_from(edges), max_size=5), min_size=2, max_size=4))
    return [[drawn.liveness(guards, source, port) for source, port in part] for part in chosen]


@_settings
@given(drawn_graphs())
def test_the_condition_of_a_node_holds_just_when_the_node_runs(drawn: Drawn) -> None:
    guards = drawn.guards()
    for world in drawn.worlds():
        running = drawn.running(world)
        for node in drawn.incoming:
            assert drawn.holds(guards.by_node[node], world) == (node in running)


@_settings
@given(drawn_graphs(), st.data())
def test_a_union_holds_just_when_one_of_its_conditions_does(drawn: Drawn, data: st.DataObject) -> None:
    guards = drawn.guards()
    for part in _some_guards(drawn, guards, data):
        union = guards.union(part)
        truth = [any(drawn.holds(guard, world) for guard in part) for world in drawn.worlds()]
        assert [drawn.holds(union, world) for world in drawn.worlds()] == truth
        assert (union == ALWAYS) == all(truth)
        assert (union == NEVER) == (not any(truth))


@_settings
@given(drawn_graphs(), st.data())
def test_what_is_said_to_follow_or_to_exclude_does_so_in_every_run(drawn: Drawn, data: st.DataObject) -> None:
    guards = drawn.guards()
    known = [guards.union(part) for part in _some_guards(drawn, guards, data)] + list(guards.by_node.values())
    truths = {guard: [drawn.holds(guard, world) for world in drawn.worlds()] for guard in known}
    for left, right in product(known, repeat=2):
        pairs = list(zip(truths[left], truths[right], strict=True))
        assert guards.implies(left, right) == all(b for a, b in pairs if a), (left, right)
        if guards.exclusive(left, right):
            assert not any(a and b for a, b in pairs), (left, right)


@_settings
@given(drawn_graphs())
def test_the_same_condition_has_one_form(drawn: Drawn) -> None:
    guards = drawn.guards()
    for guard in guards.by_node.values():
        assert guards.union([guard]) == guard
        assert guards.union([guard, guard, NEVER]) == guard
        assert guards.union([guard, ALWAYS]) == ALWAYS


def _tree(depth: int) -> Drawn:
    """Draw decisions that lead to two decisions each, all of whose last ways join."""
    ports: dict[NodeId, tuple[Port, ...]] = {}
    incoming: dict[NodeId, tuple[tuple[NodeId, Port], ...]] = {}
    level: tuple[tuple[NodeId, Port], ...] = ()
    for row in range(depth):
        ways = level or ((NodeId(""), Port("")),)
        level = ()
        for column, way in enumerate(ways):
            node = NodeId(f"d{row}-{column}")
            incoming[node] = (way,) if row else ()
            ports[node] = (Port("true"), Port("false"))
            level += ((node, Port("true")), (node, Port("false")))
    incoming[NodeId("join")], ports[NodeId("join")] = level, (Port("out"),)
    return Drawn(ports, incoming)


def test_a_join_of_all_ways_runs_always() -> None:
    assert _tree(6).guards().by_node[NodeId("join")] == ALWAYS


def test_the_ways_of_one_decision_exclude_each_other_however_deep_they_lead() -> None:
    guards = _tree(6).guards()
    leaves = [frozenset(((NodeId(f"d5-{column}"), Port("true")),)) for column in range(32)]
    for left, right in product(leaves, repeat=2):
        assert guards.exclusive(left, right) == (left != right)


def test_a_way_follows_from_every_way_behind_it() -> None:
    guards = _tree(4).guards()
    first = frozenset(((NodeId("d0-0"), Port("true")),))
    assert guards.implies(frozenset(((NodeId("d3-0"), Port("true")),)), first)
    assert not guards.implies(frozenset(((NodeId("d3-7"), Port("true")),)), first)
    assert guards.union([first, guards.by_node[NodeId("d3-0")]]) == first


def test_a_chain_of_a_thousand_decisions_is_joined_in_one_condition() -> None:
    nodes = [NodeId(f"n{index}") for index in range(1000)]
    ports = {node: (Port("true"), Port("false")) for node in nodes}
    guards = Guards(lambda node: ports[node], {nodes[0]: ALWAYS})
    for before, node in pairwise(nodes):
        guards.by_node[node] = frozenset(((before, Port("true")),))
    ways = [frozenset(((node, Port("false")),)) for node in nodes]
    assert guards.union([*ways, frozenset(((nodes[-1], Port("true")),))]) == ALWAYS
    assert guards.union(ways) == frozenset((node, Port("false")) for node in nodes)


def test_the_atoms_of_a_condition_are_grouped_by_node_in_order() -> None:
    guard = frozenset(((NodeId("b"), Port("y")), (NodeId("b"), Port("x")), (NodeId("a"), Port("z"))))
    assert list(ports_by_node(guard).items()) == [("a", ("z",)), ("b", ("x", "y"))]
