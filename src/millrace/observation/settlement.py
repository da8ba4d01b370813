"""What follows from the events of an activation: every node's status and output, by dead-path elimination."""

from collections.abc import Mapping
from dataclasses import dataclass

from millrace.model import Json, NodeId
from millrace.observation.activation import Activation
from millrace.observation.report import NodeStatus
from millrace.observation.run_map import Edge, Role, RunMap


@dataclass(frozen=True, slots=True)
class Settlement:
    """How every node of a region stands.

    Attributes:
        outputs: The outputs of those that have one.
        inputs: What each node that ran was given.
        moments: When each node began and ended, in milliseconds since the epoch; of a node that only follows from
            others, when these had ended.
    """

    statuses: Mapping[NodeId, NodeStatus]
    outputs: Mapping[NodeId, Json]
    inputs: Mapping[NodeId, Json]
    moments: Mapping[NodeId, tuple[int, int]]


def settle(activation: Activation, machine: RunMap, *, final: bool, results: Mapping[str, Json]) -> Settlement:
    """Derive how every node of an activation stands.

    Args:
        activation: What is known.
        machine: What the states stand for.
        final: Whether it has ended, so that what is at work has been cancelled.
        results: The run's outputs, as far as they are known.
    """
    settler = _Settler(activation, machine, results, final=final)
    return Settlement(settler.statuses, settler.outputs, settler.inputs, settler.moments)


class _Settler:
    def __init__(self, activation: Activation, machine: RunMap, results: Mapping[str, Json], *, final: bool) -> None:
        self._activation = activation
        self._machine = machine
        self._results = results
        self._at_work = NodeStatus.CANCELLED if final else NodeStatus.RUNNING
        self.statuses: dict[NodeId, NodeStatus] = {}
        self.outputs: dict[NodeId, Json] = {}
        self.inputs: dict[NodeId, Json] = {}
        self.moments: dict[NodeId, tuple[int, int]] = {}
        region = machine.regions[activation.owner]
        for node in region.order:
            edges = region.incoming[node]
            live = [self.is_live(edge) for edge in edges]
            status = self.statuses[node] = self._status(node, live)
            if status is NodeStatus.PENDING:
                if node in activation.outputs:
                    self.outputs[node] = activation.outputs[node]
                continue
            self.moments[node] = self._moment(node, edges)
            if status is NodeStatus.SKIPPED:
                continue
            source = next((edge[0] for edge, is_live in zip(edges, live, strict=True) if is_live), None)
            self._take_input(node, source)
            if node in activation.outputs:
                self.outputs[node] = activation.outputs[node]
            elif status is NodeStatus.COMPLETED:
                self._derive_output(node)

    def is_live(self, edge: Edge) -> bool | None:
        """Whether an edge is live; None while it is not resolved."""
        source, port = edge
        status = self.statuses.get(source, NodeStatus.PENDING)
        if status is NodeStatus.SKIPPED:
            return False
        if status is not NodeStatus.COMPLETED and source not in self._activation.handled:
            return None
        node = self._machine.nodes[source]
        if port not in node.ports:
            # Its error port, of a node that cannot fail.
            return False
        if node.taken is not None:
            return port == node.taken
        if not node.decides:
            return True
        taken = self._activation.ports.get(source)
        return None if taken is None else port == taken

    def given(self) -> Json:
        """Give what the first nodes are given."""
        activation = self._activation
        if activation.owner is None or activation.parent is None:
            return activation.given
        if self._machine.nodes[activation.owner].role is Role.EACH:
            return activation.given
        return self._given_to_while(activation.owner, activation.parent)

    def _status(self, node: NodeId, live: list[bool | None]) -> NodeStatus:
        activation = self._activation
        if node in activation.failures:
            return NodeStatus.FAILED
        if node in activation.running:
            return self._at_work
        if node in activation.done:
            return NodeStatus.COMPLETED
        attempt = activation.last(node)
        if attempt is not None and attempt.cancelled:
            return NodeStatus.CANCELLED
        if any(edge is None for edge in live):
            return NodeStatus.PENDING
        if live and not any(live):
            return NodeStatus.SKIPPED
        return NodeStatus.PENDING if node in self._machine.evident else NodeStatus.COMPLETED

    def _moment(self, node: NodeId, edges: tuple[Edge, ...]) -> tuple[int, int]:
        activation = self._activation
        attempt = activation.last(node)
        if attempt is not None:
            return attempt.started, attempt.ended if attempt.ended is not None else attempt.started
        known = activation.moments.get(node)
        if known is not None:
            return known
        before = [self.moments[source][1] for source, _ in edges if source in self.moments]
        now = max(before, default=activation.started)
        return now, now

    def _take_input(self, node: NodeId, source: NodeId | None) -> None:
        if source is None:
            self.inputs[node] = self.given()
        elif source in self.outputs:
            self.inputs[node] = self.outputs[source]

    def _derive_output(self, node: NodeId) -> None:
        """Find the output of a node that only passes a value on, or names one."""
        mapped = self._machine.nodes[node]
        match mapped.role:
            case Role.RESULT if mapped.result in self._results:
                self.outputs[node] = self._results[str(mapped.result)]
            case Role.RESULT if mapped.alias == "":
                self._pass_on(node)
            case Role.RESULT if mapped.alias in self.outputs:
                self.outputs[node] = self.outputs[NodeId(str(mapped.alias))]
            case Role.PASS | Role.DECIDE | Role.WAIT:
                self._pass_on(node)
            case Role.INPUT:
                self.outputs[node] = self._activation.given
            case _:
                pass

    def _pass_on(self, node: NodeId) -> None:
        if node in self.inputs:
            self.outputs[node] = self.inputs[node]

    def _given_to_while(self, owner: NodeId, parent: Activation) -> Json:
        """Give what a while's first nodes are given: the input of the while itself."""
        around = _Settler(parent, self._machine, self._results, final=False)
        edges = self._machine.regions[parent.owner].incoming[owner]
        live = next((edge[0] for edge in edges if around.is_live(edge)), None)
        return around.given() if live is None else around.outputs.get(live)
