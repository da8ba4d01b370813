"""The handler, on the real store: events in, records out."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from functions.observer.settings import observer_settings
from functions.observer.subscription import log_events
from moto import mock_aws

from functions.observer import app
from millrace.compiler import compile_document
from millrace.observation.mapping import map_of
from millrace.store.dynamo_store import DynamoStore
from millrace.store.port import PageRequest
from millrace.store.records import RunStatus
from millrace.store.settings import StoreSettings
from tests.functions.invocations import EVENTS
from tests.functions.observer.subscriptions import subscription
from tests.local.workflows import workflow
from tests.observation.courses import Courses
from tests.observation.test_run_recorder import RECORD

MACHINE = "millrace-test-run-0123456789abcdef"
DOCUMENT = workflow({"a": ("set", {"fields": {"v": 1}}), "b": ("output", {})}, ["a > b"])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStore]:
    with mock_aws():
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("MILLRACE_TABLE", "millrace-test")
        monkeypatch.setenv("MILLRACE_BUCKET", "millrace-test")
        observer_settings.cache_clear()
        app.recording.cache_clear()
        made = DynamoStore(StoreSettings(table="millrace-test", bucket="millrace-test"))
        made.create_table()
        made.create_bucket()
        yield made
        observer_settings.cache_clear()
        app.recording.cache_clear()


def test_a_run_is_recorded_from_the_logs_that_a_subscription_delivers(store: DynamoStore) -> None:
    compilation = compile_document(DOCUMENT)
    store.create_run(RECORD)
    store.put_compilation(MACHINE, {"map": map_of(compilation).to_json()})
    events = Courses(compilation, Random(0)).run({"q": 1})
    for batch in (events[2:], events[:2], events):
        app.handler(subscription(batch), None)
    run = store.run(RECORD.workspace, RECORD.id)
    assert run is not None
    assert (run.status, run.outputs) == (RunStatus.COMPLETED, {"b": {"v": 1}})
    steps = store.steps(RECORD.workspace, RECORD.id, PageRequest()).records
    assert [(step.node, step.status.value) for step in steps] == [("a", "completed"), ("b", "completed")]
    assert store.logs(RECORD.workspace, RECORD.id, PageRequest()).records


def test_the_event_on_file_is_what_cloudwatch_sends() -> None:
    event: Any = json.loads(Path(EVENTS / "observer-run.json").read_text())
    events = [*log_events(event)]
    assert [event.type for event in events][:2] == ["ExecutionStarted", "PassStateEntered"]
    assert events[-1].type == "ExecutionSucceeded"


def test_a_control_message_tells_nothing() -> None:
    assert [*log_events(subscription([], "CONTROL_MESSAGE"))] == []


def test_what_is_no_event_of_a_subscription_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected an event of CloudWatch Logs, .* found \['Records'\]"):
        list(log_events({"Records": []}))


def test_a_line_that_is_no_log_event_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    message = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"message": "hello"}, {"message": "{}"}]}
    data = base64.b64encode(gzip.compress(json.dumps(message).encode())).decode()
    assert [*log_events({"awslogs": {"data": data}})] == []
    assert "a log event of g is left out" in caplog.text
