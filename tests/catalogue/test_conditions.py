import json
from collections.abc import Mapping
from typing import Any

import jsonatapy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from millrace.catalogue.conditions import Condition, lower_condition
from millrace.expressions import Comparison
from millrace.model import Code, Json, JsonType

from .nodes import FakeScope, Report

MISSING = object()
CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)


def decide(condition: object, inputs: Mapping[str, Json]) -> Json:
    scope = FakeScope()
    test = lower_condition(CONDITION.validate_python(condition), scope, "condition")
    assert scope.reports == []
    assert test.type is JsonType.BOOLEAN
    assert not test.optional
    text = test.render(lambda reference: f"$inputs.`{reference.name}`" if reference.name else "$inputs")
    result = jsonatapy.compile(f"({text})").evaluate_json_or_none(None, {"inputs": dict(inputs)})
    return "no value at all" if result is None else json.loads(result)


def reports(condition: object) -> list[Report]:
    scope = FakeScope()
    lower_condition(CONDITION.validate_python(condition), scope, "condition")
    return scope.reports


A, Z = "2026-01-31", "2026-02-01T00:00:00+02:00"
TABLE: list[tuple[Any, str, Any, str | None, bool]] = [
    # equals, and with null
    (1, "equals", 1, None, True),
    (1, "equals", 2, None, False),
    (1, "equals", "1", None, False),
    ("x", "equals", "x", None, True),
    ([1, [2]], "equals", [1, [2]], None, True),
    ([1, 2], "equals", [2, 1], None, False),
    ([1], "equals", 1, None, False),
    ({"a": [1]}, "equals", {"a": [1]}, None, True),
    (None, "equals", None, None, True),
    (MISSING, "equals", None, None, True),
    (0, "equals", None, None, False),
    ("", "equals", None, None, False),
    (None, "equals", 1, None, False),
    (MISSING, "equals", 1, None, False),
    (MISSING, "equals", "", None, False),
    (1, "equals", "1", "text", True),
    (True, "equals", "true", "text", True),
    ("1.0", "equals", 1, "number", True),
    (" 7 ", "equals", "7", "number", True),
    ("x", "equals", 1, "number", False),
    ("true", "equals", True, "boolean", True),
    (1, "equals", True, "boolean", False),
    (A, "equals", "2026-01-31T00:00:00Z", "date", True),
    (Z, "equals", "2026-01-31T22:00:00.000Z", "date", True),
    ("2026-02-30", "equals", A, "date", False),
    (1, "equals", [1], "list", True),
    (None, "equals", None, "number", True),
    (MISSING, "equals", None, "text", True),
    (MISSING, "equals", 1, "number", False),
    # notEquals
    (1, "notEquals", 2, None, True),
    (1, "notEquals", 1, None, False),
    (None, "notEquals", 1, None, True),
    (MISSING, "notEquals", 1, None, True),
    (MISSING, "notEquals", None, None, False),
    ("x", "notEquals", 1, "number", True),
    # order
    (2, "greater", 1, None, True),
    (1, "greater", 1, None, False),
    ("b", "greater", "a", None, True),
    ("10", "greater", 9, None, False),
    (10, "greater", "9", None, False),
    (True, "greater", 0, None, False),
    ([2], "greater", 1, None, False),
    (None, "greater", 1, None, False),
    (MISSING, "greater", 1, None, False),
    (MISSING, "greater", "a", None, False),
    ("10", "greater", 9, "number", True),
    ("10", "greater", "9", "text", False),
    (10, "greater", 9, "text", False),
    ("ten", "greater", 9, "number", False),
    ("1e400", "greater", 9, "number", False),
    ("", "greater", 9, "number", False),
    (None, "greater", -1, "number", False),
    (Z, "greater", A, "date", True),
    ("soon", "greater", A, "date", False),
    ("2023-02-29", "less", A, "date", False),
    ("2024-02-29", "less", A, "date", True),
    ("1900-02-29", "less", A, "date", False),
    ("2000-02-29T23:59:59.123456", "less", A, "date", True),
    ("2026-13-01", "greater", A, "date", False),
    (1, "greaterOrEqual", 1, None, True),
    (0, "greaterOrEqual", 1, None, False),
    (MISSING, "greaterOrEqual", 1, None, False),
    (0, "less", 1, None, True),
    (1, "less", 1, None, False),
    (None, "less", 1, None, False),
    (MISSING, "less", 1, None, False),
    (1, "lessOrEqual", 1, None, True),
    (2, "lessOrEqual", 1, None, False),
    (MISSING, "lessOrEqual", "a", "text", False),
    # between
    (1, "between", [1, 3], None, True),
    (3, "between", [1, 3], None, True),
    (4, "between", [1, 3], None, False),
    ("b", "between", ["a", "c"], None, True),
    ("2", "between", [1, 3], None, False),
    ("2", "between", [1, "3"], "number", True),
    ("2026-01-31T12:00:00Z", "between", [A, Z], "date", True),
    (None, "between", [1, 3], None, False),
    (MISSING, "between", [1, 3], None, False),
    (MISSING, "between", [1, 3], "number", False),
    # contains
    ("text", "contains", "ex", None, True),
    ("text", "contains", "x$", None, False),
    ("text", "contains", "", None, True),
    ("12", "contains", 1, None, False),
    (["a", "b"], "contains", "b", None, True),
    (["ab"], "contains", "b", None, False),
    ([1, [2]], "contains", [2], None, True),
    ([{"a": 1}], "contains", {"a": 1}, None, True),
    ([], "contains", 1, None, False),
    ([None], "contains", None, None, True),
    ({"key": 1}, "contains", "key", None, True),
    ({"key": 1}, "contains", "value", None, False),
    ({}, "contains", "key", None, False),
    (5, "contains", 5, None, False),
    (None, "contains", "x", None, False),
    (MISSING, "contains", "x", None, False),
    (MISSING, "contains", 1, None, False),
    (125, "contains", 2, "text", True),
    (None, "contains", "u", "text", False),
    (MISSING, "contains", "u", "text", False),
    ("x", "contains", "x", "list", True),
    ("xy", "contains", "x", "list", False),
    (None, "contains", "x", "list", False),
    ("text", "notContains", "ex", None, False),
    ("text", "notContains", "z", None, True),
    (MISSING, "notContains", "z", None, True),
    # startsWith, endsWith, matches
    ("text", "startsWith", "te", None, True),
    ("text", "startsWith", "ex", None, False),
    ("t", "startsWith", "te", None, False),
    ("\U0001f600b", "startsWith", "\U0001f600", None, True),
    ("text", "startsWith", "", None, True),
    (12, "startsWith", "1", None, False),
    (12, "startsWith", 1, "text", True),
    (None, "startsWith", "x", None, False),
    (MISSING, "startsWith", "x", None, False),
    (MISSING, "startsWith", "x", "text", False),
    ("text", "endsWith", "xt", None, True),
    ("text", "endsWith", "te", None, False),
    ("t", "endsWith", "xt", None, False),
    ("text", "endsWith", "", None, True),
    (MISSING, "endsWith", "x", None, False),
    ("order-12", "matches", "^order-[0-9]+$", None, True),
    ("an order-12", "matches", "^order-[0-9]+$", None, False),
    ("a/b (c) {d} \\", "matches", "^a/b [(]c\\) \\{d} \\\\$", None, True),
    ("aa", "matches", "a{2}", None, True),
    (12, "matches", "12", None, False),
    (12, "matches", "12", "text", True),
    (None, "matches", "null", None, False),
    (MISSING, "matches", ".*", None, False),
    # exists, empty
    (0, "exists", None, None, True),
    ("", "exists", None, None, True),
    (None, "exists", None, None, False),
    (MISSING, "exists", None, None, False),
    (None, "notExists", None, None, True),
    (MISSING, "notExists", None, None, True),
    (False, "notExists", None, None, False),
    ("", "empty", None, None, True),
    ([], "empty", None, None, True),
    ({}, "empty", None, None, True),
    (None, "empty", None, None, True),
    (MISSING, "empty", None, None, True),
    (0, "empty", None, None, False),
    (False, "empty", None, None, False),
    ([None], "empty", None, None, False),
    (" ", "notEmpty", None, None, True),
    (MISSING, "notEmpty", None, None, False),
    # in
    ("a", "in", ["a", "b"], None, True),
    ("c", "in", ["a", "b"], None, False),
    (1, "in", ["1"], None, False),
    (1, "in", ["1"], "number", True),
    ("1", "in", [1, 2], "text", True),
    ([1], "in", [[1], 2], None, True),
    ({"a": 1}, "in", [{"a": 1}], None, True),
    (A, "in", ["2026-01-31T00:00:00Z"], "date", True),
    ("x", "in", [], None, False),
    (None, "in", ["a"], None, False),
    (None, "in", ["a", None], None, True),
    (MISSING, "in", ["a", None], None, True),
    (MISSING, "in", ["a"], None, False),
    (MISSING, "in", [1], "number", False),
    ("a", "notIn", ["a"], None, False),
    (MISSING, "notIn", ["a"], None, True),
]


@pytest.mark.parametrize(("left", "operator", "right", "as_", "expected"), TABLE)
@pytest.mark.parametrize("place", ["input", "field"])
@pytest.mark.parametrize("given_right", ["literal", "reference"])
def test_rule_holds_as_its_truth_table_says(
    left: Any, operator: str, right: Any, as_: str | None, expected: bool, place: str, given_right: str
) -> None:
    inputs: dict[str, Any] = {"right": right}
    inputs |= {"left": None, "deep": {}} if left is MISSING else {"left": left, "deep": {"left": left}}
    rule = {"left": "${inputs.left}" if place == "input" else "${inputs.deep.left}", "operator": operator, "type": as_}
    if right is not None or operator in {"equals", "notEquals", "contains"}:
        by_reference = given_right == "reference" and operator != "matches"
        rule["right"] = "${inputs.right}" if by_reference else right
    assert decide(rule, inputs) is expected


def test_every_operator_is_in_the_truth_table_both_ways() -> None:
    assert {(operator, expected) for _, operator, _, _, expected in TABLE} == {
        (operator.value, expected) for operator in Comparison for expected in (True, False)
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "1", "2026-01-31", "2023-02-29", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(
    left=json_values,
    right=json_values,
    missing=st.booleans(),
    operator=st.sampled_from([operator for operator in Comparison if operator is not Comparison.MATCHES]),
    as_=st.sampled_from(["text", "number", "boolean", "date", "list", None]),
)
def test_rule_over_any_values_is_true_or_false(
    left: Json, right: Json, missing: bool, operator: Comparison, as_: str | None
) -> None:
    rule = {"left": "${inputs.x.left}", "operator": operator, "right": "${inputs.right}", "type": as_}
    if reports(rule):
        return
    assert decide(rule, {"right": right, "x": {} if missing else {"left": left}}) in (True, False)


@pytest.mark.parametrize(
    ("spelling", "meant"),
    [
        ("not equals", Comparison.NOT_EQUALS),
        ("not_equals", Comparison.NOT_EQUALS),
        ("starts", Comparison.STARTS_WITH),
        ("ends with", Comparison.ENDS_WITH),
        ("Greater-Than", Comparison.GREATER),
        (">=", Comparison.GREATER_OR_EQUAL),
        ("is empty", Comparison.EMPTY),
        ("NOT IN", Comparison.NOT_IN),
    ],
)
def test_operators_may_be_spelled_as_people_do(spelling: str, meant: Comparison) -> None:
    assert CONDITION.validate_python({"left": 1, "operator": spelling, "right": [1]}).operator is meant


def test_rules_combine_and_nest() -> None:
    big = {"left": "${inputs.n}", "operator": "greater", "right": 10}
    small = {"left": "${inputs.n}", "operator": "less", "right": 0}
    condition = {"all": [{"any": [big, small]}, "${inputs.open}", {"all": [True]}]}
    assert [decide(condition, {"n": n, "open": True}) for n in (11, 5, -1)] == [True, False, True]
    assert decide(condition, {"n": 11, "open": False}) is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), (None, False), (0, False), (1, True), ("", False), ([], False)],
)
def test_expression_condition_is_true_or_false_as_in_jsonata(value: Json, expected: bool) -> None:
    assert decide("${inputs.x}", {"x": value}) is expected
    assert decide("${inputs.x.y}", {"x": {"y": value}}) is expected


def test_expression_without_a_value_is_false() -> None:
    assert decide("${inputs.x.y}", {"x": {}}) is False


@pytest.mark.parametrize(
    ("rule", "at", "message"),
    [
        ({"operator": "greater", "right": "x", "type": "number"}, "right", "is not a number"),
        ({"operator": "equals", "right": "2026-02-30", "type": "date"}, "right", "is not a date"),
        ({"operator": "equals", "right": "2026-01-31\n", "type": "date"}, "right", "is not a date"),
        ({"operator": "greater", "right": True}, "right", "a boolean"),
        ({"operator": "less", "right": None}, "right", "null"),
        ({"operator": "less", "right": [1], "type": "list"}, "right", "has no order"),
        ({"operator": "between", "right": 1}, "right", "a list of two values"),
        ({"operator": "between", "right": [1, "x"], "type": "number"}, "right", "is not a number"),
        ({"operator": "matches", "right": "${inputs.x}"}, "right", "written out"),
        ({"operator": "matches", "right": "("}, "right", "cannot be used"),
        ({"operator": "matches", "right": ""}, "right", "cannot be used"),
        ({"operator": "matches", "right": "a" * 1001}, "right", "cannot be used"),
        ({"operator": "in", "right": "a"}, "right", "expects a list"),
        ({"operator": "in", "right": ["x"], "type": "number"}, "right", "is not a number"),
        ({"operator": "contains", "right": 1, "type": "number"}, "right", "texts and lists"),
        ({"operator": "startsWith", "right": 1}, "right", "expects a text"),
        ({"operator": "endsWith", "right": "x", "type": "number"}, "right", "looks at texts"),
    ],
)
def test_right_value_that_does_not_fit_is_reported(rule: dict[str, Json], at: str, message: str) -> None:
    [report] = reports({"any": [{"left": "${inputs.x}", **rule}]})
    assert (report.code, report.at) == (Code.INVALID_CONFIG, f"condition.any[0].{at}")
    assert message in report.message
    assert report.remedy


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"left": 1, "operator": "equals"}, "expected 'right'"),
        ({"left": 1, "operator": "resembles", "right": 1}, "greaterOrEqual"),
        ({"operator": "exists"}, "left"),
        ({"all": []}, "at least 1"),
        ({"any": [{"left": 1, "operator": "exists", "rigth": 1}]}, "rigth"),
        ("plain text", "expression"),
        (5, "expression"),
        ({"all": [True], "any": [True]}, "any"),
    ],
)
def test_condition_of_the_wrong_shape_is_refused(condition: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CONDITION.validate_python(condition)


def test_conditions_nest_to_a_limit() -> None:
    condition: dict[str, Any] = {"left": 1, "operator": "exists"}
    for _ in range(30):
        condition = {"all": [condition]}
    assert [report.code for report in reports(condition)] == [Code.LIMIT_EXCEEDED]


def test_plain_rules_lower_to_plain_text() -> None:
    scope = FakeScope()
    rules = [
        {"left": "${fetch.output}", "operator": "equals", "right": "open"},
        {"left": "${fetch.output.total}", "operator": "greater", "right": 100},
        {"left": "${fetch.output.state}", "operator": "in", "right": ["new", "open"]},
        {"left": "${$count(fetch.output)}", "operator": "greater", "right": 3},
        {"left": "${fetch.output.x}", "operator": "exists"},
    ]
    tests = [lower_condition(CONDITION.validate_python(rule), scope, "condition") for rule in rules]
    assert [test.render(lambda _: "$a") for test in tests] == [
        '$a = "open"',
        '($left := $a.total; $type($left) = "number" and $left > 100)',
        '$a.state in ["new", "open"]',
        "($left := $count($a); $left > 3)",
        "$a.x != null",
    ]
