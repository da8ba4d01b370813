"""Which nodes share states."""

from collections import Counter
from typing import Any, Final

import orjson
import pytest

from millrace.compiler import Compilation
from tests.compiler.soundness import blocks, machines

from .drawing import Document, Drawn, chain, code, document, node
from .execution import compiled, entered, outputs, run, states


def _set(value: Any = 1, parent: str | None = None, /, **data: Any) -> Drawn:
    return node("set", parent, fields={"v": value}, **data)


def _kinds(compilation: Compilation) -> Counter[str]:
    """Count the states of all machines by type."""
    return Counter(
        state["Type"]
        for machine in machines(compilation)
        for block in blocks(machine)
        for state in block["States"].values()
    )


def _home(compilation: Compilation, node_id: str) -> str:
    """Give the type of the one state that stands for a node."""
    found = [state for state, nodes in compilation.source_map.items() if node_id in nodes]
    assert len(found) == 1
    every = {
        name: state
        for machine in machines(compilation)
        for block in blocks(machine)
        for name, state in block["States"].items()
    }
    return every[found[0]]["Type"]


def _text(compilation: Compilation) -> str:
    return orjson.dumps([compilation.definition, dict(compilation.children)]).decode()


def _increments(count: int) -> Document:
    row = {f"s{index}": _set(f"${{s{index - 1}.output.v + 1}}" if index else 1) for index in range(count)}
    return document(row | {"o": node("output", value=f"${{s{count - 1}.output.v}}")}, chain(*row, "o"))


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_a_short_chain_of_native_nodes_is_one_state(count: int) -> None:
    assert _kinds(compiled(_increments(count))) == {"Pass": 1}


@pytest.mark.parametrize("count", [20, 50, 200, 800])
def test_a_long_chain_of_native_nodes_has_a_state_for_about_nine_of_them(count: int) -> None:
    compilation = compiled(_increments(count))
    assert count // 12 <= len(compilation.source_map) <= count // 8 + 2
    assert len(entered(compilation)) == len(compilation.source_map)
    assert outputs(compilation) == {"o": count}
    assert len(_text(compilation)) < 1_000 * count


def test_values_that_read_each_other_do_not_grow_without_bounds() -> None:
    row = {
        f"s{index}": _set(f"${{[s{index - 1}.output.v, s{index - 1}.output.v]}}" if index else 1) for index in range(60)
    }
    assert len(_text(compiled(document(row, chain(*row))))) < 60 * 1_000


def test_independent_native_nodes_share_one_state() -> None:
    assert _kinds(compiled(document({f"a{index}": _set(index) for index in range(6)}))) == {"Pass": 1}


def test_values_with_large_texts_have_states_of_their_own() -> None:
    row = {f"b{index}": _set("x" * 100_000) for index in range(4)}
    drawn = document(row | {"o": node("output", value="${$length(b3.output.v)}")}, chain(*row, "o"))
    assert outputs(compiled(drawn)) == {"o": 100_000}


_HEADS: Final[dict[str, tuple[dict[str, Drawn], str]]] = {
    "Task": ({"h": code(1)}, "${h.output.v}"),
    "Wait": ({"h": node("wait", seconds=1)}, "${inputs.n}"),
    "Map": ({"h": node("loop", items=[1, 2]), "i": code("${h.item}", "h")}, "${h.output.results}"),
    "Parallel": (
        {"h": node("while", condition=True, maxIterations=2), "i": code(1, "h")},
        "${h.output.iterations}",
    ),
    "Choice": ({"h": node("conditional", condition="${inputs.n = 1}")}, "${inputs.n}"),
}


@pytest.mark.parametrize("kind", _HEADS)
def test_a_value_that_cannot_fail_is_assigned_by_the_state_before(kind: str) -> None:
    nodes, value = _HEADS[kind]
    ways = ["h:true > a", "h:false > a"] if kind == "Choice" else ["h > a"]
    drawn = document(nodes | {"a": _set(value), "z": code("${a.output.v}")}, [*ways, "a > z"])
    compilation = compiled(drawn)
    assert _home(compilation, "a") == kind
    assert entered(compilation, {"n": 1})[-1] == "z"


@pytest.mark.parametrize("kind", _HEADS)
@pytest.mark.parametrize(
    "text", ["$number(inputs.n)", "$error('no')", "$parse(inputs.n)", "inputs.n + 1", "$uppercase(inputs.n)"]
)
def test_a_value_that_may_fail_has_a_state_of_its_own(kind: str, text: str) -> None:
    nodes, _ = _HEADS[kind]
    ways = ["h:true > a", "h:false > a"] if kind == "Choice" else ["h > a"]
    assert _home(compiled(document(nodes | {"a": _set(f"${{{text}}}")}, ways)), "a") == "Pass"


def test_a_failing_value_is_the_failure_of_its_own_node_and_runs_no_task_again() -> None:
    nodes = {"t": code(1, retry={"maxAttempts": 3}), "a": _set("${$error('no')}")}
    result = run(compiled(document(nodes, ["t > a"])))
    tasks = [event for event in result.history if event.type == "TaskScheduled"]
    assert len(tasks) == 1
    assert [event.state for event in result.history if event.type.endswith("StateEntered")] == ["t", "a"]


def test_what_differs_each_time_is_written_once_and_read_by_all() -> None:
    told = {"first": "${a.output.v}", "second": "${b.output.v}", "third": "${a.output.v}"}
    nodes = {"a": _set("${$uuid()}"), "b": _set("${a.output.v}"), "o": node("output", value=told)}
    compilation = compiled(document(nodes, ["a > b > o"]))
    assert _text(compilation).count("$uuid()") == 1
    assert len(set(outputs(compilation)["o"].values())) == 1


@pytest.mark.parametrize("text", ["$uuid()", "$random()", "$now()", "$millis()"])
def test_what_differs_each_time_is_not_computed_again_where_its_state_ends_the_run(text: str) -> None:
    nodes = {"t": code(1), "a": _set(f"${{{text}}}"), "o": node("output", value="${a.output}")}
    assert _text(compiled(document(nodes, ["t > a > o"]))).count(text) == 1


def test_what_differs_each_time_is_not_computed_again_where_an_item_or_a_branch_ends() -> None:
    nodes = {"l": node("loop", items=[1, 2]), "a": _set("${$uuid()}", "l"), "o": node("output", value="${l.output}")}
    assert _text(compiled(document(nodes, ["l > o"]))).count("$uuid()") == 1
    branches = {"t": code(1), "a": _set("${$uuid()}"), "u": code(2), "o": node("output", value="${a.output}")}
    assert _text(compiled(document(branches, ["t > a > o", "u > o"]))).count("$uuid()") == 1


_COSTLY: Final[dict[str, Drawn]] = {
    "dedupe": node("dedupe", items="${t.output.v}"),
    "sort": node("sort", items="${t.output.v}"),
    "function": _set("${$map(t.output.v, function($each) { $each + 1 })}"),
}


@pytest.mark.parametrize("kind", _COSTLY)
def test_what_walks_through_a_list_is_computed_once_however_often_it_is_read(kind: str) -> None:
    alone = compiled(document({"t": code([3, 1]), "a": _COSTLY[kind]}, ["t > a"]))
    readers = {f"r{index}": _set("${a.output}") for index in range(3)}
    nodes = {"t": code([3, 1]), "a": _COSTLY[kind], "o": node("output", value="${a.output}"), **readers}
    read = compiled(document(nodes, ["t > a > o", *(f"a > {each}" for each in readers)]))
    assert _text(read).count("function") == _text(alone).count("function")


_NATIVE_BESIDE: Final[dict[str, tuple[dict[str, Drawn], list[str]]]] = {
    "before a task": ({"x": _set(1), "a": code("${x.output.v}"), "b": code(2)}, ["x > a"]),
    "behind a task": ({"a": code(1), "x": _set("${a.output.v}"), "b": code(2)}, ["a > x"]),
    "beside tasks": ({"a": code(1), "b": code(2), "x": _set(1), "y": _set("${x.output.v}")}, ["x > y"]),
    "joining tasks": ({"a": code(1), "b": code(2), "x": node("merge")}, ["a > x", "b > x"]),
    "deciding beside tasks": ({"a": code(1), "b": code(2), "x": node("conditional", condition="${inputs.n = 1}")}, []),
    "diamond": (
        {
            "a": code(1),
            "b": code(2),
            "x": _set(1),
            "y": _set("${x.output}"),
            "z": _set("${x.output}"),
            "w": node("merge"),
        },
        ["x > y > w", "x > z > w"],
    ),
}


@pytest.mark.parametrize(("nodes", "edges"), _NATIVE_BESIDE.values(), ids=_NATIVE_BESIDE)
def test_native_nodes_add_no_branch(nodes: dict[str, Drawn], edges: list[str]) -> None:
    compilation = compiled(document(nodes, edges))
    assert _kinds(compilation)["Parallel"] == 1
    forks = [state for state in states(compilation).values() if state["Type"] == "Parallel"]
    assert [len(fork["Branches"]) for fork in forks] == [2]


def test_native_nodes_alone_add_no_parallel() -> None:
    nodes = {f"a{index}": _set(index) for index in range(8)} | {
        "m": node("merge"),
        "v": node("variable", name="x", value=1),
    }
    assert not _kinds(compiled(document(nodes, [f"a{index} > m > v" for index in range(8)])))["Parallel"]


def test_a_native_node_that_is_expected_to_take_time_runs_beside_others() -> None:
    drawn = document({"a": _set("${$number(inputs.n)}"), "b": code(2)}, expectedSeconds={"a": 2, "b": 2})
    assert _kinds(compiled(drawn))["Parallel"] == 1


def _ladder(count: int) -> Document:
    """Draw conditions, each tried when the one before it did not hold, all of whose ways join."""
    nodes: dict[str, Drawn] = {
        f"c{index}": node("conditional", condition=f"${{inputs.n = {index}}}") for index in range(count)
    }
    nodes |= {f"t{index}": code(index) for index in range(count + 1)} | {"z": code(9)}
    ways = [f"c{index}:true > t{index} > z" for index in range(count)]
    return document(
        nodes, [*ways, *chain(*(f"c{index}:false" for index in range(count)), f"t{count}"), f"t{count} > z"]
    )


def test_if_and_else_are_a_choice_and_their_two_states() -> None:
    nodes = {"c": node("conditional", condition="${inputs.n = 1}"), "t": code(1), "f": code(2)}
    compilation = compiled(document(nodes, ["c:true > t", "c:false > f"]))
    assert _kinds(compilation) == {"Choice": 1, "Task": 2}
    assert {entered(compilation, {"n": 1})[-1], entered(compilation, {"n": 2})[-1]} == {"t", "f"}


def test_if_without_else_goes_on_behind_the_join() -> None:
    nodes = {"c": node("conditional", condition="${inputs.n = 1}"), "t": code(1), "z": code(2)}
    compilation = compiled(document(nodes, ["c:true > t > z", "c:false > z"]))
    assert _kinds(compilation) == {"Choice": 1, "Task": 2}
    assert entered(compilation, {"n": 2}) == ["c", "z"]


@pytest.mark.parametrize("count", [2, 5, 12])
def test_a_ladder_of_conditions_has_one_choice_each(count: int) -> None:
    compilation = compiled(_ladder(count))
    assert _kinds(compilation) == {"Choice": count, "Task": count + 2}
    for number in range(count):
        way = [*(f"c{index}" for index in range(number + 1)), f"t{number}", "z"]
        assert entered(compilation, {"n": number}) == way


def test_ports_that_lead_to_the_same_node_share_its_state() -> None:
    cases = [{"equals": index, "handle": f"h{index}"} for index in range(6)]
    nodes = {"s": node("switch", value="${inputs.n}", cases=cases), "a": code(1), "b": code(2), "z": code(3)}
    ways = [f"s:h{index} > {'a' if index < 3 else 'b'}" for index in range(6)]
    compilation = compiled(document(nodes, [*ways, "s:default > z", "a > z", "b > z"]))
    assert _kinds(compilation) == {"Choice": 1, "Task": 3}
    assert [entered(compilation, {"n": number}) for number in (0, 5, 9)] == [
        ["s", "a", "z"],
        ["s", "b", "z"],
        ["s", "z"],
    ]


def test_an_error_branch_needs_no_choice() -> None:
    nodes = {"a": code(1, onError="branch"), "b": code(2), "h": code(3)}
    assert _kinds(compiled(document(nodes, ["a > b", "a:error > h"]))) == {"Task": 3}


def test_an_approval_has_one_choice_for_its_ways() -> None:
    nodes = {"p": node("approval", message="m"), "y": code(1), "n": code(2), "t": code(3)}
    drawn = document(nodes, ["p:approved > y", "p:rejected > n", "p:timeout > t"])
    found = _kinds(compiled(drawn))
    assert (found["Task"], found["Choice"], found["Parallel"]) == (4, 1, 0)


def test_the_body_of_a_loop_takes_its_item_without_a_state_for_it() -> None:
    one = document({"l": node("loop", items=[1, 2]), "a": code("${l.item}", "l")})
    assert _kinds(compiled(one)) == {"Map": 1, "Task": 1}
    native = {"l": node("loop", items=[1, 2]), "a": _set("${l.item}", "l"), "b": _set("${a.output.v}", "l")}
    assert _kinds(compiled(document(native, ["a > b"]))) == {"Map": 1, "Pass": 1}


def test_a_costly_value_that_nothing_reads_needs_no_state_behind_it() -> None:
    for drawn in (node("sort", items="${inputs.rows}", by=["v"]), _set("${$uuid()}")):
        assert _kinds(compiled(document({"a": drawn}))) == {"Pass": 1}


@pytest.mark.parametrize("drawn", [_set(1, disabled=True), code(1, disabled=True), code(1, pinned=2)])
def test_a_node_that_has_nothing_to_do_takes_no_branch_whatever_time_it_is_said_to_take(drawn: Drawn) -> None:
    nodes = {"t": code(0), "a": code(1), "b": drawn}
    compilation = compiled(document(nodes, ["t > a", "t > b"], expectedSeconds={"a": 1, "b": 2}))
    assert _kinds(compilation) == {"Task": 2}
