"""What the iterations of a container come to for one node of its body."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from millrace.model import Json
from millrace.observation.report import NodeError, NodeReport, NodeStatus

_REACHED: Final = frozenset((NodeStatus.COMPLETED, NodeStatus.SKIPPED))


@dataclass(slots=True)
class Tally:
    """Counts the iterations of one node.

    Attributes:
        completed, failed, cancelled, running: How many iterations ended, or stand, so.
        output: The output of the last iteration that ran.
        error: The last failure.
        console: What the last iteration that ran printed.
    """

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    running: int = 0
    output: Json = None
    error: NodeError | None = None
    console: tuple[str, ...] = ()

    def add(self, status: NodeStatus, output: Json, error: NodeError | None, console: tuple[str, ...]) -> None:
        """Count an iteration."""
        if status in (NodeStatus.COMPLETED, NodeStatus.FAILED):
            self.console = console
        match status:
            case NodeStatus.COMPLETED:
                self.completed += 1
                self.output = output
            case NodeStatus.FAILED:
                self.failed += 1
                self.output, self.error = output, error
            case NodeStatus.CANCELLED:
                self.cancelled += 1
            case NodeStatus.RUNNING:
                self.running += 1
            case NodeStatus.PENDING | NodeStatus.SKIPPED:
                pass

    def report(self, around: Sequence[NodeStatus]) -> NodeReport:
        """Give the node's part in the run.

        Args:
            around: The statuses of the containers around it.
        """
        if self.running:
            status = NodeStatus.RUNNING
        elif self.failed:
            status = NodeStatus.FAILED
        elif self.completed:
            status = NodeStatus.COMPLETED
        elif self.cancelled:
            status = NodeStatus.CANCELLED
        else:
            status = NodeStatus.SKIPPED if any(known in _REACHED for known in around) else NodeStatus.PENDING
        iterations = self.completed + self.failed + self.cancelled + self.running
        return NodeReport(status, self.output, self.error, iterations, self.failed, self.console)
