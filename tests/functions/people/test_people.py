"""The function that asks people, with the events in events/, on DynamoDB by moto."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from functions.people.settings import people_settings
from moto import mock_aws

from functions.people import app
from millrace.model import NodeId
from millrace.services.people import UnknownRunError
from millrace.store.dynamo_store import DynamoStore
from millrace.store.port import PageRequest
from millrace.store.records import Run, RunId, RunStatus, UserId, WorkflowId, WorkspaceId
from millrace.store.settings import StoreSettings
from tests.functions.invocations import EVENTS

from .invocations import RUN, TOKEN, recorded

OURS = WorkspaceId("ours")


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"people-{name}.json").read_text())


@pytest.fixture
def store() -> Iterator[DynamoStore]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MILLRACE_"))]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_REGION", "us-east-1")
        patch.setenv("MILLRACE_TABLE", "millrace-test")
        patch.setenv("MILLRACE_BUCKET", "millrace-test")
        people_settings.cache_clear()
        app.people.cache_clear()
        with mock_aws():
            store = DynamoStore(StoreSettings("millrace-test", "millrace-test"))
            store.create_table()
            store.create_bucket()
            yield store
    people_settings.cache_clear()
    app.people.cache_clear()


def started(store: DynamoStore, run: str = RUN) -> None:
    """Keep a run, as who started it did."""
    started_at = "2026-11-21T07:30:00.000Z"
    store.create_run(
        Run(RunId(run), WorkflowId("wf_refunds"), OURS, UserId("ada"), RunStatus.RUNNING, started_at, inputs={})
    )


def test_the_events_are_what_a_compiled_machine_sends() -> None:
    assert recorded() == {"approve": event("approval"), "address": event("user-input")}


def test_a_question_waits_in_the_workspace_of_its_run(store: DynamoStore) -> None:
    started(store)
    app.handler(event("user-input"), None)
    (waiting,) = store.inbox(OURS, PageRequest()).records
    assert (waiting.run, waiting.node, waiting.workflow) == (RUN, "address", "wf_refunds")
    assert waiting.token == TOKEN
    assert waiting.request == {
        "type": "user-input",
        "title": "Delivery",
        "schema": {"address": {"type": "string", "required": True}},
    }
    assert waiting.expires is None


def test_each_item_of_a_loop_waits_for_itself(store: DynamoStore) -> None:
    started(store)
    for index in range(2):
        app.handler({**event("approval"), "path": f"each/0/line/{index}", "token": f"token-{index}"}, None)
    waiting = store.inbox(OURS, PageRequest()).records
    assert {(one.path, one.token) for one in waiting} == {("each/0/line/0", "token-0"), ("each/0/line/1", "token-1")}
    assert all(one.expires is not None for one in waiting)


def test_a_question_that_is_asked_again_takes_the_place_of_the_first(store: DynamoStore) -> None:
    started(store)
    app.handler(event("user-input"), None)
    app.handler({**event("user-input"), "token": "after-a-resume"}, None)
    (waiting,) = store.inbox(OURS, PageRequest()).records
    assert waiting.token == "after-a-resume"


def test_a_subworkflow_asks_in_the_workspace_of_the_run_that_started_it(store: DynamoStore) -> None:
    started(store)
    app.handler({**event("user-input"), "runId": "a-part-of-it", "parentRunId": RUN}, None)
    assert store.waiting(OURS, RunId("a-part-of-it"), NodeId("address")) is not None


def test_a_run_that_nobody_knows_fails_the_task(store: DynamoStore) -> None:
    with pytest.raises(UnknownRunError, match=RUN):
        app.handler(event("user-input"), None)
    assert not store.inbox(OURS, PageRequest()).records
