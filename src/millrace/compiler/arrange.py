"""Pass: decide what runs beside what.

Nodes that take no time of their own (native values and decisions) are first grouped with a neighbour, so that they
never cost a branch; the groups are scheduled as nested fork-join (see `schedule`); the tree becomes a plan in which
conditions stand once for all that depends on them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from millrace.catalogue import Decide, Each, Repeat, Task
from millrace.compiler.bound import Binding, Bound
from millrace.compiler.graph import Graph, Region
from millrace.compiler.guards import ALWAYS, Guard
from millrace.compiler.plan import Act, Choose, Compute, Cycle, Fork, Gate, Item, Iterate, Plan
from millrace.compiler.schedule import Leaf, Parallel, Series, Tree, schedule
from millrace.model import NodeId

_INSTANT_SECONDS: Final = 0.01
"""Nodes expected to take less are not worth a branch of their own."""

_ITEMS_EXPECTED: Final = 10
"""How many rounds a container is expected to take, where nothing is known of it."""


def arrange(graph: Graph, binding: Binding) -> Plan:
    """Give the plan of the whole workflow."""
    return _Arranger(graph, binding).plan_region(graph.regions[None])


@dataclass(frozen=True, slots=True)
class _Group:
    """Nodes with one condition that run one after the other."""

    nodes: tuple[NodeId, ...]
    guard: Guard


class _Arranger:
    def __init__(self, graph: Graph, binding: Binding) -> None:
        self._graph = graph
        self._bound = binding.nodes
        self._guards = graph.guards

    def plan_region(self, region: Region) -> Plan:
        """Plan the nodes of one region."""
        groups, successors = self._grouped(region)
        if not groups:
            return Plan(())
        tree = schedule(successors, [self._group_seconds(group) for group in groups])
        return Plan(tuple(_Weaver(self, groups).weave(tree, ())))

    def seconds(self, node: NodeId) -> float:
        """Give how long a node is expected to take; one that is pinned or disabled does nothing."""
        step = self._graph.steps[node]
        if step.config.disabled or node in self._graph.pins or step.config.pinned is not None:
            return 0.0
        known = self._graph.settings.expected_seconds.get(node)
        if known is not None:
            return known
        operation = self._bound[node].operation
        match operation:
            case Task(expected_seconds=seconds):
                return seconds
            case Each() | Repeat():
                body = self._graph.regions[node].order
                return _ITEMS_EXPECTED * sum(self.seconds(inner) for inner in body if inner in self._bound) / 2
            case _:
                return step.kind.expected_seconds

    def _group_seconds(self, group: _Group) -> float:
        return sum(self.seconds(node) for node in group.nodes)

    def _is_instant(self, node: NodeId) -> bool:
        bound = self._bound[node]
        if bound.operation is None and all(assignment.target is None for assignment in bound.assignments):
            return True
        native = bound.operation is None or isinstance(bound.operation, Decide)
        return native and not bound.caught and self.seconds(node) < _INSTANT_SECONDS

    def _grouped(self, region: Region) -> tuple[list[_Group], list[list[int]]]:
        """Contract every instant node into its only predecessor or its only successor of the same condition.

        Neither adds an order that costs time: the node follows, or precedes, its group at once and takes no time.
        """
        nodes = [node for node in region.order if node in self._bound]
        before = self._predecessors(region)
        group_of: dict[NodeId, NodeId] = {}
        members: dict[NodeId, list[NodeId]] = {}
        for node in nodes:
            sources = {group_of[source] for source in before[node]}
            guard = self._guards.by_node[node]
            only = next(iter(sources)) if len(sources) == 1 else None
            if only is not None and self._is_instant(node) and self._guards.by_node[only] == guard:
                group_of[node] = only
                members[only].append(node)
            else:
                group_of[node] = node
                members[node] = [node]
        after: dict[NodeId, set[NodeId]] = {head: set() for head in members}
        for node in nodes:
            for source in before[node]:
                if group_of[source] != group_of[node]:
                    after[group_of[source]].add(group_of[node])
        for head in reversed(list(members)):
            following = after[head]
            if len(following) != 1 or not all(self._is_instant(node) for node in members[head]):
                continue
            only = next(iter(following))
            if self._guards.by_node[only] == self._guards.by_node[head]:
                members[only] = [*members.pop(head), *members[only]]
                for targets in after.values():
                    if head in targets:
                        targets.discard(head)
                        targets.add(only)
                del after[head]
        heads = sorted(members, key=lambda head: region.position[head])
        index = {head: position for position, head in enumerate(heads)}
        groups = [_Group(tuple(members[head]), self._guards.by_node[head]) for head in heads]
        return groups, [sorted(index[target] for target in after[head]) for head in heads]

    def _predecessors(self, region: Region) -> dict[NodeId, set[NodeId]]:
        """Give for each node those that it waits for; a node that never runs hands on those that it would wait for."""
        before: dict[NodeId, set[NodeId]] = {}
        for node in region.order:
            before[node] = set()
            for edge in region.incoming[node]:
                before[node] |= {edge.source} if edge.source in self._bound else before[edge.source]
        return before

    def items(self, group: _Group) -> Iterator[Item]:
        """Give the items of a group's nodes."""
        for node in group.nodes:
            yield from self._items_of(self._bound[node])

    def _items_of(self, bound: Bound) -> Iterator[Item]:
        node, operation = bound.step.id, bound.operation
        if operation is None:
            yield Act(bound, None) if bound.caught else Compute(bound.assignments)
            return
        if bound.assignments:
            yield Compute(bound.assignments)
        bound = replace(bound, assignments=())
        match operation:
            case Decide(rules=rules, default=default):
                yield Choose(bound, rules, default)
            case Each():
                yield Iterate(bound, operation, self.plan_region(self._graph.regions[node]))
            case Repeat():
                yield Cycle(bound, operation, self.plan_region(self._graph.regions[node]))
            case _:
                yield Act(bound, operation)  # type: ignore[arg-type]

    def is_instant_item(self, item: Item) -> bool:
        """Whether an item takes no time, so that nothing is gained by running it beside others."""
        match item:
            case Compute(assignments=assignments):
                return all(self._is_instant(assignment.node) for assignment in assignments)
            case Choose(bound=bound):
                return self._is_instant(bound.step.id)
            case Gate(arms=arms):
                return all(self.is_instant_item(inner) for _, plan in arms for inner in plan.items)
            case _:
                return False

    def implied(self, known: Sequence[Guard], wanted: Guard) -> bool:
        """Whether a condition follows from those that hold already."""
        return wanted == ALWAYS or any(self._guards.implies(guard, wanted) for guard in known)

    def implies(self, guard: Guard, wanted: Guard) -> bool:
        """Whether one condition follows from another."""
        return self._guards.implies(guard, wanted)

    def exclusive(self, left: Guard, right: Guard) -> bool:
        """Whether two conditions never hold together."""
        return self._guards.exclusive(left, right)

    def union(self, guards: Iterable[Guard]) -> Guard:
        """Give the condition that one of several holds."""
        return self._guards.union(guards)


class _Weaver:
    """Turns a fork-join tree of groups into items, with a condition wherever one is not known to hold."""

    def __init__(self, arranger: _Arranger, groups: Sequence[_Group]) -> None:
        self._arranger = arranger
        self._groups = groups
        self._hulls: dict[int, Guard] = {}

    def weave(self, tree: Tree, known: tuple[Guard, ...]) -> list[Item]:
        """Give the items of a tree, where the conditions in `known` hold."""
        match tree:
            case Leaf(node=index):
                group = self._groups[index]
                items = list(self._arranger.items(group))
                if self._arranger.implied(known, group.guard):
                    return items
                return [Gate(((group.guard, Plan(tuple(items))),))]
            case Series(parts=parts):
                return self._in_series(parts, known)
            case Parallel(branches=branches):
                return self._in_parallel(branches, known)

    def _within(self, known: tuple[Guard, ...], guard: Guard) -> tuple[Guard, ...]:
        """Give the conditions that hold under one more, without those that follow from it."""
        return (*(other for other in known if not self._arranger.implies(guard, other)), guard)

    def _hull(self, tree: Tree) -> Guard:
        """Give the condition under which anything of a tree runs."""
        key = id(tree)
        if key not in self._hulls:
            match tree:
                case Leaf(node=index):
                    hull = self._groups[index].guard
                case Series(parts=parts) | Parallel(branches=parts):
                    hull = self._arranger.union(self._hull(part) for part in parts)
            self._hulls[key] = hull
        return self._hulls[key]

    def _in_series(self, parts: Sequence[Tree], known: tuple[Guard, ...]) -> list[Item]:
        items: list[Item] = []
        arms: list[tuple[Guard, list[Tree]]] = []

        def close() -> None:
            if arms:
                gate = tuple(
                    (guard, Plan(tuple(self._in_series(trees, self._within(known, guard))))) for guard, trees in arms
                )
                self._append(items, Gate(gate))
                arms.clear()

        for part in parts:
            hull = self._hull(part)
            if self._arranger.implied(known, hull):
                close()
                for item in self.weave(part, known):
                    self._append(items, item)
                continue
            home = next((trees for guard, trees in arms if self._arranger.implies(hull, guard)), None)
            if home is not None:
                home.append(part)
                continue
            if not all(self._arranger.exclusive(hull, guard) for guard, _ in arms):
                close()
            arms.append((hull, [part]))
        close()
        return items

    def _append(self, items: list[Item], item: Item) -> None:
        """Add an item; what a condition guards joins the gate before, where that gate decides the same."""
        if isinstance(item, Gate) and items and isinstance(items[-1], Gate):
            merged = self._merged(items[-1], item)
            if merged is not None:
                items[-1] = merged
                return
        items.append(item)

    def _merged(self, first: Gate, second: Gate) -> Gate | None:
        arms = list(first.arms)
        for guard, plan in second.arms:
            home = next((i for i, (other, _) in enumerate(arms) if self._arranger.implies(guard, other)), None)
            if home is not None:
                other, before = arms[home]
                added = plan.items if guard == other else (Gate(((guard, plan),)),)
                joined = list(before.items)
                for item in added:
                    self._append(joined, item)
                arms[home] = (other, Plan(tuple(joined)))
            elif all(self._arranger.exclusive(guard, other) for other, _ in arms):
                arms.append((guard, plan))
            else:
                return None
        return Gate(tuple(arms))

    def _in_parallel(self, branches: Sequence[Tree], known: tuple[Guard, ...]) -> list[Item]:
        free: list[list[Item]] = []
        arms: list[tuple[Guard, list[Tree]]] = []
        for branch in branches:
            hull = self._hull(branch)
            if self._arranger.implied(known, hull):
                free.append(self.weave(branch, known))
                continue
            home = next((trees for guard, trees in arms if self._arranger.implies(hull, guard)), None)
            if home is not None:
                home.append(branch)
                continue
            inner = [arm for arm in arms if self._arranger.implies(arm[0], hull)]
            arms = [arm for arm in arms if arm not in inner]
            arms.append((hull, [branch, *(tree for _, trees in inner for tree in trees)]))
        gates: list[list[tuple[Guard, list[Tree]]]] = []
        for arm in arms:
            fitting = (gate for gate in gates if all(self._arranger.exclusive(arm[0], other) for other, _ in gate))
            home_gate = next(fitting, None)
            if home_gate is None:
                gates.append([arm])
            else:
                home_gate.append(arm)
        woven: list[list[Item]] = [
            *free,
            *(
                [
                    Gate(
                        tuple(
                            (guard, Plan(tuple(self._in_parallel(trees, self._within(known, guard)))))
                            for guard, trees in gate
                        )
                    )
                ]
                for gate in gates
            ),
        ]
        return self._forked(woven)

    def _forked(self, branches: list[list[Item]]) -> list[Item]:
        """Run what takes no time first, one after the other, and fork only for the rest."""
        items: list[Item] = []
        timed: list[list[Item]] = []
        for branch in branches:
            if all(self._arranger.is_instant_item(item) for item in branch):
                for item in branch:
                    self._append(items, item)
            else:
                timed.append(branch)
        if len(timed) == 1:
            for item in timed[0]:
                self._append(items, item)
        elif timed:
            items.append(Fork(tuple(Plan(tuple(branch)) for branch in timed)))
        return items
