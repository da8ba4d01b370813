"""The operators of Choice rules: what each compares, and with what.

Source: Amazon States Language specification, "Data-Test Expression"; that values of another type never match is
recorded on AWS.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from millrace.engine.timestamps import parse_timestamp
from millrace.model.json import Json

Compare: TypeAlias = Callable[[Json, Json], bool]

_RELATIONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_PATTERN: Final = re.compile(r"\\([\\*])|(\*)|(.)", re.DOTALL)


def is_number(value: Json) -> bool:
    """Tell whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_text(value: Json) -> bool:
    """Tell whether a value is a text."""
    return isinstance(value, str)


def is_boolean(value: Json) -> bool:
    """Tell whether a value is true or false."""
    return isinstance(value, bool)


def is_timestamp(value: Json) -> bool:
    """Tell whether a value is a text that is a timestamp."""
    return isinstance(value, str) and parse_timestamp(value) is not None


class Pattern:
    r"""What StringMatches compares with: `*` stands for any characters, `\*` and `\\` for themselves.

    Matching takes time in proportion to the text, whatever the pattern.
    """

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        parts = [""]
        for escaped, star, other in _PATTERN.findall(text):
            if star:
                parts.append("")
            else:
                parts[-1] += escaped or other
        self._parts = parts

    def matches(self, text: str) -> bool:
        """Tell whether the whole text matches."""
        first, last = self._parts[0], self._parts[-1]
        if len(self._parts) == 1:
            return text == first
        at, end = len(first), len(text) - len(last)
        if end < at or not text.startswith(first) or not text.endswith(last):
            return False
        for part in self._parts[1:-1]:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


def _numeric(relation: Callable[[Any, Any], bool]) -> Compare:
    return lambda value, expected: is_number(value) and is_number(expected) and relation(value, expected)


def _textual(relation: Callable[[Any, Any], bool]) -> Compare:
    def compare(value: Json, expected: Json) -> bool:
        return isinstance(value, str) and isinstance(expected, str) and relation(_units(value), _units(expected))

    return compare


def _units(text: str) -> bytes:
    """Give the UTF-16 code units, by which Java orders texts."""
    return text.encode("utf-16-be", "surrogatepass")


def _timely(relation: Callable[[Any, Any], bool]) -> Compare:
    def compare(value: Json, expected: Json) -> bool:
        if not isinstance(value, str) or not isinstance(expected, str):
            return False
        instant, other = parse_timestamp(value), parse_timestamp(expected)
        return instant is not None and other is not None and relation(instant, other)

    return compare


def _same_boolean(value: Json, expected: Json) -> bool:
    return isinstance(value, bool) and value is expected


# Each comparison with what its operand must be.
COMPARISONS: Final[Mapping[str, tuple[Compare, Callable[[Json], bool], str]]] = {
    **{f"String{name}": (_textual(relation), is_text, "a string") for name, relation in _RELATIONS.items()},
    **{f"Numeric{name}": (_numeric(relation), is_number, "a number") for name, relation in _RELATIONS.items()},
    **{
        f"Timestamp{name}": (_timely(relation), is_timestamp, "an RFC3339 timestamp")
        for name, relation in _RELATIONS.items()
    },
    "BooleanEquals": (_same_boolean, is_boolean, "true or false"),
}
TYPE_TESTS: Final[Mapping[str, Callable[[Json], bool]]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": is_number,
    "IsString": is_text,
    "IsBoolean": is_boolean,
    "IsTimestamp": is_timestamp,
}
