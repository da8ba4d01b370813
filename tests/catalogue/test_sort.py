from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model import Code

from .nodes import lower, output

MIXED: Any = [3, "b", None, 1, True, [1], "a", {"q": 1}, False, 2]


def test_numbers_come_before_text_and_null_is_last() -> None:
    assert output("sort", MIXED) == [1, 2, 3, "a", "b", False, True, [1], {"q": 1}, None]


def test_descending_turns_the_order_within_a_kind() -> None:
    items = [{"v": value} for value in MIXED]
    found = [item["v"] for item in output("sort", items, by=[{"field": "v", "order": "desc"}])]
    assert found == [3, 2, 1, "b", "a", True, False, [1], {"q": 1}, None]


def test_sorts_by_several_fields_and_keeps_the_order_of_equals() -> None:
    items = [{"a": {"b": 2}, "n": 1}, {"a": {"b": 1}, "n": 2}, {"a": {"b": 2}, "n": 3}, {"n": 4}, {"n": 5}]
    found = output("sort", items, by=[{"field": "a.b", "order": "desc"}])
    assert [item["n"] for item in found] == [1, 3, 2, 4, 5]
    found = output("sort", items, by=["a.b", {"field": "n", "order": "desc"}])
    assert [item["n"] for item in found] == [2, 3, 1, 5, 4]


def test_sorts_by_an_expression_about_the_item() -> None:
    items = [{"p": 2, "q": 3}, {"p": 1, "q": 9}, {"p": 2, "q": 1}]
    found = output("sort", {"items": items}, items="${input.items}", by=[{"expression": "p * q"}])
    assert [item["q"] for item in found] == [1, 3, 9]
    assert output("sort", [[1, 1, 1], [2, 2]], by=[{"expression": "$count($)"}]) == [[2, 2], [1, 1, 1]]
    by = [{"expression": "$lookup(fetch-1.output, $)"}]
    assert output("sort", ["a", "b"], {"fetch-1": {"a": 2, "b": 1}}, by=by) == ["b", "a"]


@pytest.mark.parametrize("items", [[], [1], [[2, 1]], [[]], [None], [{"a": 1}]])
def test_the_result_is_always_a_list(items: Any) -> None:
    assert output("sort", items) == items
    assert output("sort", items, by="a") == items


def test_no_list_is_an_empty_list_or_a_list_of_it() -> None:
    assert output("sort", None) == []
    assert output("sort", 5) == [5]


def test_an_expression_that_does_not_parse_is_reported() -> None:
    (report,) = lower("sort", by=[{"expression": "price * "}]).reports
    assert (report.code, report.at) == (Code.SYNTAX_ERROR, "by[0].expression")


def test_a_key_is_a_field_or_an_expression() -> None:
    (report,) = lower("sort", by=[{"field": "a", "expression": "b"}]).reports
    assert report.code is Code.INVALID_CONFIG


@given(st.lists(st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_agrees_with_a_stable_sort_of_numbers(items: list[float]) -> None:
    assert output("sort", items) == sorted(items)


def test_ten_thousand_items_are_not_slow() -> None:
    items = [{"id": index, "k": index * 7919 % 1009} for index in range(10_000)]
    assert output("sort", items, by="k") == sorted(items, key=lambda item: item["k"])
