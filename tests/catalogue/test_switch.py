from typing import Any

import pytest

from millrace.catalogue import Decide, node_types
from millrace.model import Code, Json

from .nodes import evaluate, lower


def taken(value: Json, *equals: Json) -> Any:
    cases = [{"equals": each, "handle": str(index)} for index, each in enumerate(equals)]
    decide = lower("switch", value="${input.v}", cases=cases).as_a(Decide)
    return next((port for port, rule in decide.rules if evaluate(rule, {"v": value})), decide.default)


@pytest.mark.parametrize("value", ["paid", 3, None, True, [1, 2], {"a": [1]}, [], ""])
def test_takes_the_case_that_equals_the_value(value: Json) -> None:
    assert taken(value, "other", value) == "1"


def test_equality_is_strict_in_type() -> None:
    assert taken(1, "1", True, [1]) == "default"


def test_a_value_that_is_missing_is_null() -> None:
    decide = lower("switch", value="${input.gone}", cases=[{"equals": None, "handle": "none"}]).as_a(Decide)
    assert evaluate(decide.rules[0][1], {}) is True


def test_a_case_may_be_an_expression() -> None:
    assert taken(3, "${1 + 1}", "${1 + 2}") == "1"


def test_ports_are_those_of_the_cases_and_default() -> None:
    kind = node_types()["switch"]
    config = kind.Config.model_validate(
        {"value": 1, "cases": [{"equals": 1, "handle": "one"}, {"equals": 2, "handle": "two"}]}
    )
    assert kind.ports_of(config) == ("one", "two", "default")


@pytest.mark.parametrize(
    ("value", "cases", "code", "at"),
    [
        ("${input}", [(1, "a"), (2, "a")], Code.INVALID_CONFIG, "cases[1].handle"),
        ("${input}", [(1, "default")], Code.INVALID_CONFIG, "cases[0].handle"),
        ("${input}", [(1, "error")], Code.INVALID_CONFIG, "cases[0].handle"),
        ("${input}", [(1, "a"), (1, "b")], Code.INVALID_CONFIG, "cases[1].equals"),
        ("${$count(input)}", [("1", "a")], Code.TYPE_MISMATCH, "cases[0].equals"),
    ],
)
def test_mistakes_are_reported(value: str, cases: list[tuple[Json, str]], code: Code, at: str) -> None:
    lowered = lower("switch", value=value, cases=[{"equals": equals, "handle": handle} for equals, handle in cases])
    assert [(report.code, report.at) for report in lowered.reports] == [(code, at)]
