"""Choice rules match as AWS's do."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.engine.jsonpath import PathError, compile_rule
from millrace.engine.jsonpath.choice import OPERATORS
from tests.engine.jsonpath.scopes import no_fault, scope

RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "GreaterThan": lambda a, b: a > b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
SAMPLES: dict[str, Any] = {"String": "text", "Numeric": 5, "Timestamp": "2012-10-09T19:00:55Z", "Boolean": True}
STRANGERS: dict[str, list[Any]] = {
    "String": [None, 5, True, {}, ["text"]],
    "Numeric": [None, "5", True, {}, [5]],
    "Timestamp": [None, "2012-10-09", "text", 5, True, ["2012-10-09T19:00:55Z"]],
    "Boolean": [None, "true", 1, 0, {}, [True]],
}


def holds(rule: dict[str, Any], data: Any, **variables: Any) -> bool:
    return compile_rule(rule, "/States/C/Choices[0]", no_fault).holds(scope(data, **variables))


def compared(operator: str, value: Any, operand: Any) -> bool:
    """Compare with the operand in the definition and by a path, which must agree."""
    written = holds({"Variable": "$.v", operator: operand}, {"v": value})
    by_path = holds({"Variable": "$.v", f"{operator}Path": "$.o"}, {"v": value, "o": operand})
    assert written is by_path
    return written


def faults(rule: dict[str, Any]) -> list[str]:
    found: list[str] = []
    compile_rule(rule, "/C", lambda path, message: found.append(f"{path}: {message}"))
    return found


def test_there_are_the_39_operators() -> None:
    assert len(OPERATORS) == 39


@pytest.mark.parametrize("relation", RELATIONS)
def test_strings_compare(relation: str) -> None:
    for left, right in [("a", "a"), ("a", "b"), ("B", "a"), ("", "a"), ("a", "a "), ("\u00e9", "f"), ("1", "10")]:
        assert compared(f"String{relation}", left, right) is RELATIONS[relation](left, right)


def test_strings_are_ordered_by_utf_16_units() -> None:
    assert compared("StringLessThan", "\U0001f600", "\uffee")


@pytest.mark.parametrize("relation", RELATIONS)
@given(left=st.integers(-9, 9) | st.floats(-9, 9), right=st.integers(-9, 9))
def test_numbers_compare(relation: str, left: float, right: float) -> None:
    assert compared(f"Numeric{relation}", left, right) is RELATIONS[relation](left, right)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("2012-10-09T19:00:55Z", "2012-10-09T19:00:55Z", 0),
        ("2012-10-09T19:00:55Z", "2012-10-09T19:00:56Z", -1),
        ("2012-10-09T19:00:55+01:00", "2012-10-09T18:00:55Z", 0),
        ("2012-10-09T19:00:55-01:00", "2012-10-09T19:00:55Z", 1),
        ("2012-10-09T19:00:55.001Z", "2012-10-09T19:00:55.000Z", 1),
        ("2012-10-09T19:00:55.5Z", "2012-10-09T19:00:55.500Z", 0),
    ],
)
def test_timestamps_compare_as_moments(relation: str, left: str, right: str, order: int) -> None:
    assert compared(f"Timestamp{relation}", left, right) is RELATIONS[relation](order, 0)


@pytest.mark.parametrize("operator", sorted(name for name in OPERATORS if f"{name}Path" in OPERATORS))
def test_values_of_another_type_do_not_match(operator: str) -> None:
    kind = next(kind for kind in SAMPLES if operator.startswith(kind))
    for stranger in STRANGERS[kind]:
        assert not holds({"Variable": "$.v", operator: SAMPLES[kind]}, {"v": stranger})
        assert not holds({"Variable": "$.v", f"{operator}Path": "$.o"}, {"v": SAMPLES[kind], "o": stranger})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("log-*.txt", "log-2020.txt", True),
        ("log-*.txt", "log-.txt", True),
        ("*.log", "dir/a.log", True),
        ("foo*.*", "foobar.zebra", True),
        ("*", "", True),
        ("*", "a\nb", True),
        ("a*b*c", "aXbYc", True),
        ("a", "A", False),
        ("a.c", "abc", False),
        ("a?c", "abc", False),
        ("[ab]", "a", False),
        (r"a\*c", "a*c", True),
        (r"a\*c", "abc", False),
        (r"a\\*c", r"a\bc", True),
        (r"a\bc", r"a\bc", True),
        ("ab", "abc", False),
        ("a*a", "a", False),
        ("ab*bc", "abc", False),
        ("*b*", "abc", True),
        ("a**c", "ac", True),
    ],
)
def test_patterns_match(pattern: str, text: str, expected: bool) -> None:
    assert holds({"Variable": "$.v", "StringMatches": pattern}, {"v": text}) is expected
    assert not holds({"Variable": "$.v", "StringMatches": pattern}, {"v": 1})


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_patterns_match_as_their_regular_expressions(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert holds({"Variable": "$.v", "StringMatches": pattern}, {"v": text}) is expected


def test_patterns_take_no_longer_for_many_stars() -> None:
    assert not holds({"Variable": "$.v", "StringMatches": "*a" * 50 + "b"}, {"v": "a" * 200_000})


@pytest.mark.parametrize(
    ("operator", "matching"),
    [
        ("IsNull", [None]),
        ("IsNumeric", [0, 0.0, 1.1]),
        ("IsBoolean", [True, False]),
        (
            "IsString",
            [
                "",
                "text",
                "2012-10-09T19:00:55",
                "2012-10-09T19:00:55Z",
                "2012-10-09T19:00:55.5+01:00",
                "2023-02-24",
                "2012-13-09T19:00:55Z",
                "2012-10-09 19:00:55Z",
                "2012-10-09t19:00:55z",
            ],
        ),
        ("IsTimestamp", ["2012-10-09T19:00:55Z", "2012-10-09T19:00:55.5+01:00"]),
    ],
)
def test_types_are_tested(operator: str, matching: list[Any]) -> None:
    values = [None, 0, 0.0, 1.1, True, False, "", "text", [], [""], {}, {"A": 0}, "2012-10-09T19:00:55"]
    values += ["2012-10-09T19:00:55Z", "2012-10-09T19:00:55.5+01:00", "2023-02-24", "2012-13-09T19:00:55Z"]
    values += ["2012-10-09 19:00:55Z", "2012-10-09t19:00:55z"]
    for value in values:
        expected = any(value == match and type(value) is type(match) for match in matching)
        assert holds({"Variable": "$.v", operator: True}, {"v": value}) is expected, value
        assert holds({"Variable": "$.v", operator: False}, {"v": value}) is not expected, value


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("$.v", True),
        ("$.w", False),
        ("$.v.w", False),
        ("$.list[0]", True),
        ("$.list[1]", False),
        ("$name", True),
        ("$nothing", False),
        ("$name.x", False),
        ("$$.Execution.Id", True),
        ("$$.Nothing", False),
    ],
)
def test_presence_is_tested(variable: str, expected: bool) -> None:
    data = {"v": None, "list": [1]}
    assert holds({"Variable": variable, "IsPresent": True}, data, name=1) is expected
    assert holds({"Variable": variable, "IsPresent": False}, data, name=1) is not expected


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"Variable": "$.x", "StringEquals": "a"}, "$.x"),
        ({"Variable": "$.x", "IsNull": True}, "$.x"),
        ({"Variable": "$.x.y", "StringMatches": "*"}, "$.x.y"),
        ({"Variable": "$.n", "NumericEqualsPath": "$.y"}, "$.y"),
        ({"Not": {"Variable": "$.x", "IsTimestamp": True}}, "$.x"),
    ],
)
def test_a_path_that_leads_nowhere_fails_the_state(rule: dict[str, Any], path: str) -> None:
    with pytest.raises(PathError) as caught:
        holds(rule, {"n": 1})
    assert caught.value.error == "States.Runtime"
    assert caught.value.message == (
        f"Invalid path '{path}': The choice state's condition path references an invalid value."
    )


def test_rules_combine_and_stop_early() -> None:
    one = {"Variable": "$.n", "NumericEquals": 1}
    two = {"Variable": "$.n", "NumericEquals": 2}
    missing = {"Variable": "$.x", "NumericEquals": 2}
    present = {"Variable": "$.x", "IsPresent": True}
    data = {"n": 1}
    assert holds({"And": [one, {"Not": two}]}, data)
    assert not holds({"And": [one, two]}, data)
    assert holds({"Or": [two, one]}, data)
    assert not holds({"Or": [two, two]}, data)
    assert not holds({"And": [present, missing]}, data)
    assert holds({"Or": [one, missing]}, data)
    assert holds({"Not": {"Or": [two, {"And": [one, two]}]}, "Next": "A", "Assign": {}, "Comment": ""}, data)


def test_variables_and_the_context_are_compared() -> None:
    assert holds({"Variable": "$guess", "StringEqualsPath": "$answer"}, None, guess="a", answer="a")
    assert holds({"Variable": "$$.Execution.Input.n", "NumericEquals": 3}, None)


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({}, "/C: "),
        ({"Variable": "$.a"}, "/C: "),
        ({"Variable": "$.a", "IsNull": True, "IsString": True}, "/C: "),
        ({"StringEquals": "a"}, "/C/Variable: "),
        ({"Variable": 1, "StringEquals": "a"}, "/C/Variable: "),
        ({"Variable": "$.a[*]", "StringEquals": "a"}, "/C/Variable: Value is not a Reference Path: "),
        (
            {"Variable": "States.ArrayLength($.a)", "NumericEquals": 0},
            "/C/Variable: Value is not a Reference Path: Reference path didn't start with '$'",
        ),
        ({"Variable": "$.a", "StringEquals": 1}, "/C/StringEquals: "),
        ({"Variable": "$.a", "NumericEquals": "1"}, "/C/NumericEquals: "),
        ({"Variable": "$.a", "NumericEquals": True}, "/C/NumericEquals: "),
        ({"Variable": "$.a", "BooleanEquals": 1}, "/C/BooleanEquals: "),
        ({"Variable": "$.a", "IsNull": "true"}, "/C/IsNull: "),
        ({"Variable": "$.a", "StringMatches": None}, "/C/StringMatches: "),
        (
            {"Variable": "$.a", "TimestampEquals": "2012-10-09"},
            "/C/TimestampEquals: String does not match RFC3339 timestamp",
        ),
        ({"Variable": "$.a", "NumericEqualsPath": 1}, "/C/NumericEqualsPath: "),
        ({"Variable": "$.a", "NumericEqualsPath": "b"}, "/C/NumericEqualsPath: "),
        ({"And": []}, "/C/And: "),
        ({"And": {}}, "/C/And: "),
        ({"Or": [1]}, "/C/Or[0]: "),
        ({"Not": []}, "/C/Not: "),
        ({"And": [{"Variable": "$.a", "IsNull": True, "Next": "B"}]}, "/C/And[0]/Next: "),
        ({"Or": [{"Not": {"Variable": "$.a", "Is": True}}]}, "/C/Or[0]/Not/Is: "),
    ],
)
def test_faults_of_a_rule_are_reported(rule: dict[str, Any], where: str) -> None:
    assert faults(rule)[0].startswith(where)
