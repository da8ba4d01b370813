"""The handlers under functions/, called with the events in events/."""

import importlib.util
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from millrace.http import network_settings
from tests.functions.invocations import EVENTS, ROOT, SERVER, recorded
from tests.http.http_server import Reply, Server

Handler = Callable[[dict[str, Any], None], dict[str, Any]]


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())


def handler(function: str) -> Handler:
    spec = importlib.util.spec_from_file_location(f"function_{function}", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Give a local server that http nodes may reach."""
    with Server() as server:
        monkeypatch.setenv("MILLRACE_ALLOW_PRIVATE_HOSTS", f"127.0.0.1:{server.port}")
        network_settings.cache_clear()
        yield server
    network_settings.cache_clear()


def test_the_events_are_what_a_compiled_machine_sends() -> None:
    sent = {node: sent for node, (_, sent) in recorded().items()}
    kept = {node: json.loads((EVENTS / f"{node}.json").read_text()) for node in sent}
    assert kept == sent, "run `python -m tests.functions.invocations` and read the diff"


def test_the_events_go_to_the_functions_that_run_them() -> None:
    assert {node: function for node, (function, _) in recorded().items()} == {
        "http": "steps",
        "transform-jmespath": "steps",
        "code-javascript": "code",
        "code-python": "code",
    }


def test_steps_calls_a_server(server: Server) -> None:
    server.routes["/orders"] = lambda _: Reply(201, b'{"accepted": true}')
    sent = event("http")
    sent["config"]["url"] = sent["config"]["url"].replace(SERVER, server.url(""))
    output = handler("steps")(sent, None)["output"]
    assert (output["status"], output["body"]) == (201, {"accepted": True})
    (request,) = server.received
    assert (request.method, request.query) == ("POST", [("source", "web")])
    assert request.headers["x-request-id"] == "A-1041"
    assert json.loads(request.body) == sent["config"]["body"]


def test_steps_refuses_a_private_server_that_is_not_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLRACE_ALLOW_PRIVATE_HOSTS", raising=False)
    network_settings.cache_clear()
    with pytest.raises(Exception, match=r"127\.0\.0\.1") as caught:
        handler("steps")(event("http"), None)
    network_settings.cache_clear()
    assert type(caught.value).__name__ == "Http.Refused"


def test_steps_applies_jmespath() -> None:
    assert handler("steps")(event("transform-jmespath"), None) == {"output": ["bulb"], "console": []}


def test_code_runs_javascript() -> None:
    assert handler("code")(event("code-javascript"), None) == {
        "output": {"id": "A-1041", "total": 94},
        "console": ["A-1041: 94"],
    }


def test_code_runs_python() -> None:
    assert handler("code")(event("code-python"), None) == {"output": "bulb", "console": ["of 2"]}


def test_code_runs_no_other_nodes() -> None:
    with pytest.raises(Exception, match="does not run nodes of type 'http'"):
        handler("code")(event("http"), None)
