from typing import Any

import pytest

from millrace.catalogue import Decide
from millrace.model import Code

from .nodes import evaluate, lower


def taken(given: Any, condition: Any) -> str:
    decide = lower("conditional", condition=condition).as_a(Decide)
    return next((port for port, rule in decide.rules if evaluate(rule, given) is True), decide.default)


@pytest.mark.parametrize(("total", "port"), [(11, "true"), (10, "false")])
def test_an_expression_decides(total: int, port: str) -> None:
    assert taken({"total": total}, "${input.total > 10}") == port


@pytest.mark.parametrize(
    ("value", "port"),
    [
        (True, "true"),
        ("a", "true"),
        (1, "true"),
        ([1], "true"),
        ({"a": 1}, "true"),
        (False, "false"),
        (None, "false"),
        ("", "false"),
        (0, "false"),
        ([], "false"),
        ({}, "false"),
    ],
)
def test_other_values_count_as_true_or_false(value: Any, port: str) -> None:
    assert taken({"v": value}, "${input.v}") == port


def test_no_value_counts_as_false() -> None:
    assert taken({}, "${input.gone.deeper}") == "false"
    assert taken({}, "${input.gone > 1}") == "false"


@pytest.mark.parametrize(("condition", "port"), [(True, "true"), (False, "false")])
def test_a_constant_decides(condition: bool, port: str) -> None:
    assert taken(None, condition) == port


def test_rules_decide() -> None:
    rules = {
        "any": [
            {"left": "${input.state}", "operator": "equals", "right": "paid"},
            {
                "all": [
                    {"left": "${input.total}", "operator": ">", "right": 9},
                    {"left": "${input.vip}", "operator": "exists"},
                ]
            },
        ]
    }
    assert taken({"state": "paid"}, rules) == "true"
    assert taken({"state": "open", "total": 10, "vip": 1}, rules) == "true"
    assert taken({"state": "open", "total": 10}, rules) == "false"


def test_text_is_no_condition() -> None:
    (report,) = lower("conditional", condition="is ${input.a}").reports
    assert (report.code, report.at) == (Code.TYPE_MISMATCH, "condition")
