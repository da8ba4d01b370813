"""Step Functions' limits: what is refused, and what is mended with a warning."""

import pytest

from millrace.compiler import Compilation, CompileContext, compile_document
from millrace.model import Code, NodeId, Severity

from .drawing import Drawn, chain, code, document, node
from .execution import compiled, states


def _found(compilation: Compilation) -> list[tuple[Code, Severity, str | None]]:
    return [(found.code, found.severity, found.node) for found in compilation.diagnostics]


_REFUSED = [(Code.EXPRESS_UNSUPPORTED, Severity.ERROR, NodeId("a"))]


@pytest.mark.parametrize(
    "drawn",
    [
        node("wait", seconds=300),
        node("wait", seconds=300, onError="continue"),
        node("approval", message="m"),
        node("user-input", message="m", schema={}),
        node("subworkflow", workflowId="w"),
    ],
    ids=("wait", "wait that is caught", "approval", "user-input", "subworkflow"),
)
def test_express_refuses_what_takes_long_or_waits_for_others(drawn: Drawn) -> None:
    compilation = compile_document(document({"a": drawn}, execution="express"))
    assert _found(compilation) == _REFUSED
    assert not compilation.ok
    assert "`standard`" in compilation.diagnostics[0].remedy
    assert compiled(document({"a": drawn})).type == "STANDARD"


def test_express_refuses_it_inside_of_containers_too() -> None:
    nodes = {
        "w": node("while", condition=True),
        "l": node("loop", "w", items=[1]),
        "a": node("approval", "l", message="m"),
    }
    assert _found(compile_document(document(nodes, execution="express"))) == _REFUSED


@pytest.mark.parametrize(
    "drawn",
    [
        node("wait", seconds=299),
        node("subworkflow", workflowId="w", wait=False),
        node("approval", message="m", disabled=True),
        node("approval", message="m", pinned={"decision": "approved"}),
        node("http", url="https://example.com"),
    ],
    ids=("short wait", "start without waiting", "disabled", "pinned", "http"),
)
def test_express_takes_what_ends_soon(drawn: Drawn) -> None:
    assert compiled(document({"a": drawn}, execution="express")).type == "EXPRESS"


def test_every_node_that_express_cannot_run_is_named() -> None:
    nodes = {
        "a": node("approval", message="m"),
        "b": node("wait", seconds=900),
        "c": node("subworkflow", workflowId="w"),
    }
    compilation = compile_document(document(nodes, chain("a:approved", "b", "c"), execution="express"))
    assert [found.node for found in compilation.diagnostics] == ["a", "b", "c"]


@pytest.mark.parametrize(("seconds", "ok"), [(300, True), (301, False)])
def test_express_ends_after_five_minutes(seconds: int, ok: bool) -> None:
    compilation = compile_document(document({"a": code(1)}, execution="express", timeoutSeconds=seconds))
    assert compilation.ok == ok
    assert [found.field for found in compilation.diagnostics] == ([] if ok else ["settings.timeoutSeconds"])
    assert compiled(document({"a": code(1)}, timeoutSeconds=seconds)).ok


@pytest.mark.parametrize(("concurrency", "at_once", "warns"), [(40, 40, False), (41, 40, True), (1000, 40, True)])
def test_a_loop_runs_no_more_items_at_once_than_an_inline_map(concurrency: int, at_once: int, warns: bool) -> None:
    nodes = {"l": node("loop", items="${inputs.items}", concurrency=concurrency), "b": code("${l.item}", "l")}
    compilation = compiled(document(nodes))
    assert states(compilation)["l"]["MaxConcurrency"] == at_once
    assert _found(compilation) == ([(Code.LIMIT_EXCEEDED, Severity.WARNING, "l")] if warns else [])


def test_a_loops_concurrency_that_the_run_decides_is_held_by_the_machine() -> None:
    nodes = {"l": node("loop", items=[1], concurrency="${inputs.n}"), "b": code("${l.item}", "l")}
    assert "$min([40," in states(compiled(document(nodes)))["l"]["MaxConcurrency"]


_LARGE = "n" * 270_000


@pytest.mark.parametrize(
    "drawn",
    [
        node("echo", value=_LARGE),
        node("set", fields={"a": _LARGE[:140_000], "b": _LARGE[:140_000]}),
        node("echo", value="😀" * 66_000),
        code(_LARGE),
        node("echo", value=1, pinned=_LARGE),
    ],
    ids=("value", "fields together", "bytes, not characters", "arguments", "pin"),
)
def test_a_config_larger_than_a_state_may_hold_is_refused(drawn: Drawn) -> None:
    assert _found(compile_document(document({"a": drawn}))) == [(Code.LIMIT_EXCEEDED, Severity.ERROR, "a")]


def test_a_config_just_below_what_a_state_may_hold_is_taken() -> None:
    assert compiled(document({"a": code(_LARGE[:250_000])})).ok


def test_an_earlier_output_larger_than_a_state_may_hold_is_refused() -> None:
    context = CompileContext(pins={NodeId("a"): _LARGE})
    assert _found(compile_document(document({"a": code(1)}), context)) == [(Code.INVALID_PIN, Severity.ERROR, "a")]


def test_an_express_machine_that_is_too_large_is_refused_as_it_can_have_no_children() -> None:
    nodes = {f"b{index}": code(_LARGE[:100_000]) for index in range(12)}
    compilation = compile_document(document(nodes, chain(*nodes), execution="express"))
    assert _found(compilation) == [(Code.LIMIT_EXCEEDED, Severity.ERROR, None)]
    assert not compilation.children
    assert "1,048,576" in compilation.diagnostics[0].message
