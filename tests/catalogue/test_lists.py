from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.catalogue import Value
from millrace.expressions import Expression

from .nodes import evaluate, lower

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "1", "b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)

UNFAILING: list[tuple[str, dict[str, Any]]] = [
    ("filter", {"condition": {"left": "a.b[0]", "operator": "greater", "right": 1}}),
    ("filter", {"condition": {"left": "$", "operator": "contains", "right": "a"}}),
    ("sort", {}),
    ("sort", {"by": ["a", {"field": "b.c", "order": "desc"}]}),
    ("limit", {"count": 2, "offset": 1}),
    ("split", {"size": 2}),
    ("split", {"separator": "a"}),
    ("dedupe", {}),
    ("dedupe", {"by": ["a", "b.c"], "keep": "last"}),
    (
        "aggregate",
        {
            "groupBy": ["a", "b.c"],
            "operations": [
                {"operation": name, "field": "b"} for name in ("count", "first", "last", "collect", "countDistinct")
            ],
        },
    ),
]


@pytest.mark.parametrize(("name", "data"), UNFAILING)
@given(items=JSON)
def test_a_list_node_gives_a_list_whatever_it_is_given(name: str, data: dict[str, Any], items: Any) -> None:
    value = lower(name, **data).as_a(Value).value
    assert isinstance(value, Expression)
    assert not value.fallible
    assert not value.optional
    assert isinstance(evaluate(value, items), list)
