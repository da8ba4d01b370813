from typing import Any

import pytest

from millrace.model import Code

from .nodes import lower, output


@pytest.mark.parametrize(
    ("items", "batches"),
    [
        ([1, 2, 3, 4, 5], [[1, 2], [3, 4], [5]]),
        ([1, 2], [[1, 2]]),
        ([1], [[1]]),
        ([], []),
        (None, []),
        (7, [[7]]),
        ([[1], [2]], [[[1], [2]]]),
    ],
)
def test_splits_a_list_into_batches(items: Any, batches: Any) -> None:
    assert output("split", items, size=2) == batches


def test_size_may_be_an_expression() -> None:
    assert output("split", {"n": 1, "l": [1, 2]}, items="${input.l}", size="${input.n}") == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "separator", "pieces"),
    [
        ("a,b", ",", ["a", "b"]),
        ("a", ",", ["a"]),
        ("", ",", []),
        (None, ",", []),
        (105, "0", ["1", "5"]),
        ("ab", "", ["a", "b"]),
    ],
)
def test_splits_a_text_at_a_separator(text: Any, separator: str, pieces: Any) -> None:
    assert output("split", text, separator=separator) == pieces


def test_text_may_be_a_field() -> None:
    assert output("split", {"tags": "a; b"}, items="${input.tags}", separator="; ") == ["a", "b"]


def test_size_or_separator_is_needed_but_not_both() -> None:
    assert [(report.code, report.at) for report in lower("split").reports] == [(Code.MISSING_CONFIG, "size")]
    (report,) = lower("split", size=2, separator=",").reports
    assert (report.code, report.at) == (Code.INVALID_CONFIG, "separator")
