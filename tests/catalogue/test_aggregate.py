from typing import Any

import pytest

from millrace.catalogue.aggregate import AggregateConfig
from millrace.model import Code

from .nodes import lower, output

SALES: Any = [
    {"country": "DE", "at": {"day": 1}, "price": 3},
    {"country": "FR", "at": {"day": 1}, "price": 5},
    {"country": "DE", "at": {"day": 2}, "price": None},
    {"country": "DE", "at": {"day": 1}},
    {"country": "DE", "at": {"day": 1}, "price": 3},
    {"price": 4},
]
ALL: Any = [
    {"operation": name, "field": "price", "as": name}
    for name in ("count", "sum", "avg", "min", "max", "first", "last", "collect", "countDistinct")
]


def test_the_whole_list_gives_one_object() -> None:
    assert output("aggregate", SALES, operations=ALL) == {
        "count": 4,
        "sum": 15,
        "avg": 3.75,
        "min": 3,
        "max": 5,
        "first": 3,
        "last": 4,
        "collect": [3, 5, None, None, 3, 4],
        "countDistinct": 3,
    }


@pytest.mark.parametrize("items", [None, []])
def test_an_empty_list_has_figures_too(items: Any) -> None:
    nothing: Any = {"avg": None, "min": None, "max": None, "first": None, "last": None, "collect": []}
    assert output("aggregate", items, operations=ALL) == {"count": 0, "sum": 0, "countDistinct": 0, **nothing}
    assert output("aggregate", items, operations=ALL, groupBy=["country"]) == []


def test_groups_come_in_the_order_of_their_first_item() -> None:
    operations = [{"operation": "count"}, {"operation": "sum", "field": "price"}]
    assert output("aggregate", SALES, operations=operations, groupBy=["country"]) == [
        {"country": "DE", "count": 4, "sum_price": 6},
        {"country": "FR", "count": 1, "sum_price": 5},
        {"country": None, "count": 1, "sum_price": 4},
    ]


def test_groups_by_several_fields_under_names_of_their_own() -> None:
    by = ["country", {"field": "at.day", "as": "on"}]
    found = output("aggregate", SALES, operations=[{"operation": "count"}], groupBy=by)
    assert [(group["country"], group["on"], group["count"]) for group in found] == [
        ("DE", 1, 3),
        ("FR", 1, 1),
        ("DE", 2, 1),
        (None, None, 1),
    ]


def test_one_group_is_still_a_list() -> None:
    assert output("aggregate", [{"a": 1}], operations=[{"operation": "count"}], groupBy=["a"]) == [{"a": 1, "count": 1}]


def test_numbers_and_text_of_one_look_are_two_groups() -> None:
    found = output("aggregate", [{"a": 1}, {"a": "1"}], operations=[{"operation": "count"}], groupBy=["a"])
    assert [group["a"] for group in found] == [1, "1"]


def test_without_a_field_the_items_themselves_are_looked_at() -> None:
    operations = [{"operation": name} for name in ("count", "sum", "max", "collect", "countDistinct")]
    assert output("aggregate", [3, 1, 3], operations=operations) == {
        "count": 3,
        "sum": 7,
        "max": 3,
        "collect": [3, 1, 3],
        "countDistinct": 2,
    }


def test_text_has_a_least_and_a_greatest() -> None:
    operations = [{"operation": "min"}, {"operation": "max"}]
    dates = ["2026-02-01", "2025-12-24", "2026-01-06"]
    assert output("aggregate", dates, operations=operations) == {"min": "2025-12-24", "max": "2026-02-01"}


def test_collected_lists_stay_lists() -> None:
    operations = [{"operation": "collect", "field": "tags"}, {"operation": "first", "field": "tags"}]
    assert output("aggregate", [{"tags": [1, 2]}, {}], operations=operations) == {
        "collect_tags": [[1, 2], None],
        "first_tags": [1, 2],
    }


def test_two_figures_of_one_name_are_reported() -> None:
    (report,) = lower("aggregate", groupBy=["a.x"], operations=[{"operation": "count", "as": "x"}]).reports
    assert (report.code, report.at) == (Code.INVALID_CONFIG, "operations[0].as")


def test_operations_are_required() -> None:
    with pytest.raises(ValueError, match="Field required"):
        AggregateConfig.model_validate({})


def test_ten_thousand_items_are_not_slow() -> None:
    items = [{"k": index % 50, "n": index} for index in range(10_000)]
    found = output("aggregate", items, groupBy=["k"], operations=[{"operation": "countDistinct", "field": "n"}])
    assert {group["countDistinct_n"] for group in found} == {200}
