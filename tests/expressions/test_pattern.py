import re

import jsonatapy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.expressions.pattern import is_pattern, pattern_literal


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("^a/b$", "a/b", "a-b"),
        (r"[(\[{]", "{", "a"),
        (r"[\\]\(", "\\(", "("),
        (r"\\(a|b)", "\\a", "a"),
        (r"a{2,3}$", "aa", "a"),
        (r"{x}", "{x}", "x"),
        (r"[a{2}]$", "}", "b"),
        ("a\nb", "a\nb", "a b"),
        (r"\d+\.\d{2}", "1.50", "150"),
        (r"[^)]+x", "ax", ")x"),
        ("(?:ab)+?c", "ababc", "ac"),
        ("\u00e9|\U0001f600", "\U0001f600", "e"),
    ],
)
def test_pattern_given_as_text_matches_as_written(pattern: str, matching: str, other: str) -> None:
    literal = pattern_literal(pattern)
    assert literal is not None
    test = jsonatapy.compile(f"$contains($text, {literal})")
    assert [test.evaluate(None, {"text": text}) for text in (matching, other)] == [True, False]


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "(", ")", "[a", "a**", "a*+", "a+??", "a{2}*", "*a", "(?=a)", "(?<=a)b", "(?i)a", "(?P<n>a)", r"(a)\1"),
        *(r"\p{L}", r"\Aa", r"a\z", "[z-a]", "[a&&b]", "a\\", "x" * 1001, "(a{1000}){1000}", "\ud800"),
    ],
)
def test_pattern_that_is_not_the_same_everywhere_is_refused(pattern: str) -> None:
    assert pattern_literal(pattern) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_escaped_text_matches_itself(text: str) -> None:
    literal = pattern_literal(re.sub(r"([.*+?^${}()|\[\]\\/])", r"\\\1", text))
    assert literal is not None
    assert is_pattern(literal)
    assert jsonatapy.compile(f"$contains($text, {literal})").evaluate(None, {"text": f"<{text}>"}) is True
