"""Runs as they are shown once the observer has recorded them from the engine's execution logs."""

import asyncio
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from functions.api.dependencies import Services
from functions.observer.error_triggers import ErrorTriggers
from functions.observer.recording import Recording
from functions.observer.run_maps import RunMaps
from functions.observer.subscribers import Subscribers
from functions.observer.subscription import log_events
from functions.observer.subworkflows import Subworkflows

from millrace.services.people import People
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.logs import LogDelivery
from millrace.stepfunctions.operations import Service
from millrace.stepfunctions.server import server
from millrace.stepfunctions.store.sqlite_store import SqliteStore
from millrace.stepfunctions.subscription import subscription_event
from tests.functions.api.client import ApiClient, Reply
from tests.services.running import FAILURE, FunctionEngine
from tests.services.test_partial import STEP, document
from tests.stepfunctions.conftest import running

ONCE: dict[str, Any] = {**STEP, "retry": {"maxAttempts": 1}}
PATIENCE = 10.0
LOG_GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/millrace-dev"


@dataclass
class LoggingEngine(FunctionEngine):
    """An engine whose execution logs go to a recording.

    They are recorded where the test reads: moto's conditional writes are not atomic between threads, as DynamoDB's are.
    """

    recording: Recording | None = None
    delivered: "queue.Queue[dict[str, Any]]" = field(default_factory=lambda: queue.Queue[dict[str, Any]]())

    def record(self) -> None:
        """Record what was delivered until now."""
        assert self.recording is not None
        while not self.delivered.empty():
            self.recording.take([*log_events(subscription_event(self.delivered.get()))])

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.store = SqliteStore.open(self.data)
        logs = LogDelivery(self.store, self._logged)
        executions = Executions(self.store, self._task, logs=logs)
        await executions.open()
        logs.open()
        self.service = Service(self.store, executions)
        self._server = server(self.service)
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await logs.close()
        await executions.close()
        await self.store.close()
        del self.service, self._server

    async def _logged(self, message: dict[str, Any]) -> None:
        self.delivered.put(message)


@dataclass(frozen=True)
class ObservingClient(ApiClient):
    """Reads what the observer has recorded by then."""

    engine: LoggingEngine | None = None

    def event(self, event: Mapping[str, Any]) -> Reply:
        assert self.engine is not None
        self.engine.record()
        return super().event(event)


@pytest.fixture
def http(http: ApiClient, observed: LoggingEngine) -> ObservingClient:
    return ObservingClient(http.api, engine=observed)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggingEngine]:
    engine = LoggingEngine(tmp_path_factory.mktemp("engine") / "engine.db")
    with running(engine):
        yield engine


@pytest.fixture(scope="module")
def provided(provided: Services) -> Iterator[Services]:
    """Give services whose machines write execution logs."""
    logging = Services(provided.settings.model_copy(update={"log_group_arn": LOG_GROUP}), provided.store)
    yield logging
    logging.step_functions.close()


@pytest.fixture(autouse=True)
def observed(engine: LoggingEngine, provided: Services) -> Iterator[LoggingEngine]:
    store = provided.store
    nobody = Subscribers(store, None)
    failures = ErrorTriggers(store, lambda: None, "")
    engine.recording = Recording(store, RunMaps(store), nobody, failures, Subworkflows(store, "dev"))
    engine.people = People(store)
    yield engine
    engine.outputs.clear()
    engine.called.clear()


def until(http: ApiClient, execution: str, holds: Callable[[Any], bool]) -> Any:
    """Read an execution until something holds of it."""
    end = time.monotonic() + PATIENCE
    while not holds(shown := http.get(f"/api/executions/{execution}").data):
        assert time.monotonic() < end, f"expected more of {shown}"
    return shown


def ended(http: ApiClient, execution: str) -> Any:
    return until(http, execution, lambda shown: shown["status"] in ("completed", "failed", "cancelled", "paused"))


def create(http: ApiClient, definition: Any, *, publish: bool = True) -> str:
    workflow: str = http.post("/api/workflows", {"name": "Observed", "definition": definition}).data["id"]
    if publish:
        assert http.post(f"/api/workflows/{workflow}/publish").status < 300
    return workflow


def statuses(shown: Any) -> dict[str, str]:
    return {node: state["status"] for node, state in shown["current_state"].items()}


CHAIN: Any = {
    "a": ("http", ONCE),
    "shape": ("set", {"fields": {"was": "${a.output.from}"}}),
    "pick": ("conditional", {"condition": "${shape.output.was = 'a'}"}),
    "b": ("http", ONCE),
    "other": ("http", ONCE),
    "join": ("merge", {"mode": "first"}),
    "out": ("output", {"value": {"join": "${join.output}", "was": "${shape.output.was}"}}),
}
EDGES = ("a>shape", "shape>pick", "pick.true>b", "pick.false>other", "b>join", "other>join", "join>out")


def test_a_completed_run_shows_every_node(http: ApiClient) -> None:
    workflow = create(http, document(CHAIN, *EDGES))
    shown = ended(http, http.post(f"/api/workflows/{workflow}/runs").data["id"])
    assert shown["outputs"] == {"out": {"join": {"from": "b"}, "was": "a"}}
    assert statuses(shown) == {**dict.fromkeys(CHAIN, "completed"), "other": "skipped"}
    assert shown["cost_usd"] > 0
    assert shown["duration_ms"] >= 0
    assert shown["possible"] == []
    logs = http.get(f"/api/executions/{shown['id']}/logs", node_id="b").data["logs"]
    assert logs


def test_a_run_of_a_draft_is_observed_too(http: ApiClient) -> None:
    workflow = create(http, document(CHAIN, *EDGES), publish=False)
    shown = ended(http, http.post(f"/api/workflows/{workflow}/runs", {"draft": True}).data["id"])
    assert (shown["status"], shown["version"]) == ("completed", None)
    assert statuses(shown)["b"] == "completed"


def test_a_failed_run_is_fixed_and_completed_nodes_stand_in(http: ApiClient, observed: LoggingEngine) -> None:
    workflow = create(http, document(CHAIN, *EDGES))
    observed.outputs["b"] = FAILURE
    failed = ended(http, http.post(f"/api/workflows/{workflow}/runs").data["id"])
    assert (failed["status"], failed["possible"]) == ("failed", ["retry"])
    assert failed["error"].items() >= {"node_id": "b", "type": "Http.Status", "message": "the server said no"}.items()
    observed.outputs.clear()
    observed.called.clear()
    fixed = document({**CHAIN, "b": ("http", {**ONCE, "url": "https://example.com/b"})}, *EDGES)
    assert http.put(f"/api/workflows/{workflow}", {"definition": fixed}, If_Match="*").status == 200
    retried = http.post(f"/api/executions/{failed['id']}/retry", {"draft": True}).data
    assert set(retried["reused"]) == {"a", "shape"}
    shown = ended(http, retried["id"])
    assert shown["outputs"] == {"out": {"join": {"from": "b"}, "was": "a"}}
    assert observed.called == ["b"]


def test_an_unchanged_run_is_redriven_and_its_record_follows(http: ApiClient, observed: LoggingEngine) -> None:
    workflow = create(http, document(CHAIN, *EDGES))
    observed.outputs["b"] = FAILURE
    failed = ended(http, http.post(f"/api/workflows/{workflow}/runs").data["id"])
    observed.outputs.clear()
    assert http.post(f"/api/executions/{failed['id']}/retry").data["redriven"] is True
    shown = until(http, failed["id"], lambda shown: shown["status"] == "completed")
    assert (shown["redrives"], shown["error"]) == (1, None)


def test_a_paused_run_says_so_and_goes_on(http: ApiClient) -> None:
    workflow = create(http, document({"wait": ("wait", {"seconds": 3600})}))
    execution = http.post(f"/api/workflows/{workflow}/runs").data["id"]
    until(http, execution, lambda shown: shown["current_state"])
    http.post(f"/api/executions/{execution}/pause")
    assert ended(http, execution)["possible"] == ["resume", "cancel"]
    http.post(f"/api/executions/{execution}/resume")
    until(http, execution, lambda shown: shown["status"] == "running")
    http.post(f"/api/executions/{execution}/cancel")
    assert until(http, execution, lambda shown: shown["status"] == "cancelled")["possible"] == ["retry"]


def test_a_paused_run_can_be_cancelled(http: ApiClient) -> None:
    workflow = create(http, document({"wait": ("wait", {"seconds": 3600})}))
    execution = http.post(f"/api/workflows/{workflow}/runs").data["id"]
    http.post(f"/api/executions/{execution}/pause")
    until(http, execution, lambda shown: shown["status"] == "paused")
    assert http.post(f"/api/executions/{execution}/cancel").data["status"] == "cancelled"
    assert http.get(f"/api/executions/{execution}").data["status"] == "cancelled"


def test_one_node_runs_on_what_the_latest_run_gave(http: ApiClient, observed: LoggingEngine) -> None:
    workflow = create(http, document(CHAIN, *EDGES))
    ended(http, http.post(f"/api/workflows/{workflow}/runs").data["id"])
    observed.called.clear()
    for node, expected in (("b", {"from": "b"}), ("shape", {"was": "a"}), ("join", {"from": "b"})):
        body = {"extent": "node", "node_id": node}
        reply = http.send("POST", f"/api/workflows/{workflow}/runs/partial", body, query={"wait": "true"})
        assert reply.data["outputs"] == {node: expected}
        ended(http, reply.data["id"])
    assert observed.called == ["b"]


def test_a_question_makes_the_run_wait(http: ApiClient, observed: LoggingEngine) -> None:
    flow = document({"ask": ("approval", {"message": "Go?"}), "out": ("output", {})}, "ask.approved>out")
    execution = http.post(f"/api/workflows/{create(http, flow)}/runs").data["id"]
    observed.tokens.get(timeout=PATIENCE)
    shown = until(http, execution, lambda shown: shown["status"] == "waiting")
    assert (statuses(shown), shown["possible"]) == ({"ask": "waiting"}, ["cancel", "pause"])
    assert http.post(f"/api/executions/{execution}/nodes/ask/answer", {"input": "approved"}).status == 200
    assert ended(http, execution)["status"] == "completed"
