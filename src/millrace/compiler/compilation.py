"""What a compilation gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from millrace.compiler.estimate import Estimate
from millrace.compiler.graph import Graph
from millrace.expressions import Reference
from millrace.model import Diagnostic, Json, NodeId, StateName


@dataclass(frozen=True, slots=True)
class Compilation:
    """A state machine and what is known of it, or the diagnostics that forbid one.

    Attributes:
        definition: Amazon States Language; None where a diagnostic is an error.
        type: The kind of state machine.
        source_map: For every state of every machine the nodes that it stands for.
        children: Definitions of the machines that this one starts for parts of its work, by name.
        permissions: IAM actions with the resources that they need.
        estimate: What a run costs and how long it takes.
        variables: For each state the values that it assigns, by the variables' names.
        graph: The checked graph, for those who follow a run.
    """

    definition: dict[str, Json] | None
    type: Literal["STANDARD", "EXPRESS"]
    source_map: Mapping[StateName, tuple[NodeId, ...]]
    children: Mapping[str, dict[str, Json]]
    diagnostics: tuple[Diagnostic, ...]
    permissions: tuple[tuple[str, str], ...]
    estimate: Estimate | None
    graph: Graph
    variables: Mapping[StateName, Mapping[str, Reference]] = field(
        default_factory=dict[StateName, "Mapping[str, Reference]"]
    )

    @property
    def ok(self) -> bool:
        """Whether there is a machine to run."""
        return self.definition is not None

    def to_json(self) -> dict[str, Json]:
        """Give the compilation as the API and `--json` show it."""
        return {
            "definition": self.definition,
            "type": self.type,
            "sourceMap": {state: list(nodes) for state, nodes in self.source_map.items()},
            "children": dict(self.children),
            "diagnostics": [diagnostic.to_json() for diagnostic in self.diagnostics],
            "permissions": [{"action": action, "resource": resource} for action, resource in self.permissions],
            "estimate": self.estimate.to_json() if self.estimate is not None else None,
        }
