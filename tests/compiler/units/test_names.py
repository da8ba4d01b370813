"""Names of states and of variables."""

import re
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.compiler.names import MAX_STATE_NAME, StateNames, VariableNames
from millrace.expressions import FUNCTIONS, Reference, ReferenceKind

from .drawing import chain, code, document, node
from .execution import compiled, outputs, states

_labels = st.text(st.characters(exclude_categories=("Cs",)), max_size=120) | st.sampled_from(
    ("", "a", "a (2)", "x" * 99)
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(_labels, max_size=30))
def test_every_state_has_a_name_of_its_own_that_step_functions_takes(labels: list[str]) -> None:
    names = StateNames()
    taken = [names.take(label) for label in labels * 2]
    assert len(set(taken)) == len(taken)
    for name in taken:
        assert 0 < len(name) <= MAX_STATE_NAME
        assert name.isprintable()
        assert name == name.strip()


def test_a_label_that_needs_no_change_is_the_name() -> None:
    names = StateNames()
    assert names.take("Größe prüfen 🙂 (2)") == "Größe prüfen 🙂 (2)"
    assert names.take("x" * 80) == "x" * 80


def test_control_characters_and_runs_of_spaces_become_one_space() -> None:
    assert StateNames().take("  Get\x00\x07 \t the\u202e\npage  ") == "Get the page"


def test_a_label_of_nothing_is_called_state() -> None:
    names = StateNames()
    assert [names.take("\x00 \n"), names.take("")] == ["State", "State (2)"]


def test_a_long_label_is_cut_and_still_numbered() -> None:
    names = StateNames()
    assert names.take("😀" * 90) == "😀" * 79 + "…"
    assert names.take("😀" * 90) == "😀" * 75 + "… (2)"


def test_a_number_that_a_label_carries_itself_is_not_given_twice() -> None:
    names = StateNames()
    assert [names.take(text) for text in ("a (2)", "a", "a")] == ["a (2)", "a", "a (3)"]


def test_twenty_thousand_equal_labels_are_named_at_once() -> None:
    names = StateNames()
    start = perf_counter()
    taken = {names.take("Same") for _ in range(20_000)}
    assert len(taken) == 20_000
    assert perf_counter() - start < 2


def test_a_variable_is_named_after_its_node() -> None:
    names = VariableNames()
    output = Reference(ReferenceKind.OUTPUT, "fetch-page")
    assert names.take(output) == "fetch_page"
    assert names.take(Reference(ReferenceKind.ERROR, "fetch-page")) == "fetch_page_error"
    assert names.take(output) == "fetch_page_2"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,63}", fullmatch=True) | st.sampled_from(sorted(FUNCTIONS)), max_size=30
    ),
    st.sets(st.sampled_from(("a", "b", "x", "sum_2", "item")), max_size=3),
)
def test_no_variable_hides_a_function_the_context_or_a_local(ids: list[str], bound: set[str]) -> None:
    names = VariableNames(bound)
    kinds = (ReferenceKind.OUTPUT, ReferenceKind.PORT, ReferenceKind.ERROR, ReferenceKind.RESULTS)
    taken = [names.take(Reference(kind, node_id)) for node_id in ["states", *ids] for kind in kinds]
    assert len(set(taken)) == len(taken)
    assert not set(taken) & {"states", *FUNCTIONS, *bound}
    for name in taken:
        # "Variable names", Step Functions Developer Guide: letters, digits and underscores, at most 80 characters.
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,79}", name)


def test_ids_that_are_functions_or_differ_in_a_hyphen_stay_apart() -> None:
    ids = ("sum", "states", "a-b", "a_b", "a_b_2", "a-b_2", "string", "map", "error", "Sum")
    nodes = {key: code(number) for number, key in enumerate(ids)}
    read = ", ".join(f"{key}.output.v" for key in ids)
    nodes["o"] = node("output", value=f"${{[{read}, $sum([1, 2]), $string(7)]}}")
    expected = [*range(len(ids)), 3, "7"]
    assert outputs(compiled(document(nodes, [f"{key} > o" for key in ids]))) == {"o": expected}
    assert outputs(compiled(document(nodes, chain(*ids, "o")))) == {"o": expected}


def test_a_local_of_an_expression_does_not_hide_a_node() -> None:
    text = "${($a := 3; $f := function($b) { $b + b.output.v }; [$a, a.output.v, $f(10)])}"
    drawn = document({"a": code(1), "b": code(2), "o": node("output", value=text)}, ["a > o", "b > o"])
    assert outputs(compiled(drawn)) == {"o": [3, 1, 12]}


def test_a_local_of_a_timeout_does_not_hide_a_node() -> None:
    timeout = "${($a := 3; $a + a.output.v)}"
    drawn = document({"a": code(1), "t": node("subworkflow", workflowId="w", timeoutSeconds=timeout)}, ["a > t"])
    found = states(compiled(drawn))
    assert "a" not in found["a"]["Assign"]
    assert "$a_2.v" in found["t"]["TimeoutSeconds"]


@pytest.mark.parametrize("padding", ["", "n" * 100_000], ids=("branches", "children"))
def test_nodes_named_like_words_of_jsonata_stay_readable_behind_a_branch_and_in_a_child(padding: str) -> None:
    ids = (
        "true",
        "false",
        "null",
        "and",
        "or",
        "in",
        "function",
        "states",
        "input",
        "result",
        "Output",
        "values",
        "n1",
    )
    nodes = {key: code(inputs={"v": number, "padding": padding}) for number, key in enumerate(ids)}
    read = ", ".join(f"`{key}`.output.v" for key in ids)
    nodes["o"] = node("output", value=f"${{[{read}]}}")
    for edges in ([f"{key} > o" for key in ids], chain(*ids, "o")):
        compilation = compiled(document(nodes, edges))
        assert bool(compilation.children) == bool(padding)
        assert outputs(compilation) == {"o": [*range(len(ids))]}


def test_a_variable_of_a_while_may_be_named_like_a_word_of_jsonata() -> None:
    nodes = {
        "w": node("while", condition=True, maxIterations=3),
        "v": node("variable", "w", name="true", operation="increment"),
        "o": node("output", value="${vars.`true`}"),
    }
    assert outputs(compiled(document(nodes, ["w > o"]))) == {"o": 3}
