"""What a person sees of a definition in the AWS console."""

import re
from typing import Any

import pytest

from millrace.compiler import Compilation
from tests.compiler.soundness import blocks, machines

from .drawing import Drawn, code, document, node
from .execution import compiled, states


def _all_states(compilation: Compilation) -> dict[str, Any]:
    return {
        name: state
        for machine in machines(compilation)
        for block in blocks(machine)
        for name, state in block["States"].items()
    }


def test_states_carry_the_labels_of_their_nodes() -> None:
    nodes = {
        "a": code(1, label="Fetch the order"),
        "b": node("conditional", condition="${a.output.v > 1}", label="Large order?"),
        "c": node("wait", seconds=1, label="Cool down"),
        "d": node("stop", error="E", cause="c", label="Give up"),
        "l": node("loop", items=[1, 2], label="Each line"),
        "i": code("${l.item}", "l", label="Price the line"),
    }
    found = _all_states(compiled(document(nodes, ["a > b", "b:true > c > l", "b:false > d"])))
    assert {data["data"]["label"] for data in nodes.values()} <= set(found)


def test_a_state_of_several_nodes_carries_all_their_labels() -> None:
    nodes = {
        "a": node("set", fields={"v": 1}, label="One"),
        "b": node("set", fields={"v": "${a.output.v}"}, label="Two"),
    }
    assert list(states(compiled(document(nodes, ["a > b"])))) == ["One, Two"]


def test_the_machine_says_what_the_workflow_is() -> None:
    drawn = document({"a": code(1)})
    assert (compiled(drawn).definition or {})["Comment"] == "Drawing"
    assert (compiled({**drawn, "description": "Watches prices"}).definition or {})["Comment"] == "Watches prices"


def test_states_of_the_compilers_own_say_what_they_are_about() -> None:
    nodes = {
        "a": node("http", url="https://example.com/a", onError="branch", label="Get A"),
        "b": code(2, label="Get B"),
        "x": code(3, label="Mend A"),
        "m": code(4, label="Join"),
    }
    found = states(compiled(document(nodes, ["a:error > x > m", "b > m"])))
    forks = [name for name, state in found.items() if state["Type"] == "Parallel"]
    assert forks == ["Parallel: Get A | Get B"]
    choice = {
        "a": code(1, label="A"),
        "b": code(2, label="B"),
        "c": node("conditional", condition="${inputs.n = 1}", label="One?"),
    }
    drawn = document(choice | {"z": code(3, label="Z")}, ["c:true > z", "a > z", "b > z"])
    assert all(re.search("A|B|One|Z", name) for name in _all_states(compiled(drawn)))


@pytest.mark.parametrize(
    "drawn",
    [
        code(1, notes="why"),
        node("set", fields={"v": 1}, notes="why"),
        node("set", fields={"v": "${$number(inputs.n)}"}, onError="continue", notes="why"),
        node("wait", seconds=1, notes="why"),
        node("conditional", condition="${inputs.n = 1}", notes="why"),
        node("stop", error="E", cause="c", notes="why"),
        node("approval", message="m", notes="why"),
    ],
    ids=lambda drawn: str(drawn["type"]),
)
def test_notes_become_the_comment_of_the_nodes_state(drawn: Drawn) -> None:
    assert states(compiled(document({"a": drawn})))["a"]["Comment"] == "why"


@pytest.mark.parametrize(
    "container", [node("loop", items=[1], notes="why"), node("while", condition=True, maxIterations=1, notes="why")]
)
def test_notes_become_the_comment_of_a_containers_state(container: Drawn) -> None:
    assert states(compiled(document({"a": container, "b": code(1, "a")})))["a"]["Comment"] == "why"


def test_long_notes_are_cut_so_that_they_cost_no_definition() -> None:
    comment = states(compiled(document({"a": code(1, notes="n" * 100_000)})))["a"]["Comment"]
    assert comment.startswith("nnn")
    assert len(comment) < 1_000
