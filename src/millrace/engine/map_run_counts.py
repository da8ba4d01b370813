"""What DescribeMapRun counts of a Map Run: once its items, once its child executions.

Source: AWS Step Functions API Reference, "MapRunItemCounts" and "MapRunExecutionCounts".
"""

from dataclasses import dataclass, field
from typing import Final

from millrace.engine.messages import Status
from millrace.model.json import Json

_ENDS: Final = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed_out",
    Status.ABORTED: "aborted",
}


@dataclass(slots=True)
class Tally:
    """One of the two counts."""

    total: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    results_written: int = 0
    not_redrivable: int = 0
    pending_redrive: int = 0

    @property
    def unsuccessful(self) -> int:
        """How many ended otherwise than with success."""
        return self.failed + self.timed_out + self.aborted

    @property
    def pending(self) -> int:
        """How many wait for their start."""
        return max(0, self.total - self.running - self.succeeded - self.unsuccessful - self.pending_redrive)

    def end(self, status: Status, number: int) -> None:
        """Count what ended."""
        self.running -= number
        name = _ENDS[status]
        setattr(self, name, getattr(self, name) + number)

    def to_json(self) -> dict[str, Json]:
        """Give the counts by the API's names."""
        return {
            "pending": self.pending,
            "running": self.running,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "timedOut": self.timed_out,
            "aborted": self.aborted,
            "total": self.total,
            "resultsWritten": self.results_written,
            "failuresNotRedrivable": self.not_redrivable,
            "pendingRedrive": self.pending_redrive,
        }


@dataclass(slots=True)
class Counts:
    """Both counts."""

    items: Tally = field(default_factory=Tally)
    executions: Tally = field(default_factory=Tally)

    def start(self, items: int) -> None:
        """Count a child that starts."""
        self.items.running += items
        self.executions.running += 1

    def end(self, status: Status, items: int) -> None:
        """Count a child that ended."""
        self.items.end(status, items)
        self.executions.end(status, 1)

    def to_json(self) -> dict[str, Json]:
        """Give the counts as a Map Run's record keeps them."""
        return {"items": self.items.to_json(), "executions": self.executions.to_json()}
