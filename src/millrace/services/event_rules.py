"""Event triggers: what a config says, and how EventBridge is told."""

import json
from typing import Annotated, Any, Final, cast

from pydantic import Field, field_validator

from millrace.services.targets import Targets, call
from millrace.services.trigger_config import TriggerConfig
from millrace.store.records import Trigger

PATTERN_LIMIT: Final = 4096
"""Characters of an event pattern (EventBridge quotas)."""

_TARGET: Final = "trigger"
_EVENT: Final = "<aws.events.event.json>"
"""EventBridge puts the event there (EventBridge User Guide, "Input transformation", predefined variables)."""


class EventConfig(TriggerConfig):
    """Starts a run for each event of the default event bus that fits a pattern; its detail is the run's inputs."""

    pattern: Annotated[
        dict[str, Any],
        Field(
            description="An EventBridge event pattern: which values each member of the event may have.",
            min_length=1,
            examples=[
                {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["in"]}}}
            ],
        ),
    ]

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, pattern: dict[str, Any]) -> dict[str, Any]:
        size = len(json.dumps(pattern))
        if size > PATTERN_LIMIT:
            raise ValueError(
                f"expected a pattern of at most {PATTERN_LIMIT} characters, found {size}; name fewer values"
            )
        found = list(_no_lists(pattern, ""))
        if found:
            raise ValueError("expected a list of values or an object; " + "; ".join(found))
        return pattern


class EventRules:
    """Tells EventBridge which events start runs.

    Args:
        client: boto3's client of `events`.
        targets: What it calls.
    """

    def __init__(self, client: Any, targets: Targets) -> None:
        self._client = client
        self._targets = targets

    def put(self, trigger: Trigger, config: EventConfig) -> None:
        """Let a trigger be called for the events that fit.

        Raises:
            InvalidRequestError: EventBridge refuses the pattern.
            UnavailableError: It does not answer.
        """
        call(
            self._client.put_rule,
            Name=self._name(trigger),
            EventPattern=json.dumps(config.pattern),
            State="ENABLED" if trigger.enabled else "DISABLED",
        )
        given = json.dumps({"triggerId": trigger.id, "workspace": trigger.workspace})
        target: dict[str, Any] = {
            "Id": _TARGET,
            "Arn": self._targets.function,
            # The event is JSON, and stands without quotes.
            "InputTransformer": {"InputPathsMap": {}, "InputTemplate": f'{given[:-1]}, "event": {_EVENT}}}'},
        }
        answer = call(self._client.put_targets, Rule=self._name(trigger), Targets=[target])
        assert not answer["FailedEntryCount"], answer["FailedEntries"]

    def remove(self, trigger: Trigger) -> None:
        """Let a trigger be called no more.

        Raises:
            UnavailableError: EventBridge does not answer.
        """
        call(self._client.remove_targets, Rule=self._name(trigger), Ids=[_TARGET])
        call(self._client.delete_rule, Name=self._name(trigger))

    def _name(self, trigger: Trigger) -> str:
        return f"{self._targets.prefix}-{trigger.id}"


def _no_lists(pattern: dict[str, Any], path: str) -> list[str]:
    """Say which members of a pattern are neither lists nor objects."""
    found: list[str] = []
    for name, member in pattern.items():
        at = f"{path}.{name}" if path else name
        if isinstance(member, dict):
            found += _no_lists(cast("dict[str, Any]", member), at)
        elif not isinstance(member, list):
            found.append(f"write {at} as [{json.dumps(member)}]")
    return found
