"""Triggers: kept, changed, and what EventBridge is told of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from millrace.model import Json
from millrace.services.errors import ConflictError, InvalidRequestError, NotFoundError, UnavailableError
from millrace.services.event_rules import EventRules
from millrace.services.schedules import Schedules
from millrace.services.targets import targets_of
from millrace.services.triggers import TriggerChange, Triggers, address, shown
from millrace.services.workflows import Draft, Workflows
from millrace.store.records import WorkflowId
from tests.services.memory_store import MemoryStore
from tests.services.running import CALLER, STRANGER

HMAC: Json = {"type": "hmac", "secret": "a secret of ours", "header": "X-Sign", "algorithm": "sha256"}


@dataclass
class Office:
    """Triggers of one workflow, and the EventBridge that is told."""

    triggers: Triggers
    workflow: WorkflowId
    other: WorkflowId
    scheduler: Any
    events: Any


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    store = MemoryStore()
    workflows = Workflows(store)
    made = [workflows.create(CALLER, Draft(name, {"nodes": {}, "edges": []})).id for name in ("One", "Two")]
    targets = targets_of("dev", "arn:aws:iam::123456789012:role/run", "us-east-1")
    with mock_aws():
        scheduler = cast("Any", boto3).client("scheduler", region_name="us-east-1")
        events = cast("Any", boto3).client("events", region_name="us-east-1")
        triggers = Triggers(store, Schedules(scheduler, targets), EventRules(events, targets))
        yield Office(triggers, made[0], made[1], scheduler, events)


def test_a_webhook_gets_a_path_that_nobody_guesses(office: Office) -> None:
    trigger = office.triggers.create(CALLER, office.workflow, "webhook", {})
    path = address(trigger)
    assert path is not None
    assert len(path) > len("/hooks/") + 30
    assert trigger.key == f"POST {path}"


def test_secrets_are_written_and_never_shown(office: Office) -> None:
    trigger = office.triggers.create(CALLER, office.workflow, "webhook", {"path": "o", "authentication": HMAC})
    config = shown(trigger)
    assert config["authentication"] == {"type": "hmac", "header": "X-Sign", "algorithm": "sha256"}
    # What was shown can be saved again; the secret stays.
    changed = office.triggers.update(CALLER, trigger.id, TriggerChange({**config, "method": "PUT"}))
    assert cast("Any", changed.config)["authentication"] == HMAC
    assert changed.key == "PUT /hooks/o"


def test_another_kind_of_authentication_needs_its_own_secret(office: Office) -> None:
    trigger = office.triggers.create(CALLER, office.workflow, "webhook", {"authentication": HMAC})
    with pytest.raises(InvalidRequestError) as caught:
        office.triggers.update(
            CALLER, trigger.id, TriggerChange({"authentication": {"type": "header", "name": "X-Key"}})
        )
    assert [fault.field for fault in caught.value.faults] == ["config.authentication.value"]


def test_all_faults_of_a_config_are_told_at_once(office: Office) -> None:
    config: Json = {"path": "/a b", "method": "BREW", "authentication": {"type": "hmac", "secret": "short"}, "x": 1}
    with pytest.raises(InvalidRequestError) as caught:
        office.triggers.create(CALLER, office.workflow, "webhook", config)
    assert {fault.field for fault in caught.value.faults} == {
        "config.path",
        "config.method",
        "config.authentication.secret",
        "config.x",
    }


def test_two_webhooks_cannot_have_one_path(office: Office) -> None:
    office.triggers.create(CALLER, office.workflow, "webhook", {"path": "orders"})
    with pytest.raises(ConflictError, match="choose another path or method"):
        office.triggers.create(CALLER, office.other, "webhook", {"path": "orders"})
    office.triggers.create(CALLER, office.other, "webhook", {"path": "orders", "method": "PUT"})


def test_a_schedule_lives_and_dies_with_its_trigger(office: Office) -> None:
    trigger = office.triggers.create(CALLER, office.workflow, "schedule", {"cron": "0 9 * * *"})
    assert len(office.triggers.next_times(trigger)) == 5
    name = f"millrace-dev-{trigger.id}"
    assert office.scheduler.get_schedule(Name=name)["State"] == "ENABLED"
    disabled = office.triggers.update(CALLER, trigger.id, TriggerChange(enabled=False))
    assert office.triggers.next_times(disabled) == []
    assert office.scheduler.get_schedule(Name=name)["State"] == "DISABLED"
    office.triggers.delete(CALLER, trigger.id)
    assert office.scheduler.list_schedules()["Schedules"] == []
    with pytest.raises(NotFoundError):
        office.triggers.get(CALLER, trigger.id)


def test_an_event_rule_calls_the_function_with_the_event(office: Office) -> None:
    pattern: Json = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["in"]}}}
    trigger = office.triggers.create(CALLER, office.workflow, "event", {"pattern": pattern})
    name = f"millrace-dev-{trigger.id}"
    assert json.loads(office.events.describe_rule(Name=name)["EventPattern"]) == pattern
    (target,) = office.events.list_targets_by_rule(Rule=name)["Targets"]
    template = target["InputTransformer"]["InputTemplate"]
    assert json.loads(template.replace("<aws.events.event.json>", '{"id": 1}')) == {
        "triggerId": trigger.id,
        "workspace": CALLER.workspace,
        "event": {"id": 1},
    }
    office.triggers.delete(CALLER, trigger.id)
    assert office.events.list_rules()["Rules"] == []


def test_a_pattern_of_plain_values_is_refused_with_what_to_write(office: Office) -> None:
    with pytest.raises(InvalidRequestError, match=r"write detail\.size as \[3\]"):
        office.triggers.create(CALLER, office.workflow, "event", {"pattern": {"detail": {"size": 3}}})


def test_an_error_trigger_watches_a_workflow_of_the_workspace(office: Office) -> None:
    office.triggers.create(CALLER, office.workflow, "error", {"workflow": office.other})
    with pytest.raises(InvalidRequestError) as caught:
        office.triggers.create(CALLER, office.workflow, "error", {"workflow": "nowhere"})
    assert caught.value.faults[0].field == "config.workflow"


def test_nothing_is_kept_when_scheduler_refuses(office: Office) -> None:
    def refuse(**_: Any) -> None:
        raise UnavailableError(cast("Any", "UNAVAILABLE"), "out of order")

    office.triggers.create(CALLER, office.workflow, "schedule", {"every": "1 hour"})
    (trigger,) = office.triggers.find(CALLER, office.workflow)
    office.scheduler.update_schedule = office.scheduler.create_schedule = refuse
    with pytest.raises(UnavailableError):
        office.triggers.create(CALLER, office.workflow, "schedule", {"every": "2 hours"})
    with pytest.raises(UnavailableError):
        office.triggers.update(CALLER, trigger.id, TriggerChange({"every": "3 hours"}))
    (left,) = office.triggers.find(CALLER, office.workflow)
    assert cast("Any", left.config)["every"] == "1 hour"


def test_a_change_on_an_old_revision_is_refused(office: Office) -> None:
    trigger = office.triggers.create(CALLER, office.workflow, "webhook", {})
    office.triggers.update(CALLER, trigger.id, TriggerChange(enabled=False, revision=trigger.revision))
    with pytest.raises(ConflictError, match="somebody saved meanwhile"):
        office.triggers.update(CALLER, trigger.id, TriggerChange(enabled=True, revision=trigger.revision))


def test_triggers_of_another_workspace_are_not_there(office: Office) -> None:
    trigger = office.triggers.create(CALLER, office.workflow, "webhook", {})
    with pytest.raises(NotFoundError):
        office.triggers.get(STRANGER, trigger.id)
    with pytest.raises(NotFoundError):
        office.triggers.create(STRANGER, office.workflow, "webhook", {})
