"""Execution log events, as Step Functions writes them to CloudWatch Logs.

Source: AWS Step Functions Developer Guide, "Using CloudWatch Logs to log execution history".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from millrace.model import Json


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One history event of an execution.

    Attributes:
        id: Counts from 1 without gaps, within the execution.
        previous: The id of the event that led to it; 0 for the first.
        time: Milliseconds since the epoch.
        execution: The execution's ARN.
    """

    id: int
    previous: int
    type: str
    details: Mapping[str, Json]
    time: int
    execution: str

    @classmethod
    def from_log(cls, written: Mapping[str, Any]) -> "LogEvent":
        """Read a log event's message.

        Raises:
            ValueError: It is none.
        """
        try:
            return cls(
                int(written["id"]),
                int(written["previous_event_id"]),
                str(written["type"]),
                cast("Mapping[str, Json]", written.get("details") or {}),
                int(written["event_timestamp"]),
                str(written["execution_arn"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(
                "expected a log event of Step Functions with id, previous_event_id, type, event_timestamp and "
                f"execution_arn, found {sorted(written)}"
            ) from error

    def to_log(self) -> dict[str, Json]:
        """Write what is read again by `from_log`."""
        return {
            "id": str(self.id),
            "type": self.type,
            "details": dict(self.details),
            "previous_event_id": str(self.previous),
            "event_timestamp": str(self.time),
            "execution_arn": self.execution,
        }


def json_of(text: object) -> Json:
    """Read an input, output or value; None where there is none, or where it was too long for the log and was cut."""
    if not isinstance(text, str):
        return None
    try:
        return cast("Json", orjson.loads(text))
    except orjson.JSONDecodeError:
        return None


def execution_name(arn: str) -> str:
    """Give the name in an execution's ARN; behind an Express execution's name stands what tells it from others."""
    parts = arn.split(":")
    return parts[7] if len(parts) > 7 else arn


def machine_name(arn: str) -> str:
    """Give the name of the state machine in an execution's ARN."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else ""
