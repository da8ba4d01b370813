from typing import Any

import pytest

from millrace.model import Code

from .nodes import lower, output

ORDERS: Any = [
    {"id": 1, "price": 5, "customer": {"country": "DE"}, "tags": ["a", "b"]},
    {"id": 2, "price": 15, "customer": {"country": "FR"}, "tags": []},
    {"id": 3, "price": None, "customer": None},
    {"id": 4},
    {"id": 5, "price": "15", "customer": {"country": "DE"}},
]


def kept(**data: Any) -> list[int]:
    return [order["id"] for order in output("filter", ORDERS, **data)]


@pytest.mark.parametrize(
    ("rule", "ids"),
    [
        ({"left": "price", "operator": "greater", "right": 4}, [1, 2]),
        ({"left": "price", "operator": "greater", "right": 4, "type": "number"}, [1, 2, 5]),
        ({"left": "customer.country", "operator": "equals", "right": "DE"}, [1, 5]),
        ({"left": "customer.country", "operator": "notEquals", "right": "DE"}, [2, 3, 4]),
        ({"left": "tags[0]", "operator": "exists"}, [1]),
        ({"left": "tags", "operator": "contains", "right": "b"}, [1]),
        ({"left": "price", "operator": "in", "right": [5, "15"]}, [1, 5]),
        ({"left": "price", "operator": "equals", "right": "${input[0].price}"}, [1]),
    ],
)
def test_a_rule_keeps_items(rule: Any, ids: list[int]) -> None:
    assert kept(condition=rule) == ids


def test_rules_are_joined() -> None:
    german = {"left": "customer.country", "operator": "equals", "right": "DE"}
    dear = {"left": "price", "operator": "greater", "right": 9}
    assert kept(condition={"all": [german, dear]}) == []
    assert kept(condition={"any": [german, dear]}) == [1, 2, 5]
    assert kept(condition={"all": [{"any": [german, dear]}, {"left": "id", "operator": "less", "right": 5}]}) == [1, 2]


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("price = 5", [1]),
        ("customer.country", [1, 2, 5]),
        ("id", [1, 2, 3, 4, 5]),
        ("$count(tags) > 1 or id = fetch-1.output", [1, 4]),
        ("$exists($.price) and $.price = null", [3]),
    ],
)
def test_an_expression_keeps_items(expression: str, ids: list[int]) -> None:
    assert [order["id"] for order in output("filter", ORDERS, {"fetch-1": 4}, expression=expression)] == ids


def test_a_rule_may_look_at_the_item_itself() -> None:
    assert output("filter", [1, 5, None, "a", 9], condition={"left": "$", "operator": ">=", "right": 5}) == [5, 9]


LISTS: list[tuple[Any, Any]] = [
    (None, []),
    ([], []),
    (7, [7]),
    ([7], [7]),
    ([[1, 2]], [[1, 2]]),
    ([[1], [2, 3]], [[1], [2, 3]]),
    ({"a": 1}, [{"a": 1}]),
]


@pytest.mark.parametrize(("items", "found"), LISTS)
def test_the_result_is_always_a_list(items: Any, found: Any) -> None:
    assert output("filter", items, condition={"left": "$", "operator": "exists"}) == found
    assert output("filter", items, expression="true") == found
    assert output("filter", items, expression="false") == []


@pytest.mark.parametrize(
    ("data", "code", "at"),
    [
        ({}, Code.MISSING_CONFIG, "condition"),
        ({"expression": "price >"}, Code.SYNTAX_ERROR, "expression"),
        ({"expression": "a = 5) or (b = 2"}, Code.SYNTAX_ERROR, "expression"),
        (
            {"expression": "a", "condition": {"left": "a", "operator": "exists"}},
            Code.INVALID_CONFIG,
            "expression",
        ),
        ({"condition": {"left": "a", "operator": "between", "right": 1}}, Code.INVALID_CONFIG, "condition.right"),
        (
            {"condition": {"any": [{"left": "a", "operator": "in", "right": "b"}]}},
            Code.INVALID_CONFIG,
            "condition.any[0].right",
        ),
    ],
)
def test_mistakes_are_reported(data: dict[str, Any], code: Code, at: str) -> None:
    assert [(report.code, report.at) for report in lower("filter", **data).reports] == [(code, at)]


def test_ten_thousand_items_are_not_slow() -> None:
    items = [{"id": index} for index in range(10_000)]
    assert len(output("filter", items, condition={"left": "id", "operator": "less", "right": 5_000})) == 5_000
