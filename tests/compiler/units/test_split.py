"""Machines that pass Step Functions' limits, taken apart: what comes of them, and that they run as the whole does.

A document runs twice: as drawn, and with padding in its nodes' configs that makes its definition too large for one
machine. The functions do not look at the padding, so both runs must end alike.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import orjson
import pytest

from millrace.compiler import Compilation
from millrace.compiler.weights import MAX_DEFINITION_BYTES
from millrace.engine import Status
from tests.compiler.soundness import check_soundness, machines

from .drawing import Document, Drawn, chain, code, document, node
from .execution import RUN_ID, Broken, compiled, outputs, run

_PADDING: Final = "n" * 100_000
_PARTS: Final = 14
"""Padded nodes that no machine holds together."""


def _padded(drawn: Document) -> Document:
    padded = deepcopy(drawn)
    for each in padded["nodes"].values():
        if each["type"] == "code":
            each["data"]["inputs"]["padding"] = _PADDING
    return padded


def _row(prefix: str = "b", parent: str | None = None, count: int = _PARTS, text: str = "") -> dict[str, Drawn]:
    """Draw nodes for a chain, each of which gives what the one before it gave, and more."""
    return {
        f"{prefix}{index}": code(f"${{[{index}{f', {prefix}{index - 1}.output.v[0]' if index else ''}{text}]}}", parent)
        for index in range(count)
    }


def _nodes(row: Mapping[str, Drawn], **more: Drawn) -> dict[str, Drawn]:
    return {**row, **more}


def _row_document() -> Document:
    row = _row()
    read = "${[b13.output.v, b1.output.v, b7.output.v]}"
    return document(_nodes(row, o=node("output", value=read)), chain(*row, "o"))


def _nested_loops() -> Document:
    row = _row(parent="k", count=12, text=", k.item, k.index, l.item, l.index, pre.output.v, inputs.n, run.id")
    nodes = _nodes(
        row,
        l=node("loop", items=[3, 4]),
        pre=code("${l.item * 2}", "l"),
        k=node("loop", "l", items="${[l.item, l.item * 10]}"),
        post=code("${[k.output.results.v[0], pre.output.v]}", "l"),
        o=node("output", value="${l.output}"),
    )
    return document(nodes, ["l > o", "pre > k > post", *chain(*row)])


def _deep_conditions() -> Document:
    nodes: dict[str, Drawn] = {}
    edges: list[str] = []
    for index in range(10):
        nodes[f"c{index}"] = node("conditional", condition=f"${{inputs.n > {index}}}")
        nodes[f"t{index}"] = code(f"${{[inputs.n, {index}{f', t{index - 1}.output.v[1]' if index else ''}]}}")
        nodes[f"f{index}"] = code(f"no {index}")
        edges += [f"c{index}:true > t{index} > m", f"c{index}:false > f{index} > m"]
        if index:
            edges.append(f"t{index - 1} > c{index}")
    nodes |= {"m": node("merge"), "o": node("output", value="${[m.output, t3.output, f5.output, t9.output]}")}
    return document(nodes, [*edges, "m > o"])


def _while() -> Document:
    row = _row(parent="w", count=12, text=", w.index, vars.n")
    nodes = _nodes(
        row,
        v0=node("variable", name="n", value="${inputs.n}"),
        w=node("while", condition="${vars.n < 3}", maxIterations=9, collect="${b11.output.v}"),
        v=node("variable", "w", name="n", operation="increment"),
        o=node("output", value="${[w.output, vars.n]}"),
    )
    return document(nodes, ["v0 > w > o", *chain("v", *row)])


def _fork_join() -> Document:
    branches = {f"b{index}": code(f"${{a.output.v + {index}}}") for index in range(_PARTS)}
    nodes = _nodes(branches, a=code("${inputs.n}"), m=node("merge"), o=node("output", value="${[m.output, b3.output]}"))
    return document(nodes, [*(f"a > {each} > m" for each in branches), "m > o"])


def _error_branch() -> Document:
    row = _row()
    row["b3"]["data"] |= {"source": "fail", "onError": "branch"}
    read = "${[h.output, b3.output, b4.output, b13.output]}"
    nodes = _nodes(row, h=code("${b3.error}"), o=node("output", value=read))
    return document(nodes, [*chain(*row, "o"), "b3:error > h > b6"])


def _variables() -> Document:
    row = _row()
    nodes = _nodes(
        row,
        v=node("variable", name="x", value="${inputs.n}"),
        u=node("variable", name="x", value="${[vars.x, b9.output.v[0]]}"),
        o=node("output", value="${vars.x}"),
    )
    first, second, third = list(row)[:5], list(row)[5:10], list(row)[10:]
    return document(nodes, chain(*first, "v", *second, "u", *third, "o"))


def _switch() -> Document:
    cases = [{"equals": index, "handle": f"h{index}"} for index in range(13)]
    nodes = {f"b{index}": code(index) for index in range(13)}
    nodes |= {
        "s": node("switch", value="${inputs.n}", cases=cases),
        "d": code("other"),
        "m": node("merge", mode="first"),
    }
    ways = [f"s:h{index} > b{index} > m" for index in range(13)]
    return document({**nodes, "o": node("output")}, [*ways, "s:default > d > m > o"])


_DOCUMENTS: Final[Mapping[str, tuple[Document, tuple[int, ...]]]] = {
    "chain": (_row_document(), (1,)),
    "fork and join": (_fork_join(), (1, 7)),
    "nested loops": (_nested_loops(), (5,)),
    "deep conditions": (_deep_conditions(), (0, 1, 6, 20)),
    "while": (_while(), (0, 3)),
    "error branch": (_error_branch(), (1,)),
    "variables": (_variables(), (1,)),
    "switch": (_switch(), (1, 12, 99)),
}


def _sizes(compilation: Compilation) -> list[int]:
    return [len(orjson.dumps(machine)) for machine in machines(compilation)]


@pytest.mark.parametrize(("drawn", "inputs"), _DOCUMENTS.values(), ids=_DOCUMENTS)
def test_a_machine_taken_apart_does_what_the_whole_does(drawn: Document, inputs: tuple[int, ...]) -> None:
    whole, parts = compiled(drawn), compiled(_padded(drawn))
    assert not whole.children
    assert parts.children
    assert max(_sizes(parts)) <= MAX_DEFINITION_BYTES
    check_soundness(parts)
    for number in inputs:
        assert outputs(parts, {"n": number}) == outputs(whole, {"n": number})


def test_children_are_started_and_waited_for() -> None:
    compilation = compiled(_padded(_row_document()))
    started = [
        state for machine in machines(compilation) for state in machine["States"].values() if "Resource" in state
    ]
    children = [state for state in started if "startExecution" in state["Resource"]]
    assert {state["Resource"] for state in children} == {"arn:aws:states:::states:startExecution.sync:2"}
    names = [state["Arguments"]["StateMachineArn"].rpartition(":")[2] for state in children]
    assert sorted(names) == sorted(compilation.children)
    for state in children:
        # "Nested workflow executions", Step Functions Developer Guide: the console links the two by this member.
        assert "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID" in state["Arguments"]["Input"]


@pytest.mark.parametrize("name", ["日本語", "a/b: c?", "x" * 200, "-", "Zoë's prices"])
def test_children_have_names_that_step_functions_takes(name: str) -> None:
    children = compiled({**_padded(_row_document()), "name": name}).children
    assert children
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,80}", child) for child in children)


def test_inside_of_a_child_the_run_is_the_parents() -> None:
    row = _row()
    row["b11"] = code("${[run.id, run.startedAt, inputs, trigger]}")
    told = {"seen": "${b11.output.v}", "same": "${run.startedAt = b11.output.v[1]}"}
    drawn = _padded(document(_nodes(row, o=node("output", value=told)), chain(*row, "o")))
    found = outputs(compiled(drawn), {"n": 4})["o"]
    assert [found["seen"][0], *found["seen"][2:]] == [RUN_ID, {"n": 4}, {"type": "test"}]
    assert found["same"] is True


@pytest.mark.parametrize("value", [None, [], [1], [[1]], [[]], {}, "", "{% 1 %}", 0, False, [None], {"a": []}])
def test_every_kind_of_value_crosses_the_border_in_both_directions(value: Any) -> None:
    row = _row()
    row["b0"] = code(value)
    row["b12"] = code("${b0.output.v}")
    nodes = _nodes(row, o=node("output", value="${[b0.output, b12.output]}"))
    assert outputs(compiled(_padded(document(nodes, chain(*row, "o"))))) == {"o": [{"v": value}, {"v": value}]}


def test_a_run_fails_with_the_error_of_the_node_that_fails_inside_of_a_child() -> None:
    drawn = _row_document()
    drawn["nodes"]["b10"]["data"]["source"] = "fail"
    compilation = compiled(_padded(drawn))
    assert any("b10" in child["States"] for child in machines(compilation))
    result = run(compilation)
    assert result.status is Status.FAILED
    assert result.error == Broken.__name__
    assert "b10 fails" in (result.cause or "")


def test_a_run_stops_with_the_error_of_a_stop_inside_of_a_child() -> None:
    row = _row()
    nodes = _nodes(
        row,
        c=node("conditional", condition="${inputs.n > 1}"),
        x=node("stop", error="Too.Many", cause="n: ${inputs.n}"),
    )
    first, second = list(row)[:10], list(row)[10:]
    compilation = compiled(_padded(document(nodes, [*chain(*first, "c:true", "x"), *chain("c:false", *second)])))
    assert outputs(compilation, {"n": 1}) is not None
    result = run(compilation, {"n": 2})
    assert (result.status, result.error, result.cause) == (Status.FAILED, "Too.Many", "n: 2")


def test_a_failure_inside_of_a_child_is_the_items_error() -> None:
    row = _row(parent="l")
    row["b10"]["data"]["source"] = "fail"
    nodes = _nodes(row, l=node("loop", items=[7], onItemError="continue"), o=node("output", value="${l.output.errors}"))
    drawn = document(nodes, ["l > o", *chain(*row)])
    expected = {"o": [{"index": 0, "item": 7, "error": {"type": Broken.__name__, "message": "b10 fails"}}]}
    assert outputs(compiled(drawn)) == expected
    assert outputs(compiled(_padded(drawn))) == expected


def test_a_failure_inside_of_a_child_takes_the_error_branch_of_its_while() -> None:
    row = _row(parent="w")
    row["b10"]["data"]["source"] = "fail"
    nodes = _nodes(
        row, w=node("while", condition=True, maxIterations=2, onError="branch"), h=node("output", value="${w.error}")
    )
    drawn = document(nodes, ["w:error > h", *chain(*row)])
    expected = {"h": {"type": Broken.__name__, "message": "b10 fails"}}
    assert outputs(compiled(drawn)) == expected
    assert outputs(compiled(_padded(drawn))) == expected


def _thousands(kind: str) -> Document:
    count = 4_000
    pages = {
        f"n{index}": node("http", url=f"https://example.com/pages/{index}", headers={"Accept": "application/json"})
        for index in range(count)
    }
    match kind:
        case "chain":
            return document(pages, chain(*pages))
        case "branches":
            return document(
                pages | {"a": code(1), "m": node("merge", mode="array")}, [f"a > {each} > m" for each in pages]
            )
        case _:
            loops = {f"l{index}": node("loop", items=[1, 2]) for index in range(count // 10)}
            for index, each in enumerate(pages.values()):
                each["parentId"] = f"l{index // 10}"
            rows = [chain(*list(pages)[start : start + 10])[0] for start in range(0, count, 10)]
            return document(loops | pages, [*chain(*loops), *rows])


@pytest.mark.parametrize("kind", ["chain", "branches", "loops"])
def test_thousands_of_nodes_become_machines_each_within_the_limit(kind: str) -> None:
    compilation = compiled(_thousands(kind))
    assert compilation.children
    assert max(_sizes(compilation)) <= MAX_DEFINITION_BYTES
    mapped = {each for nodes in compilation.source_map.values() for each in nodes}
    assert len(mapped) >= 4_000


def test_thousands_of_nodes_in_children_run_to_the_end() -> None:
    row = {f"n{index}": code(f"${{n{index - 1}.output.v + 1}}" if index else 1) for index in range(2_000)}
    for each in row.values():
        each["data"]["inputs"]["padding"] = "n" * 400
    compilation = compiled(document(row | {"o": node("output", value="${n1999.output.v}")}, chain(*row, "o")))
    assert compilation.children
    assert outputs(compilation) == {"o": 2_000}


def test_a_machine_that_fits_has_no_children() -> None:
    assert not compiled(document({f"b{index}": code(_PADDING) for index in range(9)})).children


def test_native_values_with_large_texts_are_taken_apart_too() -> None:
    row = {f"b{index}": node("set", fields={"v": _PADDING}) for index in range(_PARTS)}
    compilation = compiled(document(row | {"o": node("output", value="${$length(b13.output.v)}")}, chain(*row, "o")))
    assert max(_sizes(compilation)) <= MAX_DEFINITION_BYTES
    assert outputs(compilation) == {"o": len(_PADDING)}


def test_a_chain_whose_history_would_be_too_long_is_taken_apart() -> None:
    row = {f"n{index}": code(1) for index in range(5_500)}
    compilation = compiled(document(row, chain(*row)))
    assert compilation.children
    assert run(compilation).status is Status.SUCCEEDED
