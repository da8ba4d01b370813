"""What holds for every request: envelopes, errors, idempotency keys, the API's own description."""

import base64
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from functions.api.app import api
from functions.api.dependencies import Services, services
from functions.api.reference import PAGE, render_page
from functions.api.resolver import read_json, serialized
from functions.api.settings import ApiSettings

from millrace.store.errors import StoreUnavailableError
from millrace.store.port import PageRequest, WorkflowFilter
from millrace.store.records import Page, Workflow, WorkspaceId
from tests.functions.api.client import ApiClient, recorded
from tests.functions.invocations import ROOT
from tests.services.documents import constant
from tests.services.memory_store import MemoryStore


class FailingStore(MemoryStore):
    """A store whose lists fail."""

    error: Exception = RuntimeError("a secret of the user's")

    def workflows(self, workspace: WorkspaceId, filter: WorkflowFilter, page: PageRequest) -> Page[Workflow]:  # noqa: A002, ARG002 -- the port's
        raise self.error


@pytest.fixture
def failing() -> FailingStore:
    return FailingStore()


@pytest.fixture
def broken(failing: FailingStore) -> ApiClient:
    resolver = api()
    provided = Services(ApiSettings(), failing)
    resolver.replace(services, lambda: provided)
    return ApiClient(resolver)


def faults(reply: Any) -> set[str]:
    assert (reply.status, reply.error["code"]) == (400, "INVALID_REQUEST")
    return {fault["field"] for fault in reply.error["details"]["faults"]}


def test_the_verified_claims_say_who_asks(http: ApiClient) -> None:
    user = http.event(recorded("api-signed-in")).data["user"]
    assert user == {
        "id": "6c1a8b3e-0d53-4c55-9a0e-1d2f0b6a7c88",
        "workspace_id": "analysts",
        "email": "ada@example.com",
        "name": "Ada",
        "local": False,
    }
    assert http.get("/api/auth/me").data["user"]["local"] is True


@pytest.mark.parametrize("route", ["register", "login", "verify"])
def test_sign_in_says_that_it_is_not_set_up(http: ApiClient, route: str) -> None:
    refused = http.post(f"/api/auth/{route}", {"email": "user@example.com", "password": "secret"})
    assert (refused.status, refused.error["code"]) == (403, "SIGN_IN_NOT_SET_UP")


def test_a_bad_request_lists_all_its_faults(http: ApiClient) -> None:
    body = {"name": "", "description": 3, "tags": ["ok", "", 4], "folder": "x" * 201, "colour": "red"}
    assert faults(http.post("/api/workflows", body)) == {
        "name", "description", "tags[1]", "tags[2]", "folder", "colour", "definition"
    }  # fmt: skip
    query = {"limit": 101, "sort": "size", "order": "up", "page": 0}
    assert faults(http.get("/api/workflows", **query)) == set(query)


@pytest.mark.parametrize("raw", ["{", "nonsense", '{"a": NaN}', '"\\ud800"', "[" * 5000, "[" * 300 + "]" * 300])
def test_a_body_that_is_no_json_is_refused(http: ApiClient, raw: str) -> None:
    refused = http.send("POST", "/api/workflows", raw=raw)
    assert (refused.status, refused.error["code"]) == (400, "MALFORMED_JSON")


def test_long_whole_numbers_are_not_rounded() -> None:
    body = '{"definition":{"number":12345678901234567890123}}'
    assert serialized(read_json(body)) == body


def test_bytes_that_are_no_text_are_refused(http: ApiClient) -> None:
    event = recorded("api-create-workflow") | {"isBase64Encoded": True}
    for body in (base64.b64encode(b"\xff\xfe").decode(), "not base64!"):
        assert http.event(event | {"body": body}).error["code"] == "MALFORMED_JSON"


def test_a_body_in_base64_is_read(http: ApiClient) -> None:
    event = recorded("api-create-workflow")
    event["headers"].pop("idempotency-key")
    body = base64.b64encode(event["body"].encode()).decode()
    assert http.event(event | {"body": body, "isBase64Encoded": True}).status == 201


def test_another_content_type_is_refused(http: ApiClient) -> None:
    refused = http.send("POST", "/api/workflows", raw="<a/>", headers={"content-type": "text/xml"})
    assert (refused.status, refused.error["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_beyond_the_limit_is_refused(http: ApiClient) -> None:
    refused = http.send("POST", "/api/workflows", raw='"' + "x" * 6_300_000 + '"')
    assert (refused.status, refused.error["code"]) == (413, "BODY_TOO_LARGE")
    accepted = http.post("/api/workflows", {"name": "Five MB", "definition": {"nodes": {}, "pad": "x" * 5_000_000}})
    assert accepted.status == 201


def test_an_unknown_route_and_a_wrong_method_are_told_apart(http: ApiClient) -> None:
    unknown = http.get("/api/nothing")
    assert (unknown.status, unknown.error["code"]) == (404, "ROUTE_NOT_FOUND")
    wrong = http.send("PATCH", "/api/workflows")
    assert (wrong.status, wrong.error["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "GET, POST"


def test_a_fault_of_ours_is_answered_without_what_it_was_about(
    broken: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    failed = broken.get("/api/workflows")
    assert (failed.status, failed.error["code"]) == (500, "INTERNAL_ERROR")
    assert failed.error["details"]["request_id"] == "JKJaXmPLvHcESHA="
    (logged,) = caplog.records
    assert "RuntimeError" in logged.getMessage()
    assert cast("Any", logged).request == "JKJaXmPLvHcESHA="
    assert "secret" not in f"{failed.body} {logged.__dict__}"


def test_a_store_that_does_not_answer_is_unavailable(broken: ApiClient, failing: FailingStore) -> None:
    failing.error = StoreUnavailableError("the table", "a secret of ours")
    failed = broken.get("/api/workflows")
    assert (failed.status, failed.error["code"]) == (503, "UNAVAILABLE")
    assert "secret" not in str(failed.body)


def test_the_same_key_and_request_is_carried_out_once(http: ApiClient) -> None:
    body = {"name": "Once", "definition": constant(1)}
    first = http.post("/api/workflows", body, Idempotency_Key="once")
    again = http.post("/api/workflows", body, Idempotency_Key="once")
    assert (again.status, again.body) == (first.status, first.body)
    other = http.post("/api/workflows", body, Idempotency_Key="twice")
    assert other.data["id"] != first.data["id"]


def test_a_key_with_another_request_is_refused(http: ApiClient) -> None:
    http.post("/api/workflows", {"name": "A", "definition": constant(1)}, Idempotency_Key="reused")
    for reply in (
        http.post("/api/workflows", {"name": "B", "definition": constant(1)}, Idempotency_Key="reused"),
        http.post("/api/workflows/validate", {"definition": constant(1)}, Idempotency_Key="reused"),
    ):
        assert (reply.status, reply.error["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_key_belongs_to_its_user(http: ApiClient, stranger: ApiClient) -> None:
    body = {"name": "Mine", "definition": constant(1)}
    mine = http.post("/api/workflows", body, Idempotency_Key="shared")
    theirs = stranger.post("/api/workflows", body, Idempotency_Key="shared")
    assert mine.data["id"] != theirs.data["id"]


def test_a_refusal_is_remembered_and_a_fault_of_ours_is_not(broken: ApiClient, failing: FailingStore) -> None:
    def rename(**headers: str) -> Any:
        return broken.post("/api/workflows/nope/restore", **headers)

    assert rename(Idempotency_Key="a").body == rename(Idempotency_Key="a").body

    calls = iter([RuntimeError("once"), None])

    def fail_once() -> None:
        error = next(calls, None)
        if error is not None:
            raise error

    created = broken.post("/api/workflows", {"name": "A", "definition": constant(1)}).data
    failing.before_save = fail_once
    path = f"/api/workflows/{created['id']}"
    statuses = [broken.put(path, {"name": "B", "revision": 1}, Idempotency_Key="b").status for _ in range(3)]
    assert statuses == [500, 200, 200]


def test_a_request_that_is_being_carried_out_is_not_carried_out_again(broken: ApiClient, failing: FailingStore) -> None:
    created = broken.post("/api/workflows", {"name": "A", "definition": constant(1)}).data
    path = f"/api/workflows/{created['id']}"
    body = {"name": "B", "revision": 1}
    inside, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        assert go_on.wait(10)

    failing.before_save = wait
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(broken.put, path, body, Idempotency_Key="k")
        assert inside.wait(10)
        refused = broken.put(path, body, Idempotency_Key="k")
        go_on.set()
        assert first.result(10).status == 200
    assert (refused.status, refused.error["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert broken.put(path, body, Idempotency_Key="k").status == 200


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_a_length(http: ApiClient, key: str) -> None:
    refused = http.post("/api/workflows", {"name": "A", "definition": constant(1)}, Idempotency_Key=key)
    assert faults(refused) == {"Idempotency-Key"}


def test_requests_at_the_same_time_do_not_mix(provided: Services) -> None:
    resolver = api()
    resolver.replace(services, lambda: provided)
    started = threading.Barrier(8)

    def ask(number: int) -> None:
        client = ApiClient(resolver, {"sub": f"user-{number % 8}"})
        if number < 8:
            started.wait(10)
        assert client.get("/api/auth/me").data["user"]["id"] == f"user-{number % 8}"
        assert (
            client.get(f"/api/nodes/type-{number}")
            .error["message"]
            .startswith(f"there is no node type 'type-{number}'")
        )

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(ask, number) for number in range(200)]:
            done.result(20)


def test_nodes_are_described(http: ApiClient) -> None:
    nodes = http.get("/api/nodes").data["nodes"]
    assert "http" in {node["type"] for node in nodes}
    assert http.get("/api/nodes/http").data in nodes
    assert http.get("/api/nodes/htp").error["code"] == "NODE_TYPE_NOT_FOUND"


def test_the_api_describes_itself(http: ApiClient) -> None:
    schema = http.get("/api/openapi.json").body
    assert schema["openapi"] == "3.1.0"
    assert {"get", "post"} <= set(schema["paths"]["/api/workflows"])
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert all(operation["summary"] and operation["responses"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_the_page_brings_all_that_it_needs(http: ApiClient) -> None:
    reply = http.get("/api/docs")
    page = gzip.decompress(reply.body).decode() if isinstance(reply.body, bytes) else reply.body
    assert "swagger-ui" in page
    assert "<script src=" not in page
    assert '<link rel="stylesheet"' not in page


def test_the_reference_page_is_current() -> None:
    assert (ROOT / PAGE).read_text() == render_page(), "run `make docs`"
