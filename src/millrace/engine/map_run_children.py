"""The children of a Map Run: what each works on, what came of it, and the port to whoever runs them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from millrace.engine.context import timestamp
from millrace.engine.messages import Status
from millrace.engine.payload import Payload
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class Child:
    """A child that is to run.

    Attributes:
        index: Counts the run's children from 0.
        items: How many items it works on.
    """

    index: int
    items: int
    input: Payload


@dataclass(frozen=True, slots=True)
class ChildResult:
    """A child that was started.

    Attributes:
        arn, machine: ARNs of the execution and of what it runs.
        input, output: JSON text; an output only of a child that succeeded.
        started, stopped: Seconds since the epoch.
    """

    index: int
    items: int
    arn: str
    name: str
    machine: str
    status: Status
    started: float
    input: str
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrives: int = 0

    def described(self) -> dict[str, Json]:
        """Give all about the child, as a ResultWriter writes it with the transformation NONE."""
        text: dict[str, Json] = {"ExecutionArn": self.arn, "Input": self.input, "InputDetails": {"Included": True}}
        if self.error is not None:
            text["Error"] = self.error
        if self.cause is not None:
            text["Cause"] = self.cause
        text["Name"] = self.name
        if self.output is not None:
            text["Output"] = self.output
        text |= {"OutputDetails": {"Included": True}, "RedriveCount": self.redrives, **self._redrivable()}
        text |= {"StartDate": timestamp(self.started), "StateMachineArn": self.machine, "Status": self.status.value}
        if self.stopped is not None:
            text["StopDate"] = timestamp(self.stopped)
        return text

    def _redrivable(self) -> dict[str, Json]:
        if self.status in (Status.SUCCEEDED, Status.RUNNING):
            return {
                "RedriveStatus": "NOT_REDRIVABLE",
                "RedriveStatusReason": f"Execution is {self.status} and cannot be redriven",
            }
        return {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}


class Children(Protocol):
    """Runs the children of one Map Run, and keeps what came of them."""

    async def run(self, child: Child) -> Status:
        """Run a child to its end; one that was started before is waited for. A cancelled call aborts the child."""
        ...

    def results(self) -> AsyncIterator[ChildResult]:
        """Give the children that were started, by index; only when none is being run."""
        ...
