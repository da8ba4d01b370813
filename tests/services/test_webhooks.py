"""What webhooks answer when runs take long, on the real engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config

from millrace.model import Json
from millrace.services.executions import Executions
from millrace.services.express import ExpressPrograms
from millrace.services.machine_settings import MachineSettings
from millrace.services.machines import Machines
from millrace.services.runs import WAIT_SECONDS, Runs
from millrace.services.webhook_answers import Answer, Webhooks, answer_of
from millrace.services.webhooks import Request, WebhookConfig
from millrace.store.records import Run, RunId, RunStatus, Trigger, TriggerId, UserId, WorkflowId, WorkspaceId
from tests.services.running import CALLER, World, function_engine, states, world
from tests.services.test_partial import document
from tests.stepfunctions.conftest import ROLE

__all__ = ["function_engine", "states", "world"]

SLOW = document({"wait": ("wait", {"seconds": 3})})
REQUEST = Request("POST", "/hooks/slow", body=b"{}")


@dataclass
class Impatience:
    """A clock that sleeping moves."""

    now: float = 1_795_246_200.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def impatient(world: World) -> Iterator[Any]:
    """Step Functions' client that waits for no answer longer than a moment."""
    made = cast("Any", boto3).client(
        "stepfunctions",
        endpoint_url=world.engine.endpoint,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(inject_host_prefix=False, read_timeout=0.5, retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


def answer(world: World, client: Any, flow: dict[str, Json]) -> Answer:
    """Call a webhook that waits for its run."""
    time = Impatience()
    workflow = world.create(flow)
    config = WebhookConfig(path="slow", respond="when_finished")
    trigger = Trigger(
        id=TriggerId("t"),
        workflow=workflow,
        workspace=CALLER.workspace,
        owner=CALLER.user,
        type="webhook",
        config=config.model_dump(mode="json"),
        created="2026-11-21T07:30:00.000Z",
        key=config.key,
    )
    world.store.put_trigger(trigger)
    machines = Machines(world.client, world.store, MachineSettings("test", ROLE, "us-east-1", None, {}))
    runs = Runs(world.store, Executions(client), world.programs, clock=time.clock, sleep=time.sleep)
    found = Webhooks(world.store, runs, ExpressPrograms(world.store, world.programs, machines)).answer(REQUEST)
    assert time.now - Impatience().now <= WAIT_SECONDS + 0.001
    return found


@pytest.mark.parametrize("execution", ["standard", "express"])
def test_a_run_that_takes_too_long_is_answered_with_its_id(world: World, impatient: Any, execution: str) -> None:
    found = answer(world, impatient, {**SLOW, "settings": {"execution": execution, "timeoutSeconds": 60}})
    assert found.status == 202
    data = cast("Any", found.body)["data"]
    assert data["status"] == "running"
    assert world.store.run(CALLER.workspace, RunId(data["execution_id"])) is not None


def test_a_workflow_that_cannot_be_express_runs_as_it_is(world: World, impatient: Any) -> None:
    flow = document({"ask": ("approval", {"message": "Go?"})})
    found = answer(world, impatient, {**flow, "settings": {"timeoutSeconds": 60}})
    run = world.store.run(CALLER.workspace, RunId(cast("Any", found.body)["data"]["execution_id"]))
    assert run is not None
    assert run.execution is not None
    assert ":express:" not in run.execution


def ended(outputs: Json) -> Run:
    return Run(
        id=RunId("r"),
        workflow=WorkflowId("w"),
        workspace=WorkspaceId("ours"),
        owner=UserId("ada"),
        status=RunStatus.COMPLETED,
        started="2026-11-21T07:30:00.000Z",
        inputs={},
        outputs=outputs,
    )


def test_outputs_come_without_the_response() -> None:
    found = answer_of(ended({"a": 1, "$response": {"status": 201}}), WebhookConfig(respond="when_finished"))
    assert (found.status, found.body) == (200, {"a": 1})


def test_a_workflow_that_did_not_respond_gives_its_outputs() -> None:
    found = answer_of(ended({"a": 1}), WebhookConfig(respond="respond_node"))
    assert (found.status, found.body) == (200, {"a": 1})


def test_a_response_cannot_break_the_http_message() -> None:
    response: Json = {"status": 99, "headers": {"Content-Length": "3", "X-Count": 7}, "body": None}
    found = answer_of(ended({"$response": response}), WebhookConfig(respond="respond_node"))
    assert (found.status, found.body) == (200, None)
    assert found.headers == {"x-millrace-execution": "r", "x-count": "7"}
