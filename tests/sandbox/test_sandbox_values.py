"""What both languages promise about the values that pass through them."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.model import Json
from millrace.sandbox import Limits, SandboxError, run_javascript, run_python

Runner = Callable[[str, dict[str, Json], Limits, Callable[[str], None]], Json]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(-(2.0**53), 2.0**53)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("run", [run_javascript, run_python])
@given(value=VALUES)
@settings(max_examples=150, deadline=None)
def test_values_come_back_as_they_went_in(run: Runner, value: Any) -> None:
    assert run("return value", {"value": value}, Limits(), lambda _: None) == value


@pytest.mark.parametrize("run", [run_javascript, run_python])
@given(source=st.text(max_size=40) | st.text("(){}[];'\"`\\\n\t #/*=.:,returnawitdf01", max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_source_ends_in_a_value_or_a_failure(run: Runner, source: str) -> None:
    with contextlib.suppress(SandboxError):
        run(source, {}, Limits(seconds=2), lambda _: None)
    assert run("return 1", {}, Limits(), lambda _: None) == 1
