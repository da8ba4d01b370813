"""The OpenAPI document, held to what the service does."""

import os
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import schemathesis
from functions.api.app import api
from functions.api.dependencies import Services, services
from functions.api.settings import ApiSettings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.functions.api.client import ApiClient
from tests.runtime.ledger import ENDED, until
from tests.runtime.service import HOST, Service
from tests.services.documents import constant

EXAMPLES: Final = 6
MEMBERS: Final = ("method", "url", "params", "headers", "json")
METHODS: Final = ("get", "put", "post", "delete")
BODIES: Final[dict[str, Any]] = {
    "put /api/workflows/{workflow_id}": {"name": "Mine", "revision": 1},
    "post /api/workflows/{workflow_id}/rollback": {"version": 1},
    "post /api/workflows/{workflow_id}/runs/partial": {"extent": "node", "node_id": "value"},
    "post /api/workflows/{workflow_id}/triggers": {"type": "webhook"},
    "put /api/triggers/{trigger_id}": {"enabled": False},
    "post /api/executions/{execution_id}/nodes/{node_id}/answer": {"input": {}},
    "post /api/workflows/execute": {"workflow_id": "{workflow_id}"},
}
"""A body that fits, where one is needed."""


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    return httpx.get(f"{service.url}/api/openapi.json").json()


@pytest.fixture
def known(http: httpx.Client) -> dict[str, str]:
    """Make one of each; gives the path parameters that name them."""
    workflow = http.post("/api/workflows", json={"name": "Known", "definition": constant(1)}).json()["data"]["id"]
    assert http.post(f"/api/workflows/{workflow}/publish", json={}).status_code == 201
    trigger = http.post(f"/api/workflows/{workflow}/triggers", json={"type": "webhook"}).json()["data"]["id"]
    run = http.post(f"/api/workflows/{workflow}/runs", json={}).json()["data"]["id"]
    until(lambda: http.get(f"/api/executions/{run}").json()["data"]["status"] in ENDED)
    return {
        "workflow_id": workflow,
        "trigger_id": trigger,
        "execution_id": run,
        "version": "1",
        "node_id": "value",
        "node_type": "set",
    }


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(data=st.data())
def test_no_request_that_the_document_allows_makes_the_service_fail(
    service: Service, document: dict[str, Any], known: dict[str, str], http: httpx.Client, data: st.DataObject
) -> None:
    schema: Any = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == sum(method in METHODS for path in document["paths"].values() for method in path)
    # What deletes comes last: until then the ids are known.
    for operation in sorted(operations, key=lambda one: one.method == "delete"):
        case = data.draw(operation.as_strategy())
        if data.draw(st.booleans()):
            case.path_parameters |= {name: known[name] for name in case.path_parameters}
        request: dict[str, Any] = case.as_transport_kwargs(base_url=service.url)
        request["headers"] = {name: value.encode() for name, value in request["headers"].items()}
        answer = http.request(**{name: request[name] for name in MEMBERS if name in request})
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)


@pytest.fixture
def stranger(service: Service) -> Iterator[ApiClient]:
    """Ask the API's function as somebody else, on the same stores and the same engine."""
    endpoints = {"AWS_ENDPOINT_URL": 3, "AWS_ENDPOINT_URL_SFN": 1, "AWS_ENDPOINT_URL_DYNAMODB": 2}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MILLRACE_"))]:
            patch.delenv(name)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "local")
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.setenv(name, "us-east-1")
        for name, offset in endpoints.items():
            patch.setenv(name, f"http://{HOST}:{service.port + offset}")
        provided = Services(ApiSettings())
        resolver = api()
        resolver.replace(services, lambda: provided)
        yield ApiClient(resolver, {"sub": "somebody-else", "email": "else@example.com"})
        provided.step_functions.close()


def test_what_belongs_to_somebody_else_is_not_found(
    document: dict[str, Any], known: dict[str, str], stranger: ApiClient, http: httpx.Client
) -> None:
    paths = [path for path in document["paths"] if "_id}" in path or f"post {path}" in BODIES]
    for path in paths:
        for method in METHODS:
            if method not in document["paths"][path]:
                continue
            body = BODIES.get(f"{method} {path}", None if method in ("get", "delete") else {})
            if body is not None and "workflow_id" in body:
                body = {"workflow_id": known["workflow_id"]}
            query = {"from": "1", "to": "1"} if path.endswith("/compare") else {}
            answer = stranger.send(method.upper(), path.format(**known), body, query=query)
            assert answer.status == 404, (method, path, answer.body)
            assert answer.error["code"].endswith("_NOT_FOUND")
    mine = http.get(f"/api/workflows/{known['workflow_id']}").json()["data"]
    assert (mine["name"], mine["deleted_at"], mine["published_version"]) == ("Known", None, 1)


def test_lists_hold_nothing_of_somebody_else(known: dict[str, str], stranger: ApiClient) -> None:
    assert stranger.get("/api/workflows").data["workflows"] == []
    assert stranger.get("/api/executions").data["executions"] == []
    assert (
        stranger.get("/api/executions", workflow_id=known["workflow_id"]).body.get("data", {}).get("executions", [])
        == []
    )
