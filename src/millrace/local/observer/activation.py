"""One run through the nodes of a region: the workflow's own, or an iteration of a container's body."""

from dataclasses import dataclass, field

from millrace.expressions import Reference, ReferenceKind
from millrace.local.observer.report import NodeError
from millrace.model import Json, NodeId, Port


@dataclass(slots=True, eq=False)
class Activation:
    """What is known of one run through a region.

    Attributes:
        owner: The container whose body it is; None for the workflow.
        parent: The activation that the container runs in.
        given: The value that the region's first nodes are given: the run's inputs, or the item of a loop.
        outputs: Outputs by node.
        ports: The ports that nodes took.
        done: Nodes whose end was seen.
        running: Nodes at work.
        failures: Nodes that failed, handled or not.
        handled: Those of them whose failure `onError` handled.
        console: What nodes' code printed, by its last try.
    """

    owner: NodeId | None = None
    parent: "Activation | None" = None
    given: Json = None
    outputs: dict[NodeId, Json] = field(default_factory=dict[NodeId, Json])
    ports: dict[NodeId, Port] = field(default_factory=dict[NodeId, Port])
    done: set[NodeId] = field(default_factory=set[NodeId])
    running: set[NodeId] = field(default_factory=set[NodeId])
    failures: dict[NodeId, NodeError] = field(default_factory=dict[NodeId, NodeError])
    handled: set[NodeId] = field(default_factory=set[NodeId])
    console: dict[NodeId, tuple[str, ...]] = field(default_factory=dict[NodeId, tuple[str, ...]])

    def assign(self, used: Reference, value: Json) -> None:
        """Take a value that a state has assigned."""
        match used.kind:
            case ReferenceKind.OUTPUT:
                self.outputs[used.node] = value
                self.done.add(used.node)
            case ReferenceKind.WRITTEN:
                self.done.add(used.node)
            case ReferenceKind.PORT if isinstance(value, str):
                self.ports[used.node] = Port(value)
            case _:
                pass

    def begin(self, node: NodeId) -> None:
        """Note that a node is at work, perhaps once more."""
        self.running.add(node)
        self.failures.pop(node, None)

    def end(self, node: NodeId) -> None:
        """Note that a node has ended."""
        self.running.discard(node)
        self.done.add(node)

    def fail(self, node: NodeId, error: NodeError) -> None:
        """Note that a node has failed."""
        self.running.discard(node)
        self.failures[node] = error
