from typing import Any

import jsonatapy
import pytest

from millrace.catalogue.field_path import field_text, last_name, parse_field_path

ITEM: Any = {"a": {"b c": [1, [2, 3]]}, "x.y": 4, "$odd": 5, "and": 6}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b c[0]", 1),
        ("a.b c[-1][1]", 3),
        ("`x.y`", 4),
        ("$odd", 5),
        ("and", 6),
        ("gone.too", None),
    ],
)
def test_a_path_reads_a_field(path: str, value: Any) -> None:
    assert jsonatapy.compile(field_text(path, "$item")).evaluate(None, {"item": ITEM}) == value
    assert jsonatapy.compile(field_text(path)).evaluate(ITEM) == value


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a`b", "[0]", "a]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected a path"):
        parse_field_path(path)


def test_last_name() -> None:
    assert last_name("a.`x.y`[0]") == "x.y"
