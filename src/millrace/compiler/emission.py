"""What emission builds: `States` objects, with the nodes that each state stands for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Step
from millrace.compiler.names import Scope, StateNames, cut
from millrace.compiler.plan import Act, Choose, Cycle, Iterate, Plan
from millrace.compiler.render import Renderer
from millrace.expressions import Reference
from millrace.model import Json, NodeId, StateName

State = dict[str, Json]

_MAX_COMMENT: Final = 500
"""Characters of a state's Comment."""


@dataclass(frozen=True, slots=True)
class Child:
    """A state machine that the compiled one starts for a part of its work."""

    name: str
    definition: State


@dataclass(slots=True)
class Emission:
    """Everything that emission gathers over all machines.

    Attributes:
        live: Values that are read after the item that is being emitted; grows as emission goes backwards.
        variables: For each state the node of each variable that it assigns as an output.
    """

    graph: Graph
    context: CompileContext
    states: StateNames = field(default_factory=StateNames)
    source_map: dict[StateName, list[NodeId]] = field(default_factory=dict[StateName, "list[NodeId]"])
    variables: dict[StateName, dict[str, Reference]] = field(default_factory=dict[StateName, "dict[str, Reference]"])
    children: list[Child] = field(default_factory=list[Child])
    live: set[Reference] = field(default_factory=set[Reference])
    _node_names: dict[NodeId, StateName] = field(default_factory=dict[NodeId, StateName])

    def reserve_names(self, plan: Plan) -> None:
        """Give the nodes with states of their own their names first, in the order in which they run."""
        for item in plan.walk():
            if isinstance(item, (Act, Choose, Iterate, Cycle)):
                self.node_name(item.bound.step)

    def node_name(self, step: Step) -> StateName:
        """Give the name of a node's own state."""
        if step.id not in self._node_names:
            self._node_names[step.id] = self.states.take(step.label)
        return self._node_names[step.id]


@dataclass(slots=True)
class Block:
    """One `States` object, filled from its end to its start."""

    emission: Emission
    scope: Scope
    _states: list[tuple[StateName, State]] = field(default_factory=list[tuple[StateName, State]])
    _marks: list[NodeId] = field(default_factory=list[NodeId])

    def add(self, name: StateName, state: State, nodes: Iterable[NodeId]) -> StateName:
        """Put a state before those that are there."""
        self._states.append((name, state))
        named = [node for node in nodes if node]
        stands_for = list(dict.fromkeys([*named, *self._marks]))
        self.emission.source_map[name] = stands_for
        self._marks.clear()
        self._comment(state, stands_for)
        return name

    def _comment(self, state: State, nodes: Iterable[NodeId]) -> None:
        """Give a state the notes of its nodes; what is long is read in the builder."""
        notes = (self.emission.graph.steps[node].config.notes for node in nodes)
        text = "; ".join(" ".join(note.split()) for note in notes if note)
        if text:
            state["Comment"] = cut(text, _MAX_COMMENT)

    def mark(self, nodes: Iterable[NodeId], state: StateName | None) -> None:
        """Note nodes that need no state of their own: on a state that is there, or on the next one."""
        target = self.emission.source_map[state] if state is not None else self._marks
        target.extend(node for node in nodes if node and node not in target)

    def name(self, wanted: str) -> StateName:
        """Take a name for a state."""
        return self.emission.states.take(wanted)

    def machine(self, start: StateName) -> State:
        """Give the states that can be reached, the first one first; Step Functions refuses others."""
        states = dict(reversed(self._states))
        reached, pending = {start}, [start]
        while pending:
            for target in _targets(states[pending.pop()]):
                if target not in reached:
                    reached.add(target)
                    pending.append(target)
        for name in states.keys() - reached:
            for lost in (name, *_names_inside(states.pop(name))):
                self.emission.source_map.pop(lost, None)
        return {"StartAt": start, "States": {**states}}


def _targets(state: State) -> Iterator[StateName]:
    """Give the states that a state leads to."""
    for way in (state, *_objects(state.get("Choices")), *_objects(state.get("Catch"))):
        for member in ("Next", "Default"):
            if isinstance(target := way.get(member), str):
                yield StateName(target)


def state_names(machine: State) -> Iterator[StateName]:
    """Give the names of a machine's states, each before those inside of it."""
    for name, state in cast("dict[str, State]", machine["States"]).items():
        yield StateName(name)
        yield from _names_inside(state)


def _names_inside(state: State) -> Iterator[StateName]:
    for machine in (*_objects(state.get("Branches")), *_objects([state.get("ItemProcessor")])):
        yield from state_names(machine)


def _objects(values: Json) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


@dataclass(slots=True)
class Exit:
    """Where a plan goes when it is done: to a state, or out of its block with an output.

    Attributes:
        marks: Nodes without a state of their own, which every state that leaves the block stands for.
    """

    target: StateName | None = None
    output: Callable[[Renderer], Json] | None = None
    fallible: bool = False
    label: str = "Done"
    marks: list[NodeId] = field(default_factory=list[NodeId])
    _final: StateName | None = None

    def leave(self, block: Block, renderer: Renderer) -> State:
        """Give the members of a state that say where it goes.

        An output computes again what it reads of its own state; a Succeed state gives it where that must not be.
        """
        if self.target is None and not self.fallible:
            assert self.output is not None
            reading = replace(renderer, read=set())
            output = self.output(reading)
            if all(let.repeatable for let in renderer.lets if let.reference in reading.read):
                block.mark(self.marks, None)
                return {"Output": output, "End": True}
        return {"Next": self.state(block)}

    def state(self, block: Block) -> StateName:
        """Give the state to go to, making a Succeed state where the plan leaves its block."""
        if self.target is not None:
            return self.target
        if self._final is None:
            assert self.output is not None
            name = block.name(self.label)
            state: State = {"Type": "Succeed", "Output": self.output(Renderer(block.scope))}
            self._final = block.add(name, state, self.marks)
        return self._final
