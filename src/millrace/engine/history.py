"""The events of an execution's history, as GetExecutionHistory gives them.

Source: AWS Step Functions API Reference, "HistoryEvent".
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from millrace.model.ids import StateName
from millrace.model.json import Json

EVENT_LIMIT: Final = 25_000

_WITHOUT_DETAILS: Final = frozenset(
    {
        "LambdaFunctionStarted",
        "ParallelStateStarted",
        "ParallelStateSucceeded",
        "ParallelStateFailed",
        "ParallelStateAborted",
        "MapStateSucceeded",
        "MapStateFailed",
        "MapStateAborted",
        "MapRunSucceeded",
        "MapRunAborted",
        "TaskStateAborted",
        "WaitStateAborted",
    }
)
# Members of the details that come with a sibling saying whether they were cut.
_WITH_SIZE: Final = ("input", "output", "assignedVariables")


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event.

    Attributes:
        id: Counts from 1 without gaps.
        previous: The id of the event that led to it; 0 for the first.
        timestamp: Seconds since the epoch.
        type: "PassStateEntered", "TaskFailed" ...
        details: The members of the type's details; inputs and outputs are JSON text, as on AWS.
        state: The state that it is about; empty for the execution's own. AWS leaves most of these to the reader.
        frame: The branch or iteration that it happened in; 0 is the machine's own scope.
    """

    id: int
    previous: int
    timestamp: float
    type: str
    details: Mapping[str, Json]
    state: StateName | Literal[""] = ""
    frame: int = 0

    def to_api(self) -> dict[str, object]:
        """Give the event as the Step Functions API shows it; the timestamp is a datetime."""
        event: dict[str, object] = {
            "timestamp": dt.datetime.fromtimestamp(self.timestamp, dt.UTC),
            "type": self.type,
            "id": self.id,
            "previousEventId": self.previous,
        }
        key = details_key(self.type)
        if key is not None:
            details = dict(self.details)
            for name in _WITH_SIZE:
                if name in details:
                    details[f"{name}Details"] = {"truncated": False}
            event[key] = details
        return event


def details_key(event_type: str) -> str | None:
    """Name the member that holds an event type's details; None when it has none."""
    if event_type in _WITHOUT_DETAILS:
        return None
    for suffix in ("StateEntered", "StateExited"):
        if event_type.endswith(suffix):
            return f"{suffix[0].lower()}{suffix[1:]}EventDetails"
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"
