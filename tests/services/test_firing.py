"""Triggers that are due: runs start once, by the real engine."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from millrace.model import Json
from millrace.services.event_rules import EventRules
from millrace.services.firing import Firing
from millrace.services.schedules import Schedules
from millrace.services.targets import targets_of
from millrace.services.triggers import Triggers
from millrace.store.records import Run, RunId, RunStatus, Trigger, WorkflowId
from tests.services.running import CALLER, World, function_engine, states, world
from tests.services.test_partial import document

__all__ = ["function_engine", "states", "world"]

DUE = "2026-11-21T09:00:00Z"
QUICK = document({"out": ("output", {"name": "due", "value": "${trigger.due}"})})
SLOW = document({"wait": ("wait", {"seconds": 3600})})
FAILING = document({"stop": ("stop", {"error": "No", "cause": "no way"})})


@dataclass
class Clockwork:
    """A world with triggers."""

    world: World
    triggers: Triggers
    firing: Firing
    scheduler: Any

    def trigger(self, flow: dict[str, Json], kind: str, config: Json) -> Trigger:
        return self.triggers.create(CALLER, self.world.create(flow), kind, config)

    def due(self, trigger: Trigger, due: str = DUE) -> tuple[RunId | None, str]:
        fired = self.firing.due(trigger.workspace, trigger.id, due)
        return fired.run, fired.skipped

    def run(self, run: RunId | None) -> Run:
        assert run is not None
        found = self.world.store.run(CALLER.workspace, run)
        assert found is not None
        return found

    def queued(self) -> list[str]:
        names = [schedule["Name"] for schedule in self.scheduler.list_schedules()["Schedules"]]
        return [name for name in names if "-queued-" in name]


@pytest.fixture
def clockwork(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clockwork]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    targets = targets_of("test", "arn:aws:iam::123456789012:role/run", "us-east-1")
    with mock_aws():
        scheduler = cast("Any", boto3).client("scheduler", region_name="us-east-1")
        schedules = Schedules(scheduler, targets)
        rules = EventRules(cast("Any", boto3).client("events", region_name="us-east-1"), targets)
        triggers = Triggers(world.store, schedules, rules)
        # Runs queued for 2026 are not to look old.
        now = 1_795_251_700.0
        yield Clockwork(world, triggers, Firing(world.store, world.runs, schedules, lambda: now), scheduler)


def test_a_due_schedule_runs_the_published_version(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(QUICK, "schedule", {"cron": "0 9 * * *"})
    run, _ = clockwork.due(trigger)
    started = clockwork.run(run)
    assert (started.version, started.owner) == (1, CALLER.user)
    assert cast("Any", started.trigger) == {"type": "schedule", "triggerId": trigger.id, "due": DUE, "timezone": "UTC"}
    assert clockwork.world.runs.wait(started, 5).outputs == {"due": DUE}


def test_a_time_that_comes_twice_is_one_run(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(QUICK, "schedule", {"cron": "0 9 * * *"})
    first, _ = clockwork.due(trigger)
    assert clockwork.due(trigger) == (first, "")
    assert clockwork.due(trigger, "2026-11-21T10:00:00Z")[0] != first


def test_a_disabled_trigger_starts_nothing(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(QUICK, "schedule", {"cron": "0 9 * * *"})
    clockwork.world.store.put_trigger(replace(trigger, enabled=False))
    assert clockwork.due(trigger) == (None, "the trigger is gone, or disabled")


def test_overlapping_times_are_skipped_where_that_is_asked_for(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(SLOW, "schedule", {"cron": "0 9 * * *", "overlap": "skip"})
    first, _ = clockwork.due(trigger)
    # The same time again is the same run, which does not stand in its own way.
    assert clockwork.due(trigger) == (first, "")
    assert clockwork.due(trigger, "2026-11-21T10:00:00Z") == (None, "a run of the workflow is at work")
    clockwork.world.store.save_run(replace(clockwork.run(first), status=RunStatus.COMPLETED))
    assert clockwork.due(trigger, "2026-11-21T11:00:00Z")[0] is not None


def test_overlapping_times_are_queued_where_that_is_asked_for(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(SLOW, "schedule", {"cron": "0 9 * * *", "overlap": "queue"})
    first, _ = clockwork.due(trigger)
    later = "2026-11-21T09:01:00Z"
    assert clockwork.due(trigger, later) == (None, "queued: a run of the workflow is at work")
    assert len(clockwork.queued()) == 1
    clockwork.world.store.save_run(replace(clockwork.run(first), status=RunStatus.FAILED))
    run, _ = clockwork.due(trigger, later)
    assert cast("Any", clockwork.run(run).trigger)["due"] == later


def test_a_time_is_not_queued_for_more_than_a_day(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(SLOW, "schedule", {"cron": "0 9 * * *", "overlap": "queue"})
    clockwork.due(trigger)
    assert clockwork.due(trigger, "2026-11-19T09:00:00Z") == (None, "runs of the workflow were at work for a day")


def test_two_times_at_once_do_not_pass_each_other(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(SLOW, "schedule", {"cron": "0 9 * * *", "overlap": "skip"})
    assert clockwork.world.store.claim(f"starting:{trigger.workflow}", 30)
    assert clockwork.due(trigger) == (None, "a run of the workflow is at work")


def test_what_a_workflow_refuses_is_told_and_not_tried_again(clockwork: Clockwork) -> None:
    workflow = clockwork.world.create(QUICK, publish=False)
    trigger = clockwork.triggers.create(CALLER, workflow, "schedule", {"cron": "0 9 * * *"})
    run, skipped = clockwork.due(trigger)
    assert run is None
    assert "publish it" in skipped


def test_an_event_is_one_run_with_its_detail_as_inputs(clockwork: Clockwork) -> None:
    flow = document({"out": ("output", {"name": "key", "value": "${inputs.object.key}"})})
    trigger = clockwork.trigger(flow, "event", {"pattern": {"source": ["aws.s3"]}})
    event: Json = {"id": "e-1", "detail-type": "Object Created", "detail": {"object": {"key": "orders.csv"}}}
    fired = clockwork.firing.event(trigger.workspace, trigger.id, event)
    assert clockwork.firing.event(trigger.workspace, trigger.id, event) == fired
    assert clockwork.world.runs.wait(clockwork.run(fired.run), 5).outputs == {"key": "orders.csv"}


def fail(clockwork: Clockwork, workflow: WorkflowId, **more: Any) -> Run:
    run = Run(
        id=RunId(f"run-of-{workflow}"),
        workflow=workflow,
        workspace=CALLER.workspace,
        owner=CALLER.user,
        status=RunStatus.FAILED,
        started="2026-11-21T09:00:00.000Z",
        inputs={},
        error={"node_id": "stop", "label": "Stop", "type": "No", "message": "no way"},
        **more,
    )
    clockwork.world.store.create_run(run)
    return run


def test_a_failure_runs_the_workflows_that_watch(clockwork: Clockwork) -> None:
    report = document({"out": ("output", {"name": "why", "value": "${inputs.workflow.name}: ${inputs.error.message}"})})
    failing, fine = clockwork.world.create(FAILING), clockwork.world.create({**QUICK, "name": "Fine"})
    clockwork.trigger(report, "error", {"workflow": failing})
    clockwork.trigger(report, "error", {})
    clockwork.trigger(report, "error", {"workflow": fine})
    run = fail(clockwork, failing)
    started = clockwork.firing.failed(run)
    assert len(started) == 2
    assert clockwork.firing.failed(run) == started
    for one in started:
        assert clockwork.world.runs.wait(clockwork.run(one), 5).outputs == {"why": "Partial: no way"}


def test_a_failed_handler_of_errors_starts_none(clockwork: Clockwork) -> None:
    handler = clockwork.trigger(FAILING, "error", {})
    clockwork.trigger(QUICK, "error", {})
    failed = fail(clockwork, handler.workflow, trigger={"type": "error", "triggerId": handler.id})
    assert clockwork.firing.failed(failed) == ()
    retried = fail(clockwork, WorkflowId("again"), trigger={"type": "retry"}, origin=failed.id)
    assert clockwork.firing.failed(retried) == ()


def test_a_workflow_does_not_watch_itself(clockwork: Clockwork) -> None:
    trigger = clockwork.trigger(FAILING, "error", {})
    assert clockwork.firing.failed(fail(clockwork, trigger.workflow)) == ()


def test_a_run_that_has_not_failed_starts_none(clockwork: Clockwork) -> None:
    clockwork.trigger(QUICK, "error", {})
    run = fail(clockwork, WorkflowId("elsewhere"))
    assert clockwork.firing.failed(replace(run, status=RunStatus.CANCELLED)) == ()
