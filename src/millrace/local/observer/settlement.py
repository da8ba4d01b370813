"""What follows from the events of an activation: every node's status and output, by dead-path elimination."""

from collections.abc import Mapping
from dataclasses import dataclass

from millrace.catalogue import Decide, Each, Gather, Nothing, Pause, Repeat, Result, SetVariable, Value
from millrace.compiler.graph import Graph
from millrace.expressions import Expression, Reference, ReferenceKind
from millrace.local.observer.activation import Activation
from millrace.local.observer.machine_map import MachineMap
from millrace.local.observer.report import NodeStatus
from millrace.model import Edge, Json, NodeId


@dataclass(frozen=True, slots=True)
class Settlement:
    """The status of every node of a region, and the outputs of those that have one."""

    statuses: Mapping[NodeId, NodeStatus]
    outputs: Mapping[NodeId, Json]


def settle(activation: Activation, machine: MachineMap, *, final: bool, results: Mapping[str, Json]) -> Settlement:
    """Derive how every node of an activation stands.

    Args:
        activation: What is known.
        machine: What the states stand for.
        final: Whether it has ended, so that what is at work has been cancelled.
        results: The run's outputs, as far as they are known.
    """
    settler = _Settler(activation, machine, results, final=final)
    return Settlement(settler.statuses, settler.outputs)


class _Settler:
    def __init__(
        self, activation: Activation, machine: MachineMap, results: Mapping[str, Json], *, final: bool
    ) -> None:
        self._activation = activation
        self._graph: Graph = machine.compilation.graph
        self._machine = machine
        self._results = results
        self._at_work = NodeStatus.CANCELLED if final else NodeStatus.RUNNING
        self.statuses: dict[NodeId, NodeStatus] = {}
        self.outputs: dict[NodeId, Json] = {}
        region = self._graph.regions[activation.owner]
        for node in region.order:
            if isinstance(self._graph.steps[node].operation, Nothing):
                continue
            edges = region.incoming[node]
            live = [self._is_live(edge) for edge in edges]
            self.statuses[node] = self._status(node, live)
            if node in activation.outputs:
                self.outputs[node] = activation.outputs[node]
            elif self.statuses[node] is NodeStatus.COMPLETED:
                source = next((edge.source for edge, is_live in zip(edges, live, strict=True) if is_live), None)
                self._derive_output(node, source)

    def _is_live(self, edge: Edge) -> bool | None:
        """Whether an edge is live; None while it is not resolved."""
        status = self.statuses.get(edge.source, NodeStatus.PENDING)
        if status is NodeStatus.SKIPPED:
            return False
        goes_on = status is NodeStatus.COMPLETED or edge.source in self._activation.handled
        if not goes_on:
            return None
        step = self._graph.steps[edge.source]
        if edge.port not in step.ports:
            # Its error port, of a node that cannot fail.
            return False
        if step.taken is not None:
            return edge.port == step.taken
        if not step.decides:
            return True
        taken = self._activation.ports.get(edge.source)
        return None if taken is None else edge.port == taken

    def _status(self, node: NodeId, live: list[bool | None]) -> NodeStatus:
        activation = self._activation
        if node in activation.failures:
            return NodeStatus.FAILED
        if node in activation.running:
            return self._at_work
        if node in activation.done:
            return NodeStatus.COMPLETED
        if any(edge is None for edge in live):
            return NodeStatus.PENDING
        if live and not any(live):
            return NodeStatus.SKIPPED
        return NodeStatus.PENDING if node in self._machine.evident else NodeStatus.COMPLETED

    def _derive_output(self, node: NodeId, source: NodeId | None) -> None:
        """Find the output of a node that only passes a value on, or names one."""
        match self._graph.steps[node].operation:
            case Result(name=name) if name in self._results:
                self.outputs[node] = self._results[name]
            case Result(value=Expression(parts=(Reference() as used,))):
                self._take_alias(node, used, source)
            case Value(passes_input=True) | Decide() | Pause() | SetVariable() | Gather():
                self._pass_on(node, source)
            case Value() if self._graph.steps[node].kind.name == "input":
                self.outputs[node] = self._activation.given
            case _:
                pass

    def _take_alias(self, node: NodeId, used: Reference, source: NodeId | None) -> None:
        if used.kind is ReferenceKind.INPUT:
            self._pass_on(node, source)
        elif used.kind is ReferenceKind.OUTPUT and used.node in self.outputs:
            self.outputs[node] = self.outputs[used.node]

    def _pass_on(self, node: NodeId, source: NodeId | None) -> None:
        if source is None:
            self.outputs[node] = self._given()
        elif source in self.outputs:
            self.outputs[node] = self.outputs[source]

    def _given(self) -> Json:
        activation = self._activation
        if activation.owner is None or activation.parent is None:
            return activation.given
        if isinstance(self._graph.steps[activation.owner].operation, Each):
            return activation.given
        return self._given_to_while(activation.owner, activation.parent)

    def _given_to_while(self, owner: NodeId, parent: Activation) -> Json:
        """Give what a while's first nodes are given: the input of the while itself."""
        assert isinstance(self._graph.steps[owner].operation, Repeat)
        around = _Settler(parent, self._machine, self._results, final=False)
        edges = self._graph.regions[parent.owner].incoming[owner]
        live = next((edge.source for edge in edges if around._is_live(edge)), None)
        return around._given() if live is None else around.outputs.get(live)
