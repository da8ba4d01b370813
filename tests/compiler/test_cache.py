"""The common field `cache`: what it adds to a function's payload, and what it saves when the machine runs."""

import asyncio
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from millrace.compiler import Compilation, CompileContext, compile_document
from millrace.engine import FunctionTasks, Runner, Status
from millrace.http.settings import network_settings
from millrace.model import Json, Severity
from millrace.steps.settings import steps_settings
from tests.http.http_server import Received, Reply, Server

Drawn = tuple[str, str, Mapping[str, Any]]
"""A node: id, type and data."""

FUNCTIONS = Path(__file__).parents[2] / "functions"


def document(*nodes: Drawn) -> dict[str, Any]:
    """A chain of nodes."""
    ids = [id_ for id_, _, _ in nodes]
    return {
        "name": "Cached",
        "nodes": {
            id_: {"id": id_, "type": type_, "position": {"x": 0, "y": 0}, "data": data} for id_, type_, data in nodes
        },
        "edges": [
            {"id": f"e{at}", "source": source, "target": target} for at, (source, target) in enumerate(pairwise(ids))
        ],
    }


def compiled(*nodes: Drawn, workflow: str | None = "prices") -> Compilation:
    compilation = compile_document(document(*nodes), CompileContext(workflow_id=workflow))
    assert compilation.definition is not None, compilation.diagnostics
    return compilation


def payload(compilation: Compilation, node: str) -> Any:
    definition: Any = compilation.definition
    [state] = [state for state, nodes in compilation.source_map.items() if node in nodes]
    return definition["States"][state]["Arguments"]["Payload"]


CACHEABLE: list[tuple[str, dict[str, Any]]] = [
    ("http", {"url": "https://example.com"}),
    ("code", {"source": "return 1"}),
    ("transform", {"language": "jmespath", "expression": "a"}),
]


@pytest.mark.parametrize(("kind", "data"), CACHEABLE)
def test_a_node_that_runs_in_a_function_asks_for_its_cache(kind: str, data: dict[str, Any]) -> None:
    compilation = compiled(("n", kind, data | {"cache": {"ttlSeconds": 60}}))
    assert payload(compilation, "n")["cache"] == {"ttlSeconds": 60}
    assert compilation.diagnostics == ()
    assert "cache" not in payload(compiled(("n", kind, data)), "n")


@pytest.mark.parametrize(("workflow", "written"), [("prices", '{% "prices" %}'), (None, "{% null %}")])
def test_a_key_goes_with_the_workflow_that_it_belongs_to(workflow: str | None, written: str) -> None:
    data: dict[str, Any] = {"source": "return 1", "cache": {"ttlSeconds": 60, "key": "${inputs.sku}"}}
    sent = payload(compiled(("n", "code", data), workflow=workflow), "n")["cache"]
    assert sent["workflowId"] == written
    assert sent["key"].startswith("{%")


def test_a_key_is_checked_as_every_other_expression() -> None:
    data: dict[str, Any] = {"source": "return 1", "cache": {"ttlSeconds": 60, "key": "${nobody.output}"}}
    compilation = compile_document(document(("n", "code", data)))
    [diagnostic] = compilation.diagnostics
    assert diagnostic.is_error
    assert (diagnostic.node, diagnostic.field) == ("n", "cache.key")


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("echo", {"value": 1}, "it runs inside Step Functions itself"),
        ("transform", {"expression": "input.a"}, "it runs inside Step Functions itself"),
        ("wait", {"seconds": 1}, "it runs inside Step Functions itself"),
        ("approval", {"message": "Publish?"}, "it waits for an answer from outside"),
        ("subworkflow", {"workflowId": "other"}, "Step Functions calls a service for it"),
    ],
)
def test_a_cache_that_has_no_effect_is_named(kind: str, data: dict[str, Any], reason: str) -> None:
    compilation = compiled(("n", kind, data | {"cache": {"ttlSeconds": 60, "key": "k"}}))
    [diagnostic] = compilation.diagnostics
    assert (diagnostic.severity, diagnostic.node, diagnostic.field) == (Severity.WARNING, "n", "cache")
    assert diagnostic.message.endswith(reason)


def handler(function: str) -> Callable[[Json], Json]:
    """The handler that Lambda would call."""
    spec = importlib.util.spec_from_file_location(f"{function}_app", FUNCTIONS / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda event: module.handler(event, None)


class Runs:
    """Runs documents with the functions' own handlers; the console of every call is kept."""

    def __init__(self) -> None:
        self.console: list[Any] = []
        self._tasks = FunctionTasks({f"millrace-{name}": self._watched(handler(name)) for name in ("steps", "code")})

    def _watched(self, call: Callable[[Json], Json]) -> Callable[[Json], Json]:
        def watched(event: Json) -> Json:
            answer: Any = call(event)
            self.console += answer["console"]
            return answer

        return watched

    def run(self, compilation: Compilation, **inputs: Json) -> Json:
        definition: Any = compilation.definition
        given: Json = {"inputs": inputs, "trigger": {"type": "manual"}}
        result = asyncio.run(Runner().run(definition, given, tasks=self._tasks))
        assert result.status is Status.SUCCEEDED, (result.error, result.cause)
        return result.output


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    monkeypatch.setenv("MILLRACE_ALLOW_PRIVATE_HOSTS", "127.0.0.1")
    for settings in (steps_settings, network_settings):
        settings.cache_clear()
    yield Runs()
    for settings in (steps_settings, network_settings):
        settings.cache_clear()


@pytest.fixture
def server() -> Iterator[Server]:
    def count(request: Received) -> Reply:
        return Reply(body=str(len(server.received)).encode())

    with Server({"/prices": count, "/other": count}) as server:
        yield server


def fetch(server: Server, **more: Json) -> Drawn:
    return ("fetch", "http", {"url": server.url("/prices"), "query": {"sku": "${inputs.sku}"}} | more)


RESULT: Drawn = ("result", "output", {"value": "${fetch.output.body}"})


def test_a_second_run_does_not_call_the_server(runs: Runs, server: Server) -> None:
    machine = compiled(fetch(server, cache={"ttlSeconds": 60}), RESULT)
    assert [runs.run(machine, sku="a"), runs.run(machine, sku="a"), runs.run(machine, sku="b")] == [
        {"result": 1},
        {"result": 1},
        {"result": 2},
    ]
    assert len(server.received) == 2
    assert [line.startswith("cached ") for line in runs.console] == [True]


def test_without_a_cache_every_run_calls_the_server(runs: Runs, server: Server, tmp_path: Path) -> None:
    machine = compiled(fetch(server), RESULT)
    assert [runs.run(machine, sku="a"), runs.run(machine, sku="a")] == [{"result": 1}, {"result": 2}]
    assert list(tmp_path.iterdir()) == []


def test_two_configs_with_one_key_share_the_output(runs: Runs, server: Server) -> None:
    cache: Json = {"ttlSeconds": 60, "key": "prices of ${inputs.sku}"}
    first = compiled(fetch(server, cache=cache), RESULT)
    second = compiled(fetch(server, url=server.url("/other"), cache=cache), RESULT)
    elsewhere = compiled(fetch(server, cache=cache), RESULT, workflow="another")
    assert [runs.run(machine, sku="a") for machine in (first, second, elsewhere)] == [
        {"result": 1},
        {"result": 1},
        {"result": 2},
    ]


def test_a_key_may_read_another_nodes_output(runs: Runs) -> None:
    machine = compiled(
        ("day", "set", {"fields": {"name": "${inputs.day}"}}),
        (
            "fetch",
            "code",
            {
                "source": "console.log('ran'); return {body: inputs.noise}",
                "inputs": {"noise": "${inputs.noise}"},
                "cache": {"ttlSeconds": 60, "key": "${day.output.name}"},
            },
        ),
        RESULT,
    )
    assert [runs.run(machine, day=day, noise=noise) for day, noise in (("mon", 1), ("mon", 2), ("tue", 3))] == [
        {"result": 1},
        {"result": 1},
        {"result": 3},
    ]
    assert runs.console.count("ran") == 2


def test_failures_call_the_server_again(runs: Runs, server: Server) -> None:
    server.routes["/prices"] = lambda _: Reply(404, b"gone")
    machine = compiled(
        fetch(server, cache={"ttlSeconds": 60}, onError="continue"),
        ("result", "output", {"value": "${fetch.output.error.type}"}),
    )
    assert [runs.run(machine, sku="a") for _ in range(2)] == [{"result": "Http.Status"}] * 2
    assert len(server.received) == 2
