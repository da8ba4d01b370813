import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.catalogue import NodeFailure, RunContext
from millrace.catalogue.http import Http, HttpConfig
from millrace.catalogue.lowering import LAMBDA_INVOKE, Task
from millrace.catalogue.node import Function
from millrace.http import NetworkSettings
from millrace.model import Code, NodeId

from .nodes import evaluate, lower

OPEN = NetworkSettings(allow_private_hosts="127.0.0.1")


@contextmanager
def server(status: int = 200, headers: Mapping[str, str] | None = None) -> Generator[str]:
    """Answers every request with what it saw of it."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            seen = {
                "method": self.command,
                "path": self.path,
                "body": body,
                "headers": {name.lower(): text for name, text in self.headers.items()},
            }
            reply = json.dumps(seen).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def run(node: Http, remaining: float = 60.0, /, **data: Any) -> Any:
    return node.run(HttpConfig.model_validate(data), RunContext(NodeId("n"), remaining_seconds=lambda: remaining))


def test_the_output_holds_status_headers_body_and_url() -> None:
    with server() as url:
        result = run(
            Http(OPEN), method="post", url=f"{url}/a?x=1", query={"y": [1, 2]}, headers={"X-N": 5}, body={"k": "v"}
        )
    assert result["status"] == 200
    assert result["headers"]["content-type"] == "application/json"
    assert result["url"] == f"{url}/a?x=1&y=1&y=2"
    assert result["body"]["method"] == "POST"
    assert result["body"]["body"] == '{"k":"v"}'
    assert result["body"]["headers"]["x-n"] == "5"


def test_private_hosts_are_refused_by_default() -> None:
    with server() as url, pytest.raises(NodeFailure) as caught:
        run(Http(NetworkSettings(allow_private_hosts="")), url=url)
    assert (caught.value.error, caught.value.transient) == ("Http.Refused", False)


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_ALLOW_PRIVATE_HOSTS", "127.0.0.1, internal.test:8080")
    assert NetworkSettings().allow_private_hosts == "127.0.0.1, internal.test:8080"


@pytest.mark.parametrize("allowed", [[404], ["404"], ["4xx"], ["4XX"], ["400-410"], [500, "404"]])
def test_allowed_statuses_may_be_codes_classes_and_ranges(allowed: list[int | str]) -> None:
    with server(404) as url:
        assert run(Http(OPEN), url=url, allowStatus=allowed)["status"] == 404


@pytest.mark.parametrize("allowed", ["9xx", "4x", "404-", "x", "", "1000"])
def test_other_statuses_are_config_errors(allowed: str) -> None:
    with pytest.raises(ValidationError, match="expected a status such as 404"):
        HttpConfig.model_validate({"url": "http://a.test", "allowStatus": [allowed]})


def test_a_failure_keeps_its_name_and_whether_it_may_pass() -> None:
    with server(503) as url, pytest.raises(NodeFailure) as caught:
        run(Http(OPEN), url=url)
    assert (caught.value.error, caught.value.transient) == ("Http.ServerError", True)
    assert caught.value.details is not None
    assert caught.value.details["status"] == 503


def test_retry_after_is_waited_for_as_long_as_the_function_may_run() -> None:
    waits: list[float] = []
    with server(429, {"retry-after": "9"}) as url:
        with pytest.raises(NodeFailure) as caught:
            run(Http(OPEN, sleep=waits.append), url=url)
        assert (caught.value.error, waits) == ("Http.RateLimited", [9.0])
        with pytest.raises(NodeFailure) as caught:
            run(Http(OPEN, sleep=waits.append), 8.0, url=url)
        assert (caught.value.error, waits) == ("Http.RetryLater", [9.0])
        with pytest.raises(NodeFailure) as caught:
            run(Http(OPEN, sleep=waits.append), url=url, timeoutSeconds=5)
        assert (caught.value.error, waits) == ("Http.RetryLater", [9.0])


def test_a_credential_without_a_store_says_what_to_do() -> None:
    with pytest.raises(NodeFailure, match="this runtime has no credentials configured") as caught:
        run(Http(OPEN), url="http://127.0.0.1:9/", auth={"credential": "crm"})
    assert caught.value.error == "Http.Credential"


class OneCredential:
    def headers(self, credential: str, *, method: str, url: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {credential} {method} {url[:4]}"}


def test_a_credential_becomes_headers() -> None:
    with server() as url:
        result = run(Http(OPEN, OneCredential()), url=url, auth={"credential": "crm"})
    assert result["body"]["headers"]["authorization"] == "Bearer crm GET http"


def test_it_lowers_to_a_call_of_the_function_with_its_time_limit() -> None:
    task = lower("http", url="https://a.test/${fetch-1.output.id}", timeoutSeconds=7, label="Get").as_a(Task)
    assert (task.resource, task.function, task.result) == (LAMBDA_INVOKE, Function.STEPS, ".Payload.output")
    resolved = evaluate(task.arguments, {"x": 1}, {"fetch-1": {"id": "7b"}})
    assert resolved["config"] == {"url": "https://a.test/7b", "timeoutSeconds": 7}
    assert resolved["type"] == "http"


@pytest.mark.parametrize(
    ("pagination", "at"),
    [
        ({"type": "cursor", "cursor": "meta.[", "items": "data"}, "pagination.cursor"),
        ({"type": "nextLink", "next": "a b"}, "pagination.next"),
        ({"type": "page", "items": "data["}, "pagination.items"),
    ],
)
def test_paths_that_do_not_parse_are_reported(pagination: dict[str, Any], at: str) -> None:
    (report,) = lower("http", url="https://a.test", pagination=pagination).reports
    assert (report.code, report.at) == (Code.SYNTAX_ERROR, at)
    assert report.column is not None


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"url": ""},
        {"url": "http://a.test", "method": "FETCH"},
        {"url": "http://a.test", "headers": "plain"},
        {"url": "http://a.test", "pagination": {"type": "cursor"}},
        {"url": "http://a.test", "unknown": 1},
    ],
)
def test_configs_that_mean_nothing_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpConfig.model_validate(data)


def test_fields_may_be_expressions() -> None:
    data = {
        "url": "${inputs.url}",
        "method": "${inputs.method}",
        "headers": "${inputs.headers}",
        "allowStatus": ["${inputs.s}"],
    }
    assert lower("http", **data).reports == ()
