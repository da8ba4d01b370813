"""What the states of a compilation stand for: the static side of following a run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from millrace.catalogue import Decide, Each, Pause, Repeat, Stop, Task
from millrace.compiler import Compilation
from millrace.expressions import Reference, ReferenceKind
from millrace.model import NodeId, Port, StateName

_WITH_STATE: Final = (Task, Pause, Stop, Decide, Each, Repeat)
_EVIDENCE: Final = (ReferenceKind.OUTPUT, ReferenceKind.WRITTEN)

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rounds:
    """The states that drive a while.

    Attributes:
        check: The Choice before each iteration.
        repeat: The Pass that ends an iteration; None where none comes to its end.
        control: Both, and those before the first and behind the last iteration.
    """

    check: StateName
    repeat: StateName | None
    control: frozenset[StateName]


@dataclass(slots=True)
class MachineMap:
    """Answers, for a state's name, which node it is about.

    Attributes:
        compilation: The compilation; its states have names of their own, those of children too.
        nodes: The node that each state does the work of, for states that belong to one node.
        owners: The container that each state's `States` object belongs to.
        rounds: The driving states of each while.
        evident: Nodes whose end a state's exit shows; the others only pass a value on, or name one.
    """

    compilation: Compilation
    nodes: dict[StateName, NodeId] = field(default_factory=dict[StateName, NodeId])
    owners: dict[StateName, NodeId | None] = field(default_factory=dict[StateName, "NodeId | None"])
    rounds: dict[NodeId, Rounds] = field(default_factory=dict[NodeId, Rounds])
    evident: set[NodeId] = field(default_factory=set[NodeId])
    _ports: dict[StateName, str] = field(default_factory=dict[StateName, str])
    _attempts: dict[StateName, NodeId] = field(default_factory=dict[StateName, NodeId])

    def __post_init__(self) -> None:
        if self.compilation.definition is not None:
            self._walk(self.compilation.definition, None)
        self.evident.update(self.nodes.values())
        for assigned in self.compilation.variables.values():
            self.evident.update(used.node for used in assigned.values() if used.kind in _EVIDENCE)

    def assigned(self, state: StateName) -> Mapping[str, Reference]:
        """Give what the variables that a state assigns stand for, in the order in which they are computed."""
        noted = self.compilation.variables.get(state, {})
        port = self._ports.get(state)
        if port is None or port in noted:
            return noted
        return {**noted, port: Reference(ReferenceKind.PORT, self.nodes[state])}

    def culprit(self, state: StateName, location: str) -> NodeId | None:
        """Give the node that a state's failure is the failure of.

        Args:
            state: The state.
            location: The field whose expression failed, such as `Assign/total/sum`; empty where none is known.
        """
        assigned = self.assigned(state)
        part, _, rest = location.partition("/")
        used = assigned.get(rest.partition("/")[0]) if part == "Assign" else None
        if used is not None:
            return node_of(used)
        if state in self.nodes:
            return self.nodes[state]
        if state in self._attempts:
            return self._attempts[state]
        owner = self.owners.get(state)
        if owner is not None and owner in self.rounds and state in self.rounds[owner].control:
            return owner
        nodes = [*map(node_of, assigned.values()), *self.compilation.source_map.get(state, ())]
        return nodes[0] if nodes else owner

    def _walk(self, machine: State, owner: NodeId | None) -> None:
        for key, value in cast("dict[str, State]", machine["States"]).items():
            state = StateName(key)
            self.owners[state] = owner
            node = self._own_node(state, value)
            if node is not None:
                self.nodes[state] = node
                if value["Type"] == "Choice":
                    self._find_port(state, value, node)
            self._walk_inside(value, owner, node)

    def _walk_inside(self, state: State, owner: NodeId | None, node: NodeId | None) -> None:
        steps = self.compilation.graph.steps
        operation = steps[node].operation if node is not None else None
        for machine in _machines_in(state):
            self._walk(machine, node if isinstance(operation, (Each, Repeat)) else owner)
            if node is not None and isinstance(operation, Repeat):
                self.rounds[node] = _rounds(machine)
            elif node is not None and not isinstance(operation, Each):
                self._attempts.update(dict.fromkeys(map(StateName, machine["States"]), node))
        child = self._child(state)
        if child is not None:
            self._walk(child, owner)

    def _own_node(self, name: StateName, state: State) -> NodeId | None:
        nodes = self.compilation.source_map.get(name, ())
        if not nodes:
            return None
        # Native work whose failure is handled stands in a Parallel of one branch, for its Catch.
        attempt = state["Type"] == "Parallel" and "Catch" in state and "Assign" in state
        has_state = isinstance(self.compilation.graph.steps[nodes[0]].operation, _WITH_STATE)
        return nodes[0] if attempt or has_state else None

    def _child(self, state: State) -> State | None:
        arn = cast("Mapping[str, Any]", state.get("Arguments") or {}).get("StateMachineArn")
        if state["Type"] != "Task" or not isinstance(arn, str):
            return None
        return self.compilation.children.get(arn.rpartition(":")[2])

    def _find_port(self, state: StateName, choice: State, node: NodeId) -> None:
        """Find the variable that a Choice keeps the taken port in: every way assigns it one of the ports."""
        ports = self.compilation.graph.steps[node].ports
        ways = [*choice.get("Choices", ()), choice]
        assigned = [cast("Mapping[str, Any]", way.get("Assign") or {}) for way in ways]
        for name in assigned[0]:
            if all(isinstance(way.get(name), str) and Port(way[name]) in ports for way in assigned):
                self._ports[state] = name
                return


def node_of(used: Reference) -> NodeId:
    """Give the node whose value a reference reads; a while's variables name the while first."""
    return NodeId(used.name.partition(".")[0])


def _machines_in(state: State) -> Iterator[State]:
    yield from state.get("Branches", ())
    if "ItemProcessor" in state:
        yield state["ItemProcessor"]


def _rounds(machine: State) -> Rounds:
    states = cast("Mapping[str, State]", machine["States"])
    start = str(machine["StartAt"])
    check = str(states[start]["Next"])
    done = str(states[check]["Default"])
    repeat = next((name for name, state in states.items() if name != start and _leads_back(state, check)), None)
    control = frozenset(StateName(name) for name in (start, check, done, repeat) if name is not None)
    return Rounds(StateName(check), None if repeat is None else StateName(repeat), control)


def _leads_back(state: State, check: str) -> bool:
    return state["Type"] == "Pass" and state.get("Next") == check
