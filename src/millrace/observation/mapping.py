"""Maps of compilations: which node each state is about, and what follows from the graph."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from millrace.catalogue import Decide, Each, Gather, Nothing, Pause, Repeat, Result, SetVariable, Stop, Task, Value
from millrace.compiler import Compilation
from millrace.compiler.estimate import MEMORY_GB, prices
from millrace.compiler.graph import Region, Step
from millrace.expressions import Expression, Reference, ReferenceKind
from millrace.model import NodeId, Port, StateName
from millrace.observation.run_map import Evidence, MappedNode, MappedRegion, MappedState, Prices, Role, Rounds, RunMap

_WITH_STATE: Final = (Task, Pause, Stop, Decide, Each, Repeat)
_EVIDENCE: Final[Mapping[ReferenceKind, Evidence]] = {
    ReferenceKind.OUTPUT: Evidence.OUTPUT,
    ReferenceKind.WRITTEN: Evidence.WRITTEN,
    ReferenceKind.PORT: Evidence.PORT,
}

State = Mapping[str, Any]


def map_of(compilation: Compilation) -> RunMap:
    """Map the states of a compilation's machines."""
    graph = compilation.graph
    walk = _Walk(compilation)
    if compilation.definition is not None:
        walk.machine(compilation.definition, None, "")
    table = prices()
    evident = {state.node for state in walk.states.values() if state.node is not None}
    for assigned in compilation.variables.values():
        evident.update(used.node for used in assigned.values() if _EVIDENCE.get(used.kind) in _ENDS)
    return RunMap(
        express=compilation.type == "EXPRESS",
        timeout_seconds=graph.settings.timeout_seconds,
        prices=Prices(
            table["stepFunctionsStandardTransition"],
            table["stepFunctionsExpressRequest"],
            table["stepFunctionsExpressGbSecond"],
            table["lambdaRequest"],
            table["lambdaGbSecond"],
        ),
        nodes={node: _node(step) for node, step in graph.steps.items() if not isinstance(step.operation, Nothing)},
        regions={owner: _region(region, graph.steps) for owner, region in graph.regions.items()},
        states=walk.states,
        rounds=walk.rounds,
        evident=frozenset(evident),
    )


_ENDS: Final = (Evidence.OUTPUT, Evidence.WRITTEN)


def _node(step: Step) -> MappedNode:
    operation = step.operation
    node = MappedNode(
        step.id,
        step.label,
        step.kind.name,
        _role(step),
        step.node.parent,
        step.ports,
        step.taken,
        step.config.onError != "stop",
    )
    match operation:
        case Task():
            function = operation.function
            return replace(
                node,
                timeout_port=operation.timeout_port,
                memory_gb=MEMORY_GB.get(function, 0.5) if function is not None else 0.0,
                asks=operation.waits_for_token,
            )
        case Stop(error=str() as error, cause=str() as cause):
            return replace(node, failure=(error, cause))
        case Result(name=name, value=Expression(parts=(Reference(kind=ReferenceKind.INPUT),))):
            return replace(node, result=name, alias="")
        case Result(name=name, value=Expression(parts=(Reference(kind=ReferenceKind.OUTPUT) as used,))):
            return replace(node, result=name, alias=used.node)
        case Result(name=name):
            return replace(node, result=name)
        case _:
            return node


def _role(step: Step) -> Role:
    match step.operation:
        case Task():
            return Role.TASK
        case Stop():
            return Role.STOP
        case Each():
            return Role.EACH
        case Repeat():
            return Role.REPEAT
        case Result():
            return Role.RESULT
        case Pause():
            return Role.WAIT
        case Decide():
            return Role.DECIDE
        case Value(passes_input=True) | SetVariable() | Gather():
            return Role.PASS
        case Value() if step.kind.name == "input":
            return Role.INPUT
        case _:
            return Role.VALUE


def _region(region: Region, steps: Mapping[NodeId, Step]) -> MappedRegion:
    order = tuple(node for node in region.order if not isinstance(steps[node].operation, Nothing))
    incoming = {node: tuple((edge.source, edge.port) for edge in region.incoming[node]) for node in order}
    return MappedRegion(order, incoming)


class _Walk:
    """Walks through machines and those inside of them."""

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation
        self.states: dict[StateName, MappedState] = {}
        self.rounds: dict[NodeId, Rounds] = {}

    def machine(self, machine: State, owner: NodeId | None, around: str, attempts: NodeId | None = None) -> None:
        """Map the states of a `States` object.

        Args:
            machine: The object around it.
            owner: The container whose body it belongs to.
            around: The state that it stands in.
            attempts: The node whose work it tries.
        """
        for key, value in cast("dict[str, State]", machine["States"]).items():
            name = StateName(key)
            node = self._own_node(name, value)
            self.states[name] = MappedState(
                node,
                owner,
                StateName(around),
                "Next" not in value and value["Type"] != "Choice",
                self._compilation.source_map.get(name, ()),
                attempts,
                node is not None and self._next_node(machine, value) == node,
                self._assigned(name, value, node),
            )
            self._inside(name, value, owner, node)

    def _next_node(self, machine: State, state: State) -> NodeId | None:
        """Give the node whose work the next state does."""
        following = state.get("Next")
        return None if following is None else self._own_node(StateName(following), machine["States"][following])

    def _inside(self, name: StateName, state: State, owner: NodeId | None, node: NodeId | None) -> None:
        operation = self._compilation.graph.steps[node].operation if node is not None else None
        for machine in _machines_in(state):
            is_container = isinstance(operation, (Each, Repeat))
            self.machine(machine, node if is_container else owner, name, None if is_container else node)
            if node is not None and isinstance(operation, Repeat):
                self.rounds[node] = _rounds(machine)
        child = self._child(name, state)
        if child is not None:
            self.machine(child, owner, "")

    def _own_node(self, name: StateName, state: State) -> NodeId | None:
        nodes = self._compilation.source_map.get(name, ())
        if not nodes:
            return None
        # Native work whose failure is handled stands in a Parallel of one branch, for its Catch.
        attempt = state["Type"] == "Parallel" and "Catch" in state and "Assign" in state
        has_state = isinstance(self._compilation.graph.steps[nodes[0]].operation, _WITH_STATE)
        return nodes[0] if attempt or has_state else None

    def _assigned(self, name: StateName, state: State, node: NodeId | None) -> dict[str, tuple[Evidence, NodeId]]:
        noted = {
            variable: (_EVIDENCE.get(used.kind, Evidence.NONE), _node_of(used))
            for variable, used in self._compilation.variables.get(name, {}).items()
        }
        if node is not None and state["Type"] == "Choice":
            port = self._port(state, node)
            if port is not None and port not in noted:
                noted[port] = (Evidence.PORT, node)
        return noted

    def _port(self, choice: State, node: NodeId) -> str | None:
        """Find the variable that a Choice keeps the taken port in: every way assigns it one of the ports."""
        ports = self._compilation.graph.steps[node].ports
        ways = [*choice.get("Choices", ()), choice]
        assigned = [cast("Mapping[str, Any]", way.get("Assign") or {}) for way in ways]
        for name in assigned[0]:
            if all(isinstance(way.get(name), str) and Port(way[name]) in ports for way in assigned):
                return name
        return None

    def _child(self, name: StateName, state: State) -> State | None:
        """Find the machine that a state starts for a part of the work; both are called the same, if they can be."""
        arn = cast("Mapping[str, Any]", state.get("Arguments") or {}).get("StateMachineArn")
        if state["Type"] != "Task" or not isinstance(arn, str):
            return None
        children = self._compilation.children
        return children.get(name) or next((child for part, child in children.items() if arn.endswith(part)), None)


def _node_of(used: Reference) -> NodeId:
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
    return Rounds(None if repeat is None else StateName(repeat), control)


def _leads_back(state: State, check: str) -> bool:
    return state["Type"] == "Pass" and state.get("Next") == check
