"""Runs over HTTP: DynamoDB and S3 by moto, Step Functions by the real engine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from functions.api.dependencies import Services

from millrace.model import NodeId
from millrace.services.people import People
from millrace.store.records import LogLine, RunId, RunStatus, Step, StepStatus, WorkspaceId
from tests.functions.api.client import ApiClient, Reply
from tests.services.running import FAILURE, FunctionEngine, function_engine
from tests.services.test_partial import STEP, document

__all__ = ["function_engine"]

ONCE: dict[str, Any] = {**STEP, "retry": {"maxAttempts": 1}}
GREETING = document(
    {
        "in": ("input", {"schema": {"name": {"type": "string", "required": True}}}),
        "out": ("output", {"name": "greeting", "value": "Hello, ${inputs.name}!"}),
    },
    "in>out",
)
WAITING = document({"wait": ("wait", {"seconds": 3600})})
CHAIN = document({"a": ("http", ONCE), "b": ("http", ONCE), "out": ("output", {})}, "a>b", "b>out")
QUESTION = document(
    {
        "ask": ("approval", {"message": "Go, ${inputs.who}?", "timeoutSeconds": 3600}),
        "out": ("output", {"value": "${ask.output.decision}"}),
    },
    "ask.approved>out",
)
FORM = document(
    {
        "ask": ("user-input", {"schema": {"n": {"type": "integer", "required": True}, "t": {"type": "string"}}}),
        "out": ("output", {"value": "${ask.output}"}),
    },
    "ask.submitted>out",
)


@pytest.fixture(scope="module")
def engine(function_engine: FunctionEngine) -> FunctionEngine:
    return function_engine


@pytest.fixture(autouse=True)
def functions(function_engine: FunctionEngine, provided: Services) -> Iterator[FunctionEngine]:
    function_engine.people = People(provided.store)
    yield function_engine
    function_engine.outputs.clear()
    function_engine.called.clear()


def create(http: ApiClient, definition: Any, *, publish: bool = True) -> str:
    workflow: str = http.post("/api/workflows", {"name": "Runs", "definition": definition}).data["id"]
    if publish:
        assert http.post(f"/api/workflows/{workflow}/publish").status < 300
    return workflow


def write(provided: Services, execution: str, status: RunStatus, **steps: Any) -> None:
    """Write what the observer would."""
    run = provided.store.find_run(RunId(execution))
    assert run is not None
    provided.store.save_run(replace(run, status=status))
    provided.store.put_steps(
        Step(run.id, NodeId(node), run.workspace, StepStatus(given[0]), output=given[1])
        for node, given in steps.items()
    )


def test_execute_answers_at_once_as_documented(http: ApiClient) -> None:
    workflow = create(http, WAITING)
    reply = http.post("/api/workflows/execute", {"workflow_id": workflow, "inputs": {}})
    assert reply.status == 202
    assert reply.data.items() >= {"workflow_id": workflow, "status": "running"}.items()
    assert reply.data["execution_id"]
    assert reply.data["started_at"].endswith("Z")
    cancelled = http.post(f"/api/executions/{reply.data['execution_id']}/cancel")
    assert cancelled.data.items() >= {"cancelled": True, "execution_id": reply.data["execution_id"]}.items()


def test_a_run_that_is_waited_for_gives_its_outputs(http: ApiClient) -> None:
    workflow = create(http, GREETING)
    reply = http.send("POST", f"/api/workflows/{workflow}/runs", {"inputs": {"name": "Ada"}}, query={"wait": "true"})
    assert (reply.status, reply.data["status"]) == (200, "completed")
    assert reply.data["outputs"] == {"greeting": "Hello, Ada!"}
    assert isinstance(reply.data["duration_ms"], int)
    assert reply.data["estimate_usd"] is not None


def test_a_bad_request_lists_all_faults(http: ApiClient) -> None:
    workflow = create(http, GREETING)
    reply = http.post("/api/workflows/execute", {"workflow_id": workflow, "inputs": {"nam": "Ada", "x": 1}})
    assert (reply.status, reply.error["code"]) == (400, "INVALID_INPUTS")
    assert {fault["field"] for fault in reply.error["details"]["faults"]} >= {"inputs.nam", "inputs.x"}


def test_unpublished_workflows_and_broken_drafts_are_refused(http: ApiClient) -> None:
    workflow = create(http, document({"a": ("set", {})}), publish=False)
    assert http.post(f"/api/workflows/{workflow}/runs").error["code"] == "NOT_PUBLISHED"
    reply = http.post(f"/api/workflows/{workflow}/runs", {"draft": True})
    assert (reply.status, reply.error["code"]) == (422, "INVALID_DOCUMENT")
    assert reply.error["details"]["diagnostics"]


def test_the_same_key_starts_one_execution(http: ApiClient) -> None:
    workflow = create(http, GREETING)
    replies = [
        http.post(f"/api/workflows/{workflow}/runs", {"inputs": {"name": "Ada"}}, Idempotency_Key="same")
        for _ in range(2)
    ]
    assert replies[0].data["id"] == replies[1].data["id"]
    assert len(http.get("/api/executions", workflow_id=workflow).data["executions"]) == 1


def test_executions_are_listed_newest_first_and_filtered(http: ApiClient, provided: Services) -> None:
    workflow = create(http, GREETING)
    started = [
        http.post(f"/api/workflows/{workflow}/runs", {"inputs": {"name": str(number)}}).data["id"]
        for number in range(3)
    ]
    write(provided, started[0], RunStatus.FAILED)
    listed = http.get("/api/executions", workflow_id=workflow, limit=2).data
    assert {one["id"] for one in listed["executions"]} <= set(started)
    assert "outputs" not in listed["executions"][0]
    rest = http.get("/api/executions", workflow_id=workflow, limit=2, cursor=listed["pagination"]["next_cursor"]).data
    assert {one["id"] for page in (listed, rest) for one in page["executions"]} == set(started)
    failed = http.get("/api/executions", workflow_id=workflow, status="failed").data["executions"]
    assert [one["id"] for one in failed] == [started[0]]
    assert http.get("/api/executions", status="odd").status in (400, 422)
    assert http.get("/api/executions", cursor="odd").error["code"] == "INVALID_CURSOR"


def test_an_execution_shows_nodes_steps_and_log(http: ApiClient, provided: Services) -> None:
    workflow = create(http, WAITING)
    execution = http.post(f"/api/workflows/{workflow}/runs").data["id"]
    write(provided, execution, RunStatus.RUNNING, wait=("running", None), b=("completed", {"x": 1}))
    line = LogLine(RunId(execution), "0001", WorkspaceId("local"), "info", "Started", "2026-11-21T07:30:00.000Z")
    provided.store.put_logs([line])
    shown = http.get(f"/api/executions/{execution}").data
    assert {node: state["status"] for node, state in shown["current_state"].items()} == {
        "wait": "running",
        "b": "completed",
    }
    assert shown["possible"] == ["cancel", "pause"]
    (step,) = http.get(f"/api/executions/{execution}/steps", node_id="b").data["steps"]
    assert (step["node_id"], step["output"], step["attempt"]) == ("b", {"x": 1}, 1)
    (shown_line,) = http.get(f"/api/executions/{execution}/logs", level="info").data["logs"]
    assert shown_line["message"] == "Started"
    assert http.get(f"/api/executions/{execution}/logs", level="error").data["logs"] == []
    http.post(f"/api/executions/{execution}/cancel")


def test_pause_resume_and_cancel(http: ApiClient, provided: Services) -> None:
    execution = http.post(f"/api/workflows/{create(http, WAITING)}/runs").data["id"]
    assert http.post(f"/api/executions/{execution}/pause").data["status"] == "paused"
    write(provided, execution, RunStatus.PAUSED)
    refused = http.post(f"/api/executions/{execution}/pause")
    assert (refused.status, refused.error["details"]["possible"]) == (409, ["resume", "cancel"])
    assert http.post(f"/api/executions/{execution}/resume").data["resumed"] is True
    write(provided, execution, RunStatus.RUNNING)
    assert http.post(f"/api/executions/{execution}/cancel").data["cancelled"] is True
    write(provided, execution, RunStatus.CANCELLED)
    ended = http.post(f"/api/executions/{execution}/cancel")
    assert (ended.status, ended.error["code"], ended.error["details"]["possible"]) == (
        409,
        "EXECUTION_ENDED",
        ["retry"],
    )


def test_a_failed_execution_is_fixed_and_goes_on(
    http: ApiClient, provided: Services, functions: FunctionEngine
) -> None:
    workflow = create(http, CHAIN)
    functions.outputs["b"] = FAILURE
    failed = http.send("POST", f"/api/workflows/{workflow}/runs", query={"wait": "true"}).data
    assert (failed["status"], failed["error"]["type"]) == ("failed", "Http.Status")
    write(provided, failed["id"], RunStatus.FAILED, a=("completed", {"from": "a"}), b=("failed", None))
    functions.outputs.clear()
    functions.called.clear()
    fixed: Any = document(
        {"a": ("http", ONCE), "b": ("http", {**ONCE, "url": "https://example.com/b"}), "out": ("output", {})},
        "a>b",
        "b>out",
    )
    assert http.put(f"/api/workflows/{workflow}", {"definition": fixed}, If_Match="*").status == 200
    retried = http.post(f"/api/executions/{failed['id']}/retry", {"draft": True}).data
    assert (retried["reused"], retried["redriven"], retried["origin"]) == (["a"], False, failed["id"])
    redriven = http.post(f"/api/executions/{failed['id']}/retry").data
    assert (redriven["redriven"], redriven["id"]) == (True, failed["id"])


def test_one_node_runs_on_pinned_outputs(http: ApiClient, functions: FunctionEngine) -> None:
    workflow = create(http, CHAIN, publish=False)
    path = f"/api/workflows/{workflow}/runs/partial"
    missing = http.post(path, {"extent": "node", "node_id": "b"})
    assert (missing.status, missing.error["details"]["faults"][0]["field"]) == (400, "pins.a")
    reply = http.send("POST", path, {"extent": "node", "node_id": "b", "pins": {"a": {"x": 1}}}, query={"wait": "true"})
    assert (reply.data["nodes"], reply.data["reused"]) == (["b"], ["a"])
    assert reply.data["outputs"] == {"b": {"from": "b"}}
    assert functions.called == ["b"]
    assert http.post(path, {"extent": "node", "node_id": "zzz"}).status == 404


def ask(http: ApiClient, functions: FunctionEngine, definition: Any) -> str:
    """Start a run and wait for its question."""
    workflow = create(http, definition)
    execution: str = http.post(f"/api/workflows/{workflow}/runs", {"inputs": {"who": "Ada"}}).data["id"]
    functions.tokens.get(timeout=10)
    return execution


def answer(http: ApiClient, execution: str, given: Any) -> Reply:
    return http.post(f"/api/executions/{execution}/nodes/ask/answer", {"input": given})


def test_an_approval_waits_in_the_inbox_and_one_answer_counts(http: ApiClient, functions: FunctionEngine) -> None:
    execution = ask(http, functions, QUESTION)
    (question,) = [one for one in http.get("/api/inbox").data["questions"] if one["execution_id"] == execution]
    assert (question["type"], question["request"]["message"]) == ("approval", "Go, Ada?")
    assert question["expires_at"] > question["created_at"]
    assert "token" not in str(question)
    wrong = answer(http, execution, {"decision": "maybe", "mood": 1})
    assert (wrong.status, wrong.error["code"]) == (400, "INVALID_ANSWER")
    assert {fault["field"] for fault in wrong.error["details"]["faults"]} == {"input.decision", "input.mood"}
    right = answer(http, execution, {"decision": "approved", "comment": "fine"})
    assert right.data["output"].items() >= {"decision": "approved", "by": "local", "comment": "fine"}.items()
    again = answer(http, execution, {"decision": "rejected"})
    assert (again.status, again.error["code"]) == (409, "ALREADY_ANSWERED")
    assert not [one for one in http.get("/api/inbox").data["questions"] if one["execution_id"] == execution]


def test_a_form_is_checked_as_a_whole(http: ApiClient, functions: FunctionEngine) -> None:
    execution = ask(http, functions, FORM)
    wrong = answer(http, execution, {"n": "one", "t": 2})
    assert {fault["field"] for fault in wrong.error["details"]["faults"]} == {"input.n", "input.t"}
    assert answer(http, execution, {"n": 1}).data["output"] == {"n": 1}


def test_a_question_of_a_stopped_execution_is_gone(http: ApiClient, functions: FunctionEngine) -> None:
    execution = ask(http, functions, QUESTION)
    http.post(f"/api/executions/{execution}/pause")
    gone = answer(http, execution, "approved")
    assert (gone.status, gone.error["code"]) == (410, "NOT_WAITING")
    http.post(f"/api/executions/{execution}/resume")
    functions.tokens.get(timeout=10)
    assert answer(http, execution, "approved").status == 200


def test_nothing_of_others_is_shown_or_changed(http: ApiClient, stranger: ApiClient, functions: FunctionEngine) -> None:
    execution = ask(http, functions, QUESTION)
    path = f"/api/executions/{execution}"
    replies = [stranger.get(path), stranger.get(f"{path}/steps"), stranger.get(f"{path}/logs")]
    replies += [stranger.post(f"{path}/{verb}") for verb in ("cancel", "pause", "resume", "retry")]
    replies.append(answer(stranger, execution, "approved"))
    assert {(reply.status, reply.error["code"]) for reply in replies} == {(404, "EXECUTION_NOT_FOUND")}
    assert stranger.get("/api/inbox").data["questions"] == []
    assert stranger.get("/api/executions").data["executions"] == []
    http.post(f"{path}/cancel")
