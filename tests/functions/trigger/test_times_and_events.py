"""Times of schedules, events of EventBridge and failures of runs, as they invoke the function."""

import json
from dataclasses import replace
from typing import Any

import pytest
from functions.trigger.app import handler

from millrace.store.records import RunId, RunStatus
from tests.functions.invocations import EVENTS
from tests.functions.trigger.conftest import Deployment
from tests.services.test_partial import document


def recorded(name: str, trigger: Any) -> Any:
    return {**json.loads((EVENTS / f"{name}.json").read_text()), "triggerId": trigger["id"]}


def outputs(deployment: Deployment, answer: Any) -> Any:
    run = deployment.api.store.find_run(RunId(answer["runId"]))
    assert run is not None
    return deployment.api.runs.wait(run, 5).outputs


def test_a_due_time_starts_one_run(deployment: Deployment) -> None:
    flow = document({"out": ("output", {"name": "due", "value": "${trigger.due}"})})
    trigger = deployment.trigger(flow, "schedule", cron="0 9 * * *")
    event = recorded("trigger-schedule", trigger)
    answer = handler(event, None)
    assert handler(event, None) == answer
    assert outputs(deployment, answer) == {"due": "2026-11-21T09:00:00Z"}


def test_an_event_starts_a_run(deployment: Deployment) -> None:
    flow = document({"out": ("output", {"name": "object", "value": "${inputs.bucket.name}/${inputs.object.key}"})})
    trigger = deployment.trigger(flow, "event", pattern={"source": ["aws.s3"]})
    answer = handler(recorded("trigger-event", trigger), None)
    assert outputs(deployment, answer) == {"object": "incoming/orders.csv"}


def test_a_trigger_that_is_gone_starts_nothing(deployment: Deployment) -> None:
    assert handler(recorded("trigger-schedule", {"id": "gone"}), None) == {
        "skipped": "the trigger is gone, or disabled"
    }


def test_a_failure_starts_a_run_once(deployment: Deployment) -> None:
    flow = document({"out": ("output", {"name": "why", "value": "${inputs.error.message}"})})
    deployment.trigger(flow, "error")
    failing = deployment.workflow(document({"wait": ("wait", {"seconds": 3600})}))
    execution = deployment.http.post("/api/workflows/execute", {"workflow_id": failing}).data["execution_id"]
    run = deployment.api.store.find_run(RunId(execution))
    assert run is not None
    event = {**json.loads((EVENTS / "trigger-failure.json").read_text()), "failedRun": run.id}
    assert handler(event, None) == {"runIds": []}
    deployment.api.store.save_run(replace(run, status=RunStatus.FAILED, error={"message": "no way"}))
    answer: Any = handler(event, None)
    assert handler(event, None) == answer
    (started,) = answer["runIds"]
    assert outputs(deployment, {"runId": started}) == {"why": "no way"}


def test_anything_else_is_refused_with_what_was_expected(deployment: Deployment) -> None:
    with pytest.raises(ValueError, match="expected an HTTP API's event"):
        handler({"Records": []}, None)
