"""What is known of a run: how it ended, its outputs, and each node's part in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from millrace.model import Json, NodeId, StateName
from millrace.store.records import RunStatus


class NodeStatus(StrEnum):
    """How a node stands.

    A node whose failure `onError` handled is `failed` too, though the run goes on. A node that was at work when the
    run, or its iteration, ended is `cancelled`; one that the run never came to is `pending`.
    """

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NodeError:
    """A failure, as `<node>.error` shows it.

    Attributes:
        type: The error's name, such as `Http.Timeout`.
        message: What happened, for people.
    """

    type: str
    message: str

    def to_json(self) -> dict[str, Json]:
        """Give it as `--json` shows it."""
        return {"type": self.type, "message": self.message}


@dataclass(frozen=True, slots=True)
class RunError:
    """What ended a run.

    Attributes:
        node: The node that failed, the innermost one; None where no node is to blame, such as for the run's time limit.
        state: The state that failed.
    """

    node: NodeId | None
    error: NodeError
    state: StateName | None = None

    def to_json(self) -> dict[str, Json]:
        """Give it as `--json` shows it."""
        return {"node": self.node, **self.error.to_json(), "state": self.state}


@dataclass(frozen=True, slots=True)
class NodeReport:
    """A node's part in a run.

    Attributes:
        output: The output; of a node inside a container, the one of its last iteration; None where there is none.
        error: Why it failed.
        iterations: How often a node inside a container ran; None outside of containers.
        failures: How many of these iterations failed.
        console: What its code printed, line by line; of a node inside a container, in its last iteration.
    """

    status: NodeStatus
    output: Json = None
    error: NodeError | None = None
    iterations: int | None = None
    failures: int = 0
    console: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Give it as `--json` shows it."""
        members: dict[str, Json] = {"status": self.status.value, "output": self.output}
        if self.iterations is not None:
            members["iterations"] = self.iterations
        if self.failures:
            members["failures"] = self.failures
        if self.error is not None:
            members["error"] = self.error.to_json()
        if self.console:
            members["console"] = list(self.console)
        return members


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run, as far as it has come.

    Attributes:
        outputs: The run's outputs by name; None until it has completed.
        nodes: Every node but notes, in the order of the document.
    """

    status: RunStatus
    outputs: dict[str, Json] | None = None
    error: RunError | None = None
    nodes: Mapping[NodeId, NodeReport] = field(default_factory=dict[NodeId, NodeReport])

    def to_json(self) -> dict[str, Json]:
        """Give it as `--json` shows it."""
        return {
            "status": self.status.value,
            "outputs": None if self.outputs is None else dict(self.outputs),
            "error": self.error.to_json() if self.error is not None else None,
            "nodes": {node: report.to_json() for node, report in self.nodes.items()},
        }
