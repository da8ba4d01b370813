from typing import Any

import pytest

from millrace.catalogue import SetVariable
from millrace.model import Code, Json

from .nodes import evaluate, lower


def after(old: Json, given: Json = None, **data: Any) -> Any:
    written = lower("variable", name="x", **data).as_a(SetVariable)
    assert written.name == "x"
    return evaluate(written.value, given, {"x": old})


def test_set_replaces_the_value() -> None:
    assert after(1, {"n": 2}, value="${input.n}") == 2
    assert after(1, value=None) is None


@pytest.mark.parametrize(("old", "new"), [(None, [5]), ([], [5]), ([1], [1, 5]), (1, [1, 5]), ([[1]], [[1], 5])])
def test_append_adds_one_element(old: Json, new: Json) -> None:
    assert after(old, operation="append", value=5) == new


@pytest.mark.parametrize("element", [[1, 2], [], [[3]], None, {"a": 1}])
def test_append_keeps_a_list_as_one_element(element: Json) -> None:
    assert after([0], {"e": element}, operation="append", value="${input.e}") == [0, element]
    assert after(None, {"e": element}, operation="append", value="${input.e}") == [element]


def test_increment_starts_at_zero_and_adds_one() -> None:
    assert after(None, operation="increment") == 1
    assert after(4, operation="increment", value="${-2}") == 2


def test_a_value_is_needed_to_set_or_append() -> None:
    (report,) = lower("variable", name="x").reports
    assert (report.code, report.at) == (Code.MISSING_CONFIG, "value")


def test_increment_by_text_is_a_type_mismatch() -> None:
    (report,) = lower("variable", name="x", operation="increment", value="two").reports
    assert (report.code, report.at) == (Code.TYPE_MISMATCH, "value")


def test_increment_of_text_fails_rather_than_starting_over() -> None:
    with pytest.raises(ValueError, match="T2001"):
        after("5", operation="increment")
