"""The conditions of filters, and how values compare in them.

Source: Jayway JsonPath, "Filter Operators".
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from millrace.engine.jsonpath.steps import Predicate, Step, is_definite, select_all
from millrace.model.json import Json


class _Undefined:
    """What a path in a filter gives when it finds nothing; equal to no value, not even to itself."""


_UNDEFINED: Final = _Undefined()
_Value: TypeAlias = Json | _Undefined | re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written in the filter, or a regular expression."""

    value: Json | re.Pattern[str]

    def value_of(self, item: Json, root: Json) -> _Value:
        """Give the value."""
        del item, root
        return self.value


@dataclass(frozen=True, slots=True)
class Selection:
    """A path in a filter, from the item (`@`) or from the root (`$`)."""

    steps: tuple[Step, ...]
    from_root: bool

    def value_of(self, item: Json, root: Json) -> _Value:
        """Give what the path selects; a list when it may select several."""
        found = select_all(self.steps, root, root if self.from_root else item)
        if not is_definite(self.steps):
            return found
        return found[0] if found else _UNDEFINED


Operand: TypeAlias = Literal | Selection


@dataclass(frozen=True, slots=True)
class Exists:
    """A path by itself: it finds something, were it null or false."""

    operand: Selection

    def holds(self, item: Json, root: Json) -> bool:
        """Tell whether the path finds something."""
        return self.operand.value_of(item, root) is not _UNDEFINED


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and an operator."""

    left: Operand
    compare: Callable[[_Value, _Value], bool]
    right: Operand

    def holds(self, item: Json, root: Json) -> bool:
        """Compare."""
        return self.compare(self.left.value_of(item, root), self.right.value_of(item, root))


@dataclass(frozen=True, slots=True)
class AllOf:
    """`&&`."""

    parts: tuple[Predicate, ...]

    def holds(self, item: Json, root: Json) -> bool:
        """Tell whether all parts hold."""
        return all(part.holds(item, root) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`||`."""

    parts: tuple[Predicate, ...]

    def holds(self, item: Json, root: Json) -> bool:
        """Tell whether one part holds."""
        return any(part.holds(item, root) for part in self.parts)


@dataclass(frozen=True, slots=True)
class NoneOf:
    """`!`."""

    part: Predicate

    def holds(self, item: Json, root: Json) -> bool:
        """Tell whether the part does not hold."""
        return not self.part.holds(item, root)


def _number(value: _Value) -> float | None:
    """Give a number, or the number that a text spells."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def _equal(left: _Value, right: _Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if _number(left) is not None:
        return _number(left) == _number(right)
    return left is not _UNDEFINED and left == right


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[_Value, _Value], bool]:
    def compare(left: _Value, right: _Value) -> bool:
        if isinstance(left, bool) or isinstance(right, bool):
            return False
        if isinstance(left, int | float) and isinstance(right, int | float):
            return test(left, right)
        return isinstance(left, str) and isinstance(right, str) and test(left, right)

    return compare


def _matches(left: _Value, right: _Value) -> bool:
    if isinstance(left, re.Pattern):
        left, right = right, left
    return isinstance(left, str) and isinstance(right, re.Pattern) and right.fullmatch(left) is not None


def _in(left: _Value, right: _Value) -> bool:
    return isinstance(right, list) and any(_equal(left, item) for item in right)


def _contains(left: _Value, right: _Value) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _in(right, left)


def _size(left: _Value, right: _Value) -> bool:
    return isinstance(left, list | str) and len(left) == _number(right)


def _empty(left: _Value, right: _Value) -> bool:
    return isinstance(left, list | str | dict) and (not left) is right


def _any_of(left: _Value, right: _Value) -> bool:
    return isinstance(left, list) and any(_in(item, right) for item in left)


def _all_of(left: _Value, right: _Value) -> bool:
    return isinstance(left, list) and all(_in(item, right) for item in left)


OPERATORS: Final[Mapping[str, Callable[[_Value, _Value], bool]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "=~": _matches,
    "in": _in,
    "nin": lambda left, right: not _in(left, right),
    "contains": _contains,
    "size": _size,
    "empty": _empty,
    "anyof": _any_of,
    "noneof": lambda left, right: isinstance(left, list) and not _any_of(left, right),
    "subsetof": _all_of,
}
