"""HTTP requests through the gateway, with a real client and server."""

import base64
import json
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from millrace.local.gateway.application import BODY_LIMIT
from tests.local.gateway.conftest import HANDLERS, serving

EVENT = json.loads((HANDLERS.parents[3] / "events" / "api-get-workflows.json").read_text())


def echoed(client: httpx.Client, method: str, path: str, **rest: Any) -> dict[str, Any]:
    return client.request(method, path, **rest).json()


def test_an_event_has_the_shape_of_an_http_api_event(client: httpx.Client) -> None:
    event = echoed(client, "GET", "/api/workflows?limit=2&tag=a&tag=b", headers={"cookie": "a=1; b=2"})
    assert shape(event) == shape(EVENT)


def shape(value: Any) -> Any:
    """Reduce an event to its members' names and kinds; headers and the like are the client's."""
    free = {"headers", "queryStringParameters", "pathParameters", "cookies"}
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: type(part).__name__ if name in free else shape(part) for name, part in members.items()}
    return type(value).__name__


def test_names_are_lower_case_and_repeated_values_joined(client: httpx.Client) -> None:
    headers = [("X-Part", "1"), ("X-Part", "2"), ("Cookie", "a=1"), ("Cookie", "b=2; c=3")]
    event = echoed(client, "GET", "/api/x?q=a%20b&q=c&empty=", headers=headers)
    assert event["headers"]["x-part"] == "1,2"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert event["rawQueryString"] == "q=a%20b&q=c&empty="
    assert event["queryStringParameters"] == {"q": "a b,c", "empty": ""}


def test_a_route_key_names_its_route(client: httpx.Client) -> None:
    event = echoed(client, "PUT", "/api/workflows/7")
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "ANY /api/{proxy+}"
    assert event["pathParameters"] == {"proxy": "workflows/7"}
    assert event["requestContext"]["http"]["method"] == "PUT"
    assert event["requestContext"]["http"]["path"] == event["rawPath"] == "/api/workflows/7"


def test_a_request_without_query_and_body_has_no_such_members(client: httpx.Client) -> None:
    event = echoed(client, "GET", "/api/x")
    assert not {"queryStringParameters", "cookies", "body"} & event.keys()
    assert event["rawQueryString"] == ""


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "application/problem+json"])
def test_text_comes_as_it_is(client: httpx.Client, kind: str) -> None:
    event = echoed(client, "POST", "/api/x", content='{"a": "ä"}', headers={"content-type": kind})
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": "ä"}', False)


@pytest.mark.parametrize(
    ("kind", "content"),
    [("application/octet-stream", b"text"), ("application/json", b"\xff\xfe"), ("multipart/form-data", b"--x--")],
)
def test_binary_comes_in_base64(client: httpx.Client, kind: str, content: bytes) -> None:
    event = echoed(client, "POST", "/api/x", content=content, headers={"content-type": kind})
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == content


def test_a_compressed_body_is_binary(client: httpx.Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert echoed(client, "POST", "/api/x", content=b"{}", headers=headers)["isBase64Encoded"] is True


def test_a_plain_value_is_answered_as_json(client: httpx.Client) -> None:
    answer = client.get("/api/plain")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"hello": "world"}


def test_a_plain_text_is_answered_as_it_is(client: httpx.Client) -> None:
    assert client.get("/api/text").text == "hello"


def test_status_headers_cookies_and_binary_bodies_are_mapped(client: httpx.Client) -> None:
    answer = client.get("/api/binary")
    assert (answer.status_code, answer.content) == (201, b"\x89PNG")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-count"] == "3"
    assert answer.headers["content-length"] == "4"
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]


def test_a_body_without_a_type_is_text(client: httpx.Client) -> None:
    answer = client.get("/api/bare")
    assert (answer.status_code, answer.text) == (202, "text")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/api/malformed", "/api/split", "/api/fails"])
def test_what_is_no_answer_is_a_fault_of_the_server(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_head_gets_no_body(client: httpx.Client) -> None:
    answer = client.head("/api/bare")
    assert (answer.status_code, answer.content) == (202, b"")


def test_a_body_that_is_too_large_is_refused(client: httpx.Client) -> None:
    answer = client.post("/api/x", content=b"x" * (BODY_LIMIT + 1))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_body_of_five_megabytes_arrives(client: httpx.Client) -> None:
    event = echoed(client, "POST", "/api/x", content="x" * 5_000_000, headers={"content-type": "text/plain"})
    assert len(event["body"]) == 5_000_000


def test_webhooks_go_to_the_trigger_function(client: httpx.Client) -> None:
    assert client.post("/hooks/orders/new", json={}).text == "orders/new"


def test_a_function_that_takes_too_long_is_given_up(page: Path) -> None:
    from tests.local.gateway import handlers

    with serving(page, seconds=0.05) as url:
        answer = httpx.get(f"{url}/api/waits", timeout=10)
        held(handlers.HELD.set)
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def held(release: Any) -> None:
    """Let the function host's copy of the handlers go on, too."""
    import sys

    release()
    for name, module in list(sys.modules.items()):
        if name.startswith("millrace_function_gateway_") and hasattr(module, "HELD"):
            module.HELD.set()


def test_more_requests_than_may_wait_are_refused(page: Path) -> None:
    with serving(page, most=0) as url:
        assert httpx.get(f"{url}/api/plain").status_code == 503


def test_health_tells_that_it_serves(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}])
def test_other_sites_are_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post("/api/x", headers=headers).status_code == 403


def test_other_sites_may_call_webhooks(client: httpx.Client) -> None:
    assert client.post("/hooks/orders", headers={"host": "tunnel.example"}).status_code == 200


def test_a_page_of_this_machine_is_trusted(client: httpx.Client) -> None:
    assert client.get("/api/plain", headers={"origin": "http://localhost:5173"}).status_code == 200


def test_the_samples_servers_answer(client: httpx.Client) -> None:
    assert client.get("/samples/bounded-loop/airports/SEA").json()["iata"] == "SEA"
    assert client.get("/samples/bounded-loop/airports/ZZZ").status_code == 404
    assert client.get("/samples/order-triage/").status_code == 404
