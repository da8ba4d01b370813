"""Requests to /hooks/..., from API Gateway's event to the answer."""

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from millrace.store.records import Run, RunId
from tests.functions.trigger.conftest import RECORDED, Deployment
from tests.services.running import FAILURE
from tests.services.test_partial import STEP, document

SECRET = "a secret of ours"
ORDER = document(
    {
        "in": ("input", {"schema": {"name": {"type": "string", "required": True}, "amount": {"type": "number"}}}),
        "out": ("output", {"name": "greeting", "value": "Hello, ${inputs.name}!"}),
    },
    "in>out",
)
SHOW = document({"out": ("output", {"name": "trigger", "value": "${trigger}"})})
ECHO = document({"out": ("output", {"name": "inputs", "value": "${input}"})})
ANSWERING = document(
    {
        "in": ("input", {"schema": {"name": {"type": "string", "required": True}}}),
        "say": (
            "respond",
            {"status": 201, "headers": {"Location": "/people/${inputs.name}"}, "body": {"name": "${inputs.name}"}},
        ),
    },
    "in>say",
)
FAILING = document({"call": ("http", {**STEP, "retry": {"maxAttempts": 1}}), "out": ("output", {})}, "call>out")


@pytest.fixture(autouse=True)
def outputs(deployment: Deployment) -> Iterator[None]:
    yield
    deployment.engine.outputs.clear()


def run_of(deployment: Deployment, response: Any) -> Run:
    found = deployment.api.store.find_run(RunId(response["body"]["data"]["execution_id"]))
    assert found is not None
    return found


def test_a_recorded_request_starts_a_run_and_is_answered_at_once(deployment: Deployment) -> None:
    trigger = deployment.trigger(ORDER, path="orders")
    response = deployment.send(RECORDED)
    assert (response["statusCode"], response["body"]["data"]["status"]) == (202, "running")
    run = run_of(deployment, response)
    assert run.inputs == {"name": "Ada", "amount": 12.5}
    assert run.version == 1
    given: Any = run.trigger
    assert {name: given[name] for name in ("type", "triggerId", "method", "path", "query", "body")} == {
        "type": "webhook",
        "triggerId": trigger["id"],
        "method": "POST",
        "path": "/hooks/orders",
        "query": {"source": "shop"},
        "body": {"name": "Ada", "amount": 12.5},
    }
    assert given["headers"]["user-agent"] == "Shop-Webhooks/1.0"
    assert deployment.api.runs.wait(run, 5).outputs == {"greeting": "Hello, Ada!"}


def test_the_outputs_are_the_answer_when_the_run_has_finished(deployment: Deployment) -> None:
    deployment.trigger(ORDER, path="wait", respond="when_finished")
    response = deployment.call("/hooks/wait", '{"name": "Ada"}')
    assert (response["statusCode"], response["body"]) == (200, {"greeting": "Hello, Ada!"})
    assert deployment.api.store.find_run(RunId(response["headers"]["x-millrace-execution"])) is not None


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({}, "standard"), ({"timeoutSeconds": 60}, "express"), ({"execution": "express"}, "express")],
)
def test_a_short_workflow_runs_as_an_express_execution(
    deployment: Deployment, settings: dict[str, Any], kind: str
) -> None:
    path = f"kind-{len(str(settings))}"
    trigger = deployment.trigger({**ORDER, "settings": settings}, path=path, respond="when_finished")
    response = deployment.call(f"/hooks/{path}", '{"name": "Ada"}')
    assert (response["statusCode"], response["body"]) == (200, {"greeting": "Hello, Ada!"})
    run = deployment.api.store.find_run(RunId(response["headers"]["x-millrace-execution"]))
    assert run is not None
    assert (run.version, run.workflow) == (1, trigger["workflow_id"])
    # A Standard execution is written down when it starts; the ARN of an Express one comes with its log.
    assert (run.execution is None) == (kind == "express")


def test_the_respond_node_makes_the_answer(deployment: Deployment) -> None:
    deployment.trigger({**ANSWERING, "settings": {"timeoutSeconds": 60}}, path="people", respond="respond_node")
    response = deployment.call("/hooks/people", '{"name": "ada"}')
    assert (response["statusCode"], response["body"]) == (201, {"name": "ada"})
    assert response["headers"]["location"] == "/people/ada"


def test_text_is_sent_as_it_is(deployment: Deployment) -> None:
    page = document({"say": ("respond", {"headers": {"Content-Type": "text/html"}, "body": "<p>Hi</p>"})})
    deployment.trigger(page, path="page", method="GET", respond="respond_node")
    response = deployment.call("/hooks/page", "", method="GET")
    assert (response["headers"]["content-type"], response["body"]) == ("text/html", "<p>Hi</p>")


def test_a_run_that_fails_is_told_with_its_execution(deployment: Deployment) -> None:
    deployment.trigger(FAILING, path="fails", respond="when_finished")
    deployment.engine.outputs["call"] = FAILURE
    response = deployment.call("/hooks/fails")
    error = response["body"]["error"]
    assert (response["statusCode"], error["code"]) == (500, "EXECUTION_FAILED")
    assert "the server said no" in error["message"]
    assert deployment.api.store.find_run(RunId(error["details"]["execution_id"])) is not None


def test_unknown_paths_and_disabled_webhooks_are_not_found(deployment: Deployment) -> None:
    trigger = deployment.trigger(ECHO, path="sleeps")
    assert deployment.http.post(f"/api/triggers/{trigger['id']}/disable").data["enabled"] is False
    for path in ("/hooks/sleeps", "/hooks/nowhere", "/hooks/", "/hooks"):
        assert deployment.call(path)["statusCode"] == 404


def test_another_method_is_told_which_are_allowed(deployment: Deployment) -> None:
    deployment.trigger(ECHO, path="put", method="PUT")
    deployment.trigger(ECHO, path="put", method="PATCH")
    response = deployment.call("/hooks/put")
    assert (response["statusCode"], response["headers"]["allow"]) == (405, "PUT, PATCH")


def test_a_header_must_have_the_secret(deployment: Deployment) -> None:
    header = {"type": "header", "name": "X-Api-Key", "value": SECRET}
    deployment.trigger(SHOW, path="key", authentication=header, respond="when_finished")
    assert deployment.call("/hooks/key")["statusCode"] == 401
    refused = deployment.call("/hooks/key", x_api_key="another secret")
    assert (refused["statusCode"], refused["body"]["error"]["code"]) == (401, "UNAUTHORIZED")
    assert SECRET not in json.dumps(refused)
    response = deployment.call("/hooks/key", x_api_key=SECRET)
    assert response["statusCode"] == 200
    assert "x-api-key" not in response["body"]["trigger"]["headers"]


@pytest.mark.parametrize("form", ["hex", "prefixed", "base64"])
def test_an_hmac_must_be_the_bodys(deployment: Deployment, form: str) -> None:
    authentication = {"type": "hmac", "secret": SECRET, "header": "X-Sign"}
    deployment.trigger(ORDER, path=f"signed-{form}", authentication=authentication)
    body = '{"name": "Ada"}'
    digest = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest()
    signature = {"hex": digest.hex(), "prefixed": f"sha256={digest.hex()}", "base64": base64.b64encode(digest).decode()}
    assert deployment.call(f"/hooks/signed-{form}", body, x_sign=signature[form])["statusCode"] == 202
    assert deployment.call(f"/hooks/signed-{form}", body + " ", x_sign=signature[form])["statusCode"] == 401
    assert deployment.call(f"/hooks/signed-{form}", body)["statusCode"] == 401


@pytest.mark.parametrize(
    ("kind", "body", "inputs"),
    [
        ("application/json", '{"a": [1]}', {"a": [1]}),
        ("application/json", "[1, 2]", {"body": [1, 2]}),
        ("application/vnd.api+json; charset=utf-8", '{"a": 1}', {"a": 1}),
        ("application/x-www-form-urlencoded", "a=1&b=2&b=3&c=", {"a": "1", "b": ["2", "3"], "c": ""}),
        ("text/plain", "hello", {"body": "hello"}),
        ("application/octet-stream", "\x00\x01", {"body": "AAE="}),
        ("application/json", "", {"page": "2"}),
    ],
)
def test_the_body_becomes_the_inputs(deployment: Deployment, kind: str, body: str, inputs: Any) -> None:
    trigger = deployment.trigger(ECHO, respond="when_finished")
    response = deployment.call(trigger["path"], body, query={"page": "2"}, content_type=kind)
    assert response["body"] == {"inputs": inputs}


def test_bytes_come_in_base64(deployment: Deployment) -> None:
    trigger = deployment.trigger(ECHO, respond="when_finished")
    event = copy.deepcopy(RECORDED)
    event |= {"rawPath": trigger["path"], "isBase64Encoded": True, "body": base64.b64encode(b'{"a": 1}').decode()}
    assert deployment.send(event)["body"] == {"inputs": {"a": 1}}
    event["body"] = "%%%"
    assert deployment.send(event)["statusCode"] == 400


def test_a_body_that_is_no_json_is_refused(deployment: Deployment) -> None:
    trigger = deployment.trigger(ECHO)
    for body in ("{", '{"a": NaN}', "[" * 100_000):
        response = deployment.call(trigger["path"], body)
        assert (response["statusCode"], response["body"]["error"]["code"]) == (400, "MALFORMED_JSON")


def test_a_body_that_is_too_large_is_refused(deployment: Deployment) -> None:
    trigger = deployment.trigger(ECHO)
    assert deployment.call(trigger["path"], " " * (6 * 1024 * 1024 + 1))["statusCode"] == 413
    response = deployment.call(trigger["path"], json.dumps({"text": "x" * 140_000}))
    assert (response["statusCode"], response["body"]["error"]["code"]) == (413, "BODY_TOO_LARGE")


def test_inputs_that_do_not_fit_are_all_told(deployment: Deployment) -> None:
    trigger = deployment.trigger(ORDER)
    response = deployment.call(trigger["path"], '{"nam": "Ada", "amount": "much"}')
    assert response["statusCode"] == 400
    fields = {fault["field"] for fault in response["body"]["error"]["details"]["faults"]}
    assert fields >= {"inputs.nam", "inputs.amount"}


def test_a_workflow_without_a_version_is_told(deployment: Deployment) -> None:
    workflow = deployment.workflow(ECHO, publish=False)
    trigger = deployment.http.post(f"/api/workflows/{workflow}/triggers", {"type": "webhook"}).data
    response = deployment.call(trigger["path"])
    assert (response["statusCode"], response["body"]["error"]["code"]) == (409, "NOT_PUBLISHED")
