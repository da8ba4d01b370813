"""JSONata as Step Functions has it: values, undefined, errors, its own functions, what is handed over."""

import math
import random
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.engine.errors import EvaluationError
from millrace.engine.expressions import Expression, Mention, Scope, mentions

from .simulation import jsonata, simulate

NOW = 1_700_000_000.25


def scope(*variables: dict[str, Any], **states: Any) -> Scope:
    return Scope(variables, states, lambda: {"State": {"Name": "S"}}, NOW, random.Random(1))


def evaluate(text: str, *variables: dict[str, Any], **states: Any) -> Any:
    return Expression(text, "Output").evaluate(scope(*variables, **states))


def message(text: str, *variables: dict[str, Any], **states: Any) -> str:
    with pytest.raises(EvaluationError) as raised:
        evaluate(text, *variables, **states)
    return raised.value.message.removeprefix(f"The JSONata expression '{text}' specified for the field 'Output' ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$states.input.a", 1),
        ("$states.input.b.c[0]", 2),
        ("$states.context.State.Name", "S"),
        ("$states.input", {"a": 1, "b": {"c": [2, 3]}, "n": None}),
        ("$keys($states)", ["input", "context"]),
        ("$x", "inner"),
        ("$y", "outer"),
        ("$states.input.n", None),
        ("$nothing ? 1 : 2", 2),
        ("$x := 5", 5),
        ("/* $z */ 1", 1),
    ],
)
def test_expressions_see_states_and_variables(text: str, value: Any) -> None:
    seen = {"a": 1, "b": {"c": [2, 3]}, "n": None}
    assert evaluate(text, {"x": "inner"}, {"x": "hidden", "y": "outer"}, input=seen) == value


def test_undefined_is_an_error_and_null_is_not() -> None:
    assert message("$states.input.missing", input={}) == "returned nothing (undefined)."
    assert evaluate("$states.input.empty", input={"empty": None}) is None


@pytest.mark.parametrize("text", ["1/0", "-1/0", "[1, 1/0]", "{'a': 1e308 * 10}"])
def test_numbers_that_json_has_not_are_errors(text: str) -> None:
    assert message(text).startswith("threw an error during evaluation. D1001: Number out of range: ")


@pytest.mark.parametrize("text", ["$sum", "function($x){$x}", "{'f': function(){1}}", "[1, function(){1}]"])
def test_functions_are_no_results(text: str) -> None:
    assert message(text).startswith("returned an unexpected result type. Expected 'JSON', but was 'function'")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 + 'a'", "T2002: The right side of the + operator must evaluate to a number"),
        ("$nope()", "T1006: Attempted to invoke a non-function"),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("$error('boom')", "D3137: boom"),
        ("$parse('{')", "D3120: Syntax error in the JSON text"),
        ("$parse(1)", 'T0410: Argument 1 of function "parse" does not match function signature'),
        ("$hash('x', 'CRC')", 'T0410: Argument 2 of function "hash" does not match function signature'),
        ("$range(0, 1, 0)", 'D3130: The step of function "range" must not be 0'),
        ("$range(0, 1e9, 1)", "D2014: "),
        ("$partition([1], 0)", 'T0410: Argument 2 of function "partition" does not match function signature'),
    ],
)
def test_errors_carry_their_code(text: str, error: str) -> None:
    assert message(text).startswith(f"threw an error during evaluation. {error}")


def test_endless_expressions_end() -> None:
    assert "threw an error" in message("($f := function($n){ $f($n + 1) + 1 }; $f(1))")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$map(['1', '2'], $parse)", [1, 2]),
        ("$partition([1, 2, 3, 4], 3)", [[1, 2, 3], [4]]),
        ("$range(0, 6, 2)", [0, 2, 4, 6]),
        ("$range(6, 0, -3)", [6, 3, 0]),
        ("$range(1, 9, 9)", 1),
        ("$hash('input', 'SHA-1')", "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
        ("$hash({'a': 1}, 'MD5')", "bb6cb5c68df4652941caf652a366f2d8"),
        ("$random(42)", 0.7275636800328681),
        ("$now()", "2023-11-14T22:13:20.250Z"),
        ("$now('[Y0001]')", "2023"),
        ("$millis()", 1_700_000_000_250),
        ("$sum([9007199254740993])", 9007199254740992),
    ],
)
def test_functions_give_what_aws_gives(text: str, value: Any) -> None:
    assert evaluate(text) == value


def test_random_values_come_from_the_scopes_source() -> None:
    assert evaluate("$random()") == random.Random(1).random()
    assert len(evaluate("$uuid()")) == 36


def test_integers_beyond_sixty_four_bits_become_doubles() -> None:
    assert evaluate("$x + 1", {"x": 2**70}) == float(2**70)


@pytest.mark.parametrize(
    ("text", "names", "states"),
    [
        ("1 + 1", (), None),
        ("$x", (Mention("x", ()),), None),
        ("$x.a + $x.b", (Mention("x", ("a", "b")),), None),
        ("$x.a + $x", (Mention("x", ()),), None),
        ("$x[0].a", (Mention("x", ()),), None),
        ("$states.input.a.b", (), (Mention("input", ("a",)),)),
        ("$states.input.a & $states.result", (), (Mention("input", ("a",)), Mention("result", ()))),
        ("$states.input.*", (), (Mention("input", ()),)),
        ("$states", (), ()),
        ("$states.input.a.%", (), ()),
    ],
)
def test_only_what_an_expression_mentions_is_handed_over(text: str, names: Any, states: Any) -> None:
    assert mentions(text) == (names, states)


@pytest.mark.parametrize("field", ["Output", "Assign"])
def test_value_nested_too_deeply_for_json_fails_the_state(field: str) -> None:
    deep = "{% $reduce([1..300], function($inner, $_) { {'a': $inner} }, null) %}"
    run = simulate(jsonata({"A": {"Type": "Pass", field: {"x": deep}, "End": True}}))
    assert run.error == "States.Runtime"
    assert "expected a value of JSON's types" in (run.cause or "")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_values_pass_through_unchanged(value: Any) -> None:
    assert evaluate("$states.input", input=value) == value
    assert evaluate("$x", {"x": value}) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_pass_through_unchanged(value: float) -> None:
    assert math.isclose(evaluate("$x", {"x": value}), value, rel_tol=1e-15)


def test_an_expression_may_be_forgotten_in_another_thread() -> None:
    kept = [Expression("$x + 1", "Output")]
    thread = threading.Thread(target=kept.clear)
    thread.start()
    thread.join()
    # The next one in this thread drops what the first one compiled; on the wrong thread that is an unraisable error.
    Expression("$x", "Output")
