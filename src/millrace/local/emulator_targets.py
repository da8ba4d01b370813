"""Schedules and event rules of MiniStack that reach this product's functions, which the gateway hosts.

MiniStack 1.4.21 looks for a Lambda target among functions of its own, evaluates a schedule's cron expression in UTC
whatever its time zone, and leaves `<aws.scheduler.scheduled-time>` as it is. What is put in place here are two of its
functions: eventbridge._dispatch_to_lambda and scheduler._tick_schedules. Times that pass while it does not run are not
made up for, except those of one-time schedules.
"""

import json
import logging
import re
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final
from zoneinfo import ZoneInfo

_TICK_SECONDS: Final = 1
_TRIES: Final = 5
_INVOKE_SECONDS: Final = 5
_ONE_TIME: Final = re.compile(r"at\((.+)\)")

_log: Final = logging.getLogger(__name__)


def install(lambda_endpoint: str) -> None:
    """Let targets be invoked at an endpoint; before MiniStack begins to serve.

    Raises:
        AttributeError: This MiniStack has not what is to be replaced.
    """
    eventbridge: Any = import_module("ministack.services.eventbridge")
    scheduler: Any = import_module("ministack.services.scheduler")
    for module, name in ((eventbridge, "_dispatch_to_lambda"), (scheduler, "_tick_schedules")):
        getattr(module, name)
    eventbridge._dispatch_to_lambda = _Invoker(lambda_endpoint)
    scheduler._tick_schedules = _Ticker(scheduler, eventbridge)
    scheduler._SCHEDULE_TICK_INTERVAL = _TICK_SECONDS


class _Invoker:
    """Invokes functions at an endpoint without waiting for them."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def __call__(self, arn: str, payload: str) -> None:
        """Invoke in a thread of its own, as MiniStack does."""
        name = arn.split(":")[6]
        threading.Thread(target=self._invoke, args=(name, payload), daemon=True, name=f"invoke-{name}").start()

    def _invoke(self, name: str, payload: str) -> None:
        request = urllib.request.Request(  # noqa: S310 -- the runtime's own endpoint
            f"{self._endpoint}/2015-03-31/functions/{name}/invocations",
            payload.encode(),
            {"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"},
        )
        for tried in range(_TRIES):
            time.sleep(tried)
            try:
                with urllib.request.urlopen(request, timeout=_INVOKE_SECONDS):  # noqa: S310 -- as above
                    return
            except (urllib.error.URLError, OSError) as error:
                _log.warning("%s cannot be invoked: %s", name, error)


class _Ticker:
    """Invokes the targets of the schedules that are due."""

    def __init__(self, scheduler: Any, eventbridge: Any, clock: Callable[[], float] = time.time) -> None:
        self._scheduler = scheduler
        self._eventbridge = eventbridge
        self._clock = clock
        self._started = clock()
        self._looked: dict[object, float] = {}

    def __call__(self) -> None:
        """Look at every schedule once."""
        now = self._clock()
        for key, schedule in list(self._scheduler._schedules._data.items()):
            after = self._looked.setdefault(key, max(self._started, schedule["CreationDate"]))
            due = next_due(schedule, datetime.fromtimestamp(after, UTC))
            if due is None or due.timestamp() > now:
                continue
            self._looked[key] = now
            if schedule.get("State") == "ENABLED":
                self._fire(key, schedule, due)
            if schedule.get("ActionAfterCompletion") == "DELETE" and _one_time(schedule) is not None:
                self._scheduler._schedules._data.pop(key, None)

    def _fire(self, key: tuple[str, str, str], schedule: Mapping[str, Any], due: datetime) -> None:
        account, region, _ = key
        attributes = {
            "schedule-arn": schedule["Arn"],
            "scheduled-time": due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "execution-id": uuid.uuid4().hex[:16],
            "attempt-number": "1",
        }
        given = schedule["Target"].get("Input", "{}")
        for name, value in attributes.items():
            given = given.replace(f"<aws.scheduler.{name}>", value)
        event = {"Source": "aws.scheduler", "DetailType": "Scheduled Event", "Detail": json.dumps({})}
        before = self._scheduler.get_account_id(), self._scheduler.get_region()
        self._scheduler.set_request_account_id(account)
        self._scheduler.set_request_region(region)
        try:
            self._eventbridge._invoke_target({**schedule["Target"], "Input": given}, event, schedule)
        finally:
            self._scheduler.set_request_account_id(before[0])
            self._scheduler.set_request_region(before[1])


def next_due(schedule: Mapping[str, Any], after: datetime) -> datetime | None:
    """Give when a schedule is due after a moment; of a one-time schedule that deletes itself, also before it.

    Source: EventBridge Scheduler User Guide, "Schedule types".

    Args:
        schedule: As MiniStack keeps it.
        after: The moment.
    """
    once = _one_time(schedule)
    if once is not None:
        return once if once > after or schedule.get("ActionAfterCompletion") == "DELETE" else None
    start, end = _moment(schedule.get("StartDate")), _moment(schedule.get("EndDate"))
    if start is not None:
        after = max(after, start - timedelta(seconds=1))
    eventbridge: Any = import_module("ministack.services.eventbridge")
    expression: str = schedule["ScheduleExpression"]
    seconds: int | None = eventbridge._parse_rate_seconds(expression)
    if seconds is not None:
        anchor = start or datetime.fromtimestamp(schedule["CreationDate"], UTC)
        due = anchor + ((after - anchor) // timedelta(seconds=seconds) + 1) * timedelta(seconds=seconds)
    else:
        found = next(_cron_times(eventbridge, expression, _zone(schedule), after), None)
        if found is None:
            return None
        due = found
    return due if end is None or due <= end else None


def _cron_times(eventbridge: Any, expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Give the times of a cron expression; one that clocks leave out is left out, one that they repeat comes once."""
    fields = eventbridge._parse_cron_fields(expression)
    # MiniStack evaluates it in UTC; so the clock's face is told as if it were UTC.
    face: datetime | None = after.astimezone(zone).replace(tzinfo=UTC)
    while fields is not None and (face := eventbridge._cron_next_fire(fields, face)) is not None:
        due = face.replace(tzinfo=zone).astimezone(UTC)
        if due.astimezone(zone).replace(tzinfo=UTC) == face and due > after:
            yield due


def _one_time(schedule: Mapping[str, Any]) -> datetime | None:
    found = _ONE_TIME.fullmatch(schedule["ScheduleExpression"].strip())
    return datetime.fromisoformat(found[1]).replace(tzinfo=_zone(schedule)) if found is not None else None


def _zone(schedule: Mapping[str, Any]) -> ZoneInfo:
    return ZoneInfo(schedule.get("ScheduleExpressionTimezone") or "UTC")


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
