"""Schedules: what a config says, when it is due, and how EventBridge Scheduler is told."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim
from pydantic import Field, ValidationInfo, field_validator

from millrace.model import Json
from millrace.services.cron import cron_expressions
from millrace.services.moments import Clock
from millrace.services.targets import Targets, call
from millrace.services.trigger_config import TriggerConfig
from millrace.store.records import Trigger

SHOWN: Final = 5
"""How many of the next times the API shows."""

SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"
"""Scheduler puts the due time there, such as 2026-11-21T07:30:00Z (ibid., "Adding context attributes")."""

_EVERY: Final = re.compile(r"([1-9][0-9]{0,4}) (minute|hour|day)s?")
_YEARS: Final = range(1970, 2200)
"""Those that Scheduler's cron expressions know."""

_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86_400}

Overlap = Literal["skip", "queue", "allow"]


class ScheduleConfig(TriggerConfig):
    """Starts runs at times: by a cron expression, or every so often."""

    cron: Annotated[
        str | None,
        Field(
            description="Minute, hour, day of month, month and day of week, as cron has them.",
            max_length=256,
            examples=["0 9 * * MON-FRI", "*/15 * * * *", "0 0 1 * *", "0 12 * * 5L"],
        ),
    ] = None
    every: Annotated[
        str | None,
        Field(
            description="In place of cron: minutes, hours or days of 24 hours, counted from `start`, else from the "
            "trigger's creation.",
            examples=["15 minutes", "1 hour", "2 days"],
            validate_default=True,
        ),
    ] = None
    timezone: Annotated[
        str,
        Field(
            description="IANA time zone of cron. A time that the clocks leave out in spring is left out; one that "
            "they repeat in autumn counts once.",
            examples=["Europe/Berlin"],
        ),
    ] = "UTC"
    start: Annotated[
        datetime | None,
        Field(
            description="Not before; without an offset it is a time of the time zone.", examples=["2026-12-01T00:00"]
        ),
    ] = None
    end: Annotated[datetime | None, Field(description="Not after; as `start`.", examples=["2027-01-01T00:00"])] = None
    overlap: Annotated[
        Overlap,
        Field(
            description="What to do when a run of the workflow has not ended: skip this time, queue it until none is "
            "at work (a day at most, looked at every minute), or allow both."
        ),
    ] = "allow"
    inputs: Annotated[dict[str, Any], Field(description="The run's inputs.")] = {}  # noqa: RUF012 -- pydantic copies it

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str | None) -> str | None:
        if cron is not None:
            cron_expressions(cron)
        return cron

    @field_validator("every")
    @classmethod
    def _is_rate(cls, every: str | None, info: ValidationInfo) -> str | None:
        if every is not None and _EVERY.fullmatch(every) is None:
            raise ValueError(f'expected a number of minutes, hours or days, such as "15 minutes", found {every!r}')
        if "cron" in info.data and (info.data["cron"] is None) == (every is None):
            raise ValueError(
                "expected either `cron` or `every`, found "
                + ("neither; give one" if every is None else "both; leave one out")
            )
        return every

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"expected a time zone of the IANA database, such as Europe/Berlin, found {timezone!r}"
            ) from None
        return timezone

    @field_validator("start", "end")
    @classmethod
    def _in_timezone(cls, moment: datetime | None, info: ValidationInfo) -> datetime | None:
        if moment is not None and not _YEARS[0] <= moment.year <= _YEARS[-1]:
            raise ValueError(f"expected a year from {_YEARS[0]} to {_YEARS[-1]}, found {moment.year}")
        if moment is None or moment.tzinfo is not None:
            return moment
        return moment.replace(tzinfo=ZoneInfo(info.data.get("timezone", "UTC")))

    @field_validator("end")
    @classmethod
    def _is_after_start(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start")
        if end is not None and start is not None and end <= start:
            raise ValueError(f"expected an end after the start {start.isoformat()}, found {end.isoformat()}")
        return end

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    @property
    def interval(self) -> timedelta:
        """How long it is from one time to the next, where `every` says so."""
        assert self.every is not None
        number, unit = self.every.split()
        return timedelta(seconds=int(number) * _SECONDS[unit.removesuffix("s")])

    def expressions(self) -> tuple[str, ...]:
        """Give Scheduler's expressions; it is due when one of them is."""
        if self.cron is not None:
            return cron_expressions(self.cron)
        assert self.every is not None
        number, unit = self.every.split()
        singular = unit.removesuffix("s")
        return (f"rate({number} {singular if number == '1' else singular + 's'})",)

    def times(self, after: datetime, created: datetime) -> Iterator[datetime]:
        """Give when it is due after a moment, in its time zone.

        Args:
            after: The moment.
            created: When the trigger was created; what `every` counts from where there is no start.
        """
        found = self._cron_times(after) if self.cron is not None else self._rate_times(after, created)
        for due in found:
            if self.end is not None and due > self.end:
                return
            yield due.astimezone(self.zone)

    def next_times(self, after: datetime, created: datetime, count: int = SHOWN) -> list[datetime]:
        """Give the next times after a moment."""
        return list(islice(self.times(after, created), count))

    def _cron_times(self, after: datetime) -> Iterator[datetime]:
        assert self.cron is not None
        starts = self.start is not None and self.start > after
        first = self.start - timedelta(seconds=1) if self.start is not None and starts else after
        # On the clock's face, so that the rules for changed clocks are Scheduler's, not cronsim's.
        for face in CronSim(self.cron, first.astimezone(self.zone).replace(tzinfo=None)):
            due = face.replace(tzinfo=self.zone)
            exists = due.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == face
            if exists and due.astimezone(UTC) > first.astimezone(UTC):
                yield due

    def _rate_times(self, after: datetime, created: datetime) -> Iterator[datetime]:
        anchor = (self.start or created).astimezone(UTC)
        past = (after.astimezone(UTC) - anchor) // self.interval
        due = anchor + self.interval * max(0, past + 1)
        while True:
            yield due
            due += self.interval


class Schedules:
    """Tells EventBridge Scheduler when triggers are due.

    Args:
        client: boto3's client of `scheduler`.
        targets: What it calls.
        clock: The time.
    """

    def __init__(self, client: Any, targets: Targets, clock: Clock = time.time) -> None:
        self._client = client
        self._targets = targets
        self._clock = clock

    def put(self, trigger: Trigger, config: ScheduleConfig) -> None:
        """Let a trigger be called when its config says.

        Raises:
            InvalidRequestError: Scheduler refuses the config.
            UnavailableError: It does not answer.
        """
        expressions = config.expressions()
        for position, expression in enumerate(expressions):
            parameters: dict[str, Any] = {
                "Name": self._name(trigger, position),
                "ScheduleExpression": expression,
                "ScheduleExpressionTimezone": config.timezone,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "State": "ENABLED" if trigger.enabled else "DISABLED",
                "Target": self._target(trigger, SCHEDULED_TIME),
                **self._bounds(trigger, config),
            }
            if call(self._client.update_schedule, **parameters) is None:
                call(self._client.create_schedule, **parameters)
        for position in range(len(expressions), 2):
            call(self._client.delete_schedule, Name=self._name(trigger, position))

    def remove(self, trigger: Trigger) -> None:
        """Let a trigger be called no more.

        Raises:
            UnavailableError: Scheduler does not answer.
        """
        for position in range(2):
            call(self._client.delete_schedule, Name=self._name(trigger, position))

    def again(self, trigger: Trigger, due: str, seconds: float) -> None:
        """Call a trigger for the same due time again, some seconds from now; once.

        Raises:
            UnavailableError: Scheduler does not answer.
        """
        at = datetime.fromtimestamp(self._clock() + seconds, UTC)
        call(
            self._client.create_schedule,
            Name=f"{self._targets.prefix}-queued-{trigger.id[:8]}-{int(at.timestamp() * 1000)}",
            ScheduleExpression=f"at({at.strftime('%Y-%m-%dT%H:%M:%S')})",
            FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target=self._target(trigger, due),
        )

    def _bounds(self, trigger: Trigger, config: ScheduleConfig) -> dict[str, datetime]:
        """Give the start and the end; Scheduler refuses a start that has been."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        bounds: dict[str, datetime] = {}
        if config.every is not None:
            # So that a change of anything else does not move the times.
            first = next(config.times(now, datetime.fromisoformat(trigger.created)), None)
            if first is not None:
                bounds["StartDate"] = first.astimezone(UTC)
        elif config.start is not None and config.start > now:
            bounds["StartDate"] = config.start.astimezone(UTC)
        if config.end is not None:
            bounds["EndDate"] = config.end.astimezone(UTC)
        return bounds

    def _target(self, trigger: Trigger, due: str) -> dict[str, Any]:
        given: Json = {"triggerId": trigger.id, "workspace": trigger.workspace, "due": due}
        return {
            "Arn": self._targets.function,
            "RoleArn": self._targets.scheduler_role,
            "Input": json.dumps(given),
            "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600},
        }

    def _name(self, trigger: Trigger, position: int) -> str:
        return f"{self._targets.prefix}-{trigger.id}" + ("-2" if position else "")
