"""The workflow document: nodes, edges and settings, as the API, the CLI and files on disk share it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from millrace.model.ids import OUT, EdgeId, NodeId, Port


@dataclass(frozen=True, slots=True)
class Node:
    """A node as drawn.

    Attributes:
        type: The name of its node type.
        data: Its config, unchecked.
        parent: The container that it lies in.
    """

    id: NodeId
    type: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parent: NodeId | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection from a node's port to another node."""

    id: EdgeId
    source: NodeId
    target: NodeId
    port: Port = OUT


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole workflow.

    Attributes:
        execution: The kind of state machine.
        timeout_seconds: Longest run, in seconds.
        expected_seconds: How long a node is expected to take, in seconds, by its id.
    """

    execution: Literal["standard", "express"] = "standard"
    timeout_seconds: int | None = None
    expected_seconds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Workflow:
    """A document whose shape is sound; its meaning is the compiler's business.

    Attributes:
        unread: Ids of nodes that are there but could not be read, so that nobody calls them missing.
    """

    name: str
    nodes: Mapping[NodeId, Node]
    edges: tuple[Edge, ...] = ()
    settings: Settings = Settings()
    description: str = ""
    unread: frozenset[str] = frozenset()

    def children(self, parent: NodeId | None) -> Iterator[Node]:
        """Give the nodes that lie directly in a container, or at the top, in the order of the document."""
        return (node for node in self.nodes.values() if node.parent == parent)
