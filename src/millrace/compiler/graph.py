"""The compiler's view of a workflow: typed nodes, grouped by the container that they run in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from millrace.catalogue import Lowering, NodeConfig, NodeType, Retry
from millrace.compiler.guards import Guards
from millrace.expressions import Reference, Template
from millrace.model import Diagnostic, Edge, Json, Node, NodeId, Port, Settings, Workflow


@dataclass(frozen=True, slots=True)
class Step:
    """A node with its type, its checked config and, once lowered, what it becomes.

    Attributes:
        label: The name that states carry.
        ports: The ways out, `error` included where `onError` is `branch`.
        timeout: Seconds, or an expression of them.
        uses: Every reference in the config, each with the field that it stands in.
        taken: The only port that can be live, where that is known before the run.
        is_broken: Whether its type or config is not sound; it is kept so that its neighbours are judged as drawn.
    """

    node: Node
    kind: NodeType[Any]
    config: NodeConfig
    label: str
    ports: tuple[Port, ...]
    operation: Lowering | None = None
    timeout: Template = None
    uses: tuple[tuple[str, Reference], ...] = ()
    taken: Port | None = None
    is_broken: bool = False

    @property
    def id(self) -> NodeId:
        """The node's id."""
        return self.node.id

    @property
    def decides(self) -> bool:
        """Whether the run decides which of several ports is live."""
        return len(self.ports) > 1 and self.taken is None

    @property
    def retry(self) -> Retry | None:
        """The retries after a failure."""
        return self.kind.retry_of(self.config)


@dataclass(frozen=True, slots=True)
class Region:
    """The nodes that lie directly in one container, or at the top, with the edges among them.

    Attributes:
        owner: The container; None for the top.
        order: The nodes in a topological order that follows the document where the edges leave a choice.
        incoming: Edges into a node, in edge order.
        outgoing: Edges out of a node, in edge order.
        ancestors: For each node the set of its ancestors, as a bit mask over positions in `order`.
    """

    owner: NodeId | None
    order: tuple[NodeId, ...]
    incoming: Mapping[NodeId, tuple[Edge, ...]]
    outgoing: Mapping[NodeId, tuple[Edge, ...]]
    position: Mapping[NodeId, int]
    ancestors: Mapping[NodeId, int]

    def is_ancestor(self, node: NodeId, of: NodeId) -> bool:
        """Whether there is a path from a node to another of this region."""
        return bool(self.ancestors[of] >> self.position[node] & 1)

    def sinks(self) -> Iterator[NodeId]:
        """Give the nodes without outgoing edges, in order."""
        return (node for node in self.order if not self.outgoing[node])


@dataclass(frozen=True, slots=True)
class Graph:
    """What the passes hand on to each other.

    Attributes:
        pins: Outputs used in place of running, by node.
        inputs_schema: JSON Schema of the run's inputs, where an input node declares one.
        guards: The condition under which each node runs.
    """

    workflow: Workflow
    steps: Mapping[NodeId, Step] = field(default_factory=dict[NodeId, Step])
    regions: Mapping[NodeId | None, Region] = field(default_factory=dict["NodeId | None", Region])
    pins: Mapping[NodeId, Json] = field(default_factory=dict[NodeId, Json])
    inputs_schema: Mapping[str, Any] | None = None
    guards: Guards = field(default_factory=lambda: Guards(lambda _: ()))
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def settings(self) -> Settings:
        """What holds for the whole workflow."""
        return self.workflow.settings

    @property
    def has_errors(self) -> bool:
        """Whether a diagnostic forbids to go on."""
        return any(diagnostic.is_error for diagnostic in self.diagnostics)

    def region_of(self, node: NodeId) -> Region:
        """Give the region that a node lies in."""
        return self.regions[self.steps[node].node.parent]

    def enclosing(self, node: NodeId) -> Iterator[NodeId]:
        """Give the containers around a node, the innermost first."""
        parent = self.steps[node].node.parent
        while parent is not None:
            yield parent
            parent = self.steps[parent].node.parent
