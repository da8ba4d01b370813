import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .nodes import output

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1", "a", "null", "true"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


def test_equal_items_are_kept_once_in_the_order_of_the_list() -> None:
    items = [2, 1, "1", 2, None, [1], [[1]], {"a": 1, "b": 2}, {"b": 2, "a": 1}, True, "true", None, [1]]
    assert output("dedupe", items) == [2, 1, "1", None, [1], [[1]], {"a": 1, "b": 2}, True, "true"]


def test_items_are_compared_by_fields() -> None:
    items = [{"a": {"b": 1}, "n": 1}, {"a": {"b": 2}, "n": 2}, {"a": {"b": 1}, "n": 3}, {"n": 4}, {"a": None, "n": 5}]
    assert [item["n"] for item in output("dedupe", items, by="a.b")] == [1, 2, 4]
    assert [item["n"] for item in output("dedupe", items, by="a.b", keep="last")] == [3, 2, 5]
    assert [item["n"] for item in output("dedupe", items, by=["a.b", "n"])] == [1, 2, 3, 4, 5]


def test_long_whole_numbers_are_told_apart() -> None:
    items = [1234567890123456, 1234567890123457, -1234567890123456, 1234567890123456]
    assert output("dedupe", items) == items[:3]


@pytest.mark.parametrize("items", [[], [1], [[2, 1]], [[]], [None], [{"a": [1]}]])
def test_the_result_is_always_a_list(items: Any) -> None:
    assert output("dedupe", items) == items
    assert output("dedupe", items, by="b") == items


@given(st.lists(VALUES))
def test_items_are_equal_when_their_json_is(items: list[Any]) -> None:
    kept = list(dict.fromkeys(json.dumps(item, sort_keys=True) for item in items))
    assert [json.dumps(item, sort_keys=True) for item in output("dedupe", items)] == kept


def test_ten_thousand_items_are_not_slow() -> None:
    items = [{"id": index % 9_000} for index in range(10_000)]
    assert len(output("dedupe", items, by="id")) == 9_000
    assert len(output("dedupe", items)) == 9_000
