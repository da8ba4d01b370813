from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.model import Json

from .nodes import output


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"count": 2}, [1, 2]),
        ({"count": 2, "offset": 1}, [2, 3]),
        ({"count": 2, "from": "end"}, [4, 5]),
        ({"count": 2, "from": "end", "offset": 1}, [3, 4]),
        ({"count": 0}, []),
        ({"count": 9}, [1, 2, 3, 4, 5]),
        ({"count": 9, "from": "end", "offset": 4}, [1]),
        ({"count": "${input[0]}", "offset": 4, "items": "${input}"}, [5]),
    ],
)
def test_keeps_a_part_of_the_list(data: dict[str, Any], kept: Any) -> None:
    assert output("limit", [1, 2, 3, 4, 5], **data) == kept


LISTS: list[tuple[Any, Any]] = [(None, []), (7, [7]), ([[1, 2]], [[1, 2]]), ([], []), ([[]], [[]])]


@pytest.mark.parametrize(("items", "kept"), LISTS)
def test_the_result_is_always_a_list(items: Any, kept: Any) -> None:
    assert output("limit", items, count=1) == kept


@given(st.lists(st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=2)), st.integers(0, 9), st.integers(0, 9))
def test_both_ends_agree_with_slices(items: list[Json], count: int, offset: int) -> None:
    assert output("limit", items, count=count, offset=offset) == items[offset : offset + count]
    end = len(items) - offset
    expected = items[max(end - count, 0) : max(end, 0)]
    from_end: Any = {"from": "end"}
    assert output("limit", items, count=count, offset=offset, **from_end) == expected
