"""Schedules: what Scheduler is told, and when they are due."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, cast

import boto3
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from pydantic import ValidationError

from millrace.services.cron import cron_expressions
from millrace.services.schedules import ScheduleConfig, Schedules
from millrace.services.targets import targets_of
from millrace.store.records import Trigger, TriggerId, UserId, WorkflowId, WorkspaceId

CREATED = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)


def config(**members: Any) -> ScheduleConfig:
    return ScheduleConfig.model_validate(members)


def next_times(schedule: ScheduleConfig, after: str, created: datetime = CREATED) -> list[str]:
    return [due.isoformat() for due in schedule.next_times(datetime.fromisoformat(after), created)]


@pytest.mark.parametrize(
    ("cron", "expressions"),
    [
        ("*/15 * * * *", ["cron(0/15 * * * ? *)"]),
        ("7/20 * * * *", ["cron(7/20 * * * ? *)"]),
        ("0-30/10 * * * *", ["cron(0,10,20,30 * * * ? *)"]),
        ("0 9 * * MON-FRI", ["cron(0 9 ? * MON-FRI *)"]),
        ("0 9 * * 1-5", ["cron(0 9 ? * MON-FRI *)"]),
        ("0 9 * * 0", ["cron(0 9 ? * SUN *)"]),
        ("0 9 * * 7", ["cron(0 9 ? * SUN *)"]),
        ("5,10 8-18 * 1,6 5-7", ["cron(5,10 8-18 ? 1,6 SUN,FRI,SAT *)"]),
        ("0 0 1 * *", ["cron(0 0 1 * ? *)"]),
        ("0 0 L * *", ["cron(0 0 L * ? *)"]),
        ("0 12 * * 5L", ["cron(0 12 ? * 6L *)"]),
        ("0 12 * * 1#2", ["cron(0 12 ? * 2#2 *)"]),
        ("0 0 1 * MON", ["cron(0 0 1 * ? *)", "cron(0 0 ? * MON *)"]),
        ("0 0 1-31 * 1", ["cron(0 0 * * ? *)"]),
    ],
)
def test_scheduler_is_told_what_cron_means(cron: str, expressions: list[str]) -> None:
    assert list(cron_expressions(cron)) == expressions


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("* * * *", "expected five fields .* found 4"),
        ("0 0 9 * * *", "expected five fields .* found 6"),
        ("60 * * * *", "a wrong minute in"),
        ("0 0 31 2 *", "a wrong day-of-month"),
        ("0 0 */2 * 1", "both must match"),
        ("0 0 LW * *", "`L` alone"),
        ("0 0 * * 1#1,1#3", "write two triggers"),
    ],
)
def test_what_scheduler_cannot_say_is_refused(cron: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cron_expressions(cron)


def test_every_becomes_a_rate() -> None:
    assert config(every="15 minutes").expressions() == ("rate(15 minutes)",)
    assert config(every="1 hours").expressions() == ("rate(1 hour)",)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        config(cron="x", timezone="Mars/Olympus", start="2027-01-02", end="2027-01-01", overlap="maybe", colour=1)
    found = {error["loc"][0] for error in caught.value.errors()}
    assert found == {"cron", "timezone", "end", "overlap", "colour"}


@pytest.mark.parametrize("member", [{"start": "0001-01-01T00:00+14:00"}, {"end": "9999-12-31T23:59-12:00"}])
def test_moments_that_no_calendar_holds_are_refused(member: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="expected a year from 1970 to 2199"):
        config(cron="0 0 * * *", **member)


@pytest.mark.parametrize("timezone", ["", ".", "../../etc/passwd", "Europe", "\0", "x" * 5000])
def test_what_is_no_time_zone_is_refused(timezone: str) -> None:
    with pytest.raises(ValidationError, match="expected a time zone"):
        config(cron="0 0 * * *", timezone=timezone)


@pytest.mark.parametrize(
    "given", [{}, {"cron": "0 0 * * *", "every": "1 hour"}, {"every": "0 minutes"}, {"every": "soon"}]
)
def test_either_cron_or_every_is_wanted(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        config(**given)


def test_times_are_in_the_time_zone() -> None:
    schedule = config(cron="0 9 * * MON-FRI", timezone="Europe/Berlin")
    assert next_times(schedule, "2026-11-20T08:00:00+00:00") == [
        "2026-11-23T09:00:00+01:00",
        "2026-11-24T09:00:00+01:00",
        "2026-11-25T09:00:00+01:00",
        "2026-11-26T09:00:00+01:00",
        "2026-11-27T09:00:00+01:00",
    ]


def test_a_time_that_the_clocks_leave_out_is_left_out() -> None:
    schedule = config(cron="30 2 * * *", timezone="Europe/Berlin")
    assert next_times(schedule, "2026-03-27T12:00:00+00:00")[:3] == [
        "2026-03-28T02:30:00+01:00",
        "2026-03-30T02:30:00+02:00",
        "2026-03-31T02:30:00+02:00",
    ]


def test_a_time_that_the_clocks_repeat_counts_once() -> None:
    schedule = config(cron="*/30 * * * *", timezone="America/New_York")
    assert next_times(schedule, "2026-11-01T05:00:00+00:00") == [
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T02:00:00-05:00",
        "2026-11-01T02:30:00-05:00",
        "2026-11-01T03:00:00-05:00",
        "2026-11-01T03:30:00-05:00",
    ]
    # Within the repeated hour nothing is due.
    assert next_times(schedule, "2026-11-01T06:10:00+00:00")[0] == "2026-11-01T02:00:00-05:00"


def test_start_and_end_bound_the_times() -> None:
    schedule = config(cron="0 0 * * *", timezone="Asia/Tokyo", start="2026-12-01T00:00", end="2026-12-02T12:00")
    assert next_times(schedule, "2026-11-21T00:00:00+00:00") == [
        "2026-12-01T00:00:00+09:00",
        "2026-12-02T00:00:00+09:00",
    ]


def test_every_counts_from_the_creation_or_the_start() -> None:
    assert next_times(config(every="20 minutes"), "2026-11-21T08:00:00+00:00")[:2] == [
        "2026-11-21T08:10:00+00:00",
        "2026-11-21T08:30:00+00:00",
    ]
    started = config(every="1 day", start="2026-11-25T06:00:00+00:00")
    assert next_times(started, "2026-11-21T08:00:00+00:00")[0] == "2026-11-25T06:00:00+00:00"


FIELD = {
    "minute": st.sampled_from(["*", "0", "*/7", "5,35", "10-20", "3/9"]),
    "hour": st.sampled_from(["*", "0", "*/6", "8-18", "1,13"]),
    "day": st.sampled_from(["*", "1", "15,31", "L", "10-12", "*/5"]),
    "month": st.sampled_from(["*", "2", "1,7", "FEB-APR", "*/4"]),
    "weekday": st.sampled_from(["*", "0", "7", "1-5", "MON,WED", "5L", "2#1", "6-7"]),
}


@settings(max_examples=60, deadline=None)
@given(cron=st.tuples(*FIELD.values()).map(" ".join), minutes=st.integers(0, 3_000_000))
def test_scheduler_is_due_when_we_say(cron: str, minutes: int) -> None:
    # MiniStack's reading of EventBridge's expressions is another implementation than ours of cron's.
    eventbridge: Any = import_module("ministack.services.eventbridge")
    moment = CREATED + timedelta(minutes=minutes)
    try:
        expressions = cron_expressions(cron)
    except ValueError:
        assume(False)
        return
    fires = [eventbridge._cron_next_fire(eventbridge._parse_cron_fields(one), moment) for one in expressions]
    found = [fire for fire in fires if fire is not None]
    ours = config(cron=cron).next_times(moment, CREATED, 1)
    # It looks ahead by some years only.
    if found and ours:
        assert min(found) == ours[0]


# ---- EventBridge Scheduler


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with mock_aws():
        yield cast("Any", boto3).client("scheduler", region_name="us-east-1")


def trigger(**more: Any) -> Trigger:
    return Trigger(
        id=TriggerId("t-1"),
        workflow=WorkflowId("w"),
        workspace=WorkspaceId("local"),
        owner=UserId("local"),
        type="schedule",
        config={},
        created="2026-11-21T07:30:00.000Z",
        **more,
    )


def schedules(scheduler: Any, now: str = "2026-11-21T08:00:00+00:00") -> Schedules:
    targets = targets_of("dev", "arn:aws:iam::123456789012:role/run", "us-east-1")
    return Schedules(scheduler, targets, lambda: datetime.fromisoformat(now).timestamp())


def test_scheduler_calls_the_function_with_the_due_time(scheduler: Any) -> None:
    schedules(scheduler).put(trigger(), config(cron="0 9 * * *", timezone="Europe/Berlin"))
    kept = scheduler.get_schedule(Name="millrace-dev-t-1")
    assert (kept["ScheduleExpression"], kept["ScheduleExpressionTimezone"]) == ("cron(0 9 * * ? *)", "Europe/Berlin")
    assert kept["State"] == "ENABLED"
    assert kept["Target"]["Arn"] == "arn:aws:lambda:us-east-1:123456789012:function:millrace-dev-trigger"
    assert kept["Target"]["RoleArn"] == "arn:aws:iam::123456789012:role/millrace-dev-scheduler"
    assert kept["Target"]["Input"] == (
        '{"triggerId": "t-1", "workspace": "local", "due": "<aws.scheduler.scheduled-time>"}'
    )


def test_a_changed_schedule_leaves_nothing_of_the_old_one(scheduler: Any) -> None:
    made = schedules(scheduler)
    made.put(trigger(), config(cron="0 9 1 * MON"))
    assert len(scheduler.list_schedules()["Schedules"]) == 2
    made.put(trigger(enabled=False), config(cron="0 9 * * MON"))
    (left,) = scheduler.list_schedules()["Schedules"]
    assert left["State"] == "DISABLED"
    made.remove(trigger())
    made.remove(trigger())
    assert scheduler.list_schedules()["Schedules"] == []


def test_a_rate_keeps_its_times_whenever_it_is_saved(scheduler: Any) -> None:
    schedules(scheduler, "2026-11-21T08:05:00+00:00").put(trigger(), config(every="20 minutes"))
    assert scheduler.get_schedule(Name="millrace-dev-t-1")["StartDate"] == CREATED + timedelta(minutes=40)


def test_a_start_that_has_been_is_not_told(scheduler: Any) -> None:
    schedules(scheduler).put(trigger(), config(cron="0 9 * * *", start="2026-11-01T00:00+00:00"))
    assert "StartDate" not in scheduler.get_schedule(Name="millrace-dev-t-1")


def test_a_queued_time_is_called_once_more(scheduler: Any) -> None:
    schedules(scheduler).again(trigger(), "2026-11-21T08:00:00Z", 60)
    (queued,) = scheduler.list_schedules()["Schedules"]
    kept = scheduler.get_schedule(Name=queued["Name"])
    assert (kept["ScheduleExpression"], kept["ActionAfterCompletion"]) == ("at(2026-11-21T08:01:00)", "DELETE")
    assert '"due": "2026-11-21T08:00:00Z"' in kept["Target"]["Input"]
