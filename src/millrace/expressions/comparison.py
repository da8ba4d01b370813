"""Tests between values, written as JSONata that neither fails nor gives nothing, whatever the values are."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from millrace.expressions.building import as_expression, call, jsonata, literal, operand, or_null
from millrace.expressions.conversion import ComparedAs, Misfit, converted, converted_template, is_repeatable
from millrace.expressions.expression import Expression, Template
from millrace.expressions.pattern import PATTERN_REMEDY, pattern_literal
from millrace.expressions.tree import is_literal
from millrace.model import JsonType


class Comparison(StrEnum):
    """What is asked about a value."""

    EQUALS = "equals"
    NOT_EQUALS = "notEquals"
    GREATER = "greater"
    GREATER_OR_EQUAL = "greaterOrEqual"
    LESS = "less"
    LESS_OR_EQUAL = "lessOrEqual"
    BETWEEN = "between"
    CONTAINS = "contains"
    NOT_CONTAINS = "notContains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    MATCHES = "matches"
    EXISTS = "exists"
    NOT_EXISTS = "notExists"
    EMPTY = "empty"
    NOT_EMPTY = "notEmpty"
    IN = "in"
    NOT_IN = "notIn"


NEGATIONS: Final = {
    Comparison.NOT_EQUALS: Comparison.EQUALS,
    Comparison.NOT_CONTAINS: Comparison.CONTAINS,
    Comparison.NOT_EXISTS: Comparison.EXISTS,
    Comparison.NOT_EMPTY: Comparison.EMPTY,
    Comparison.NOT_IN: Comparison.IN,
}
"""Comparisons that hold exactly where another one does not."""

UNARY: Final = frozenset({Comparison.EXISTS, Comparison.NOT_EXISTS, Comparison.EMPTY, Comparison.NOT_EMPTY})
"""Comparisons that look at one value only."""

_SYMBOLS: Final = {
    Comparison.GREATER: ">",
    Comparison.GREATER_OR_EQUAL: ">=",
    Comparison.LESS: "<",
    Comparison.LESS_OR_EQUAL: "<=",
}
_ORDERED: Final = frozenset({JsonType.NUMBER, JsonType.STRING})
_TEXT_ONLY: Final = frozenset({None, ComparedAs.TEXT})
_TRUE: Final = jsonata("true", type=JsonType.BOOLEAN, optional=False, fallible=False, atomic=True)


def compare(
    operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None = None
) -> Expression | Misfit:
    """Write a test whether the left value stands to the right one as the operator says.

    The test is a boolean and does not fail by itself. No value counts as null. Null equals null only, is empty, does
    not exist, and every other comparison with it is false; a negation is true exactly where what it negates is false.
    Without `as_`, values of different types differ, and numbers and texts are ordered each among themselves.

    Returns:
        The test, or why the right value does not fit the operator.
    """
    positive = NEGATIONS.get(operator, operator)
    test = _WRITERS[positive](positive, left, right, as_)
    if positive is operator or isinstance(test, Misfit):
        return test
    return call("not", test, type=JsonType.BOOLEAN, optional=False, fallible=test.fallible)


class _Test:
    """A test in the making: values that are looked at more than once get a name first."""

    def __init__(self) -> None:
        self._bindings: list[str | Expression] = []

    def name(self, value: Expression, name: str) -> Expression:
        """Give a value as an operand that may be repeated."""
        if is_repeatable(value):
            return value
        self._bindings += [f"${name} := ", value, "; "]
        parts, locals_ = (f"${name}",), frozenset({name})
        return Expression(parts, locals_, value.type, value.optional, fallible=False, pure=value.pure, atomic=True)

    def holds(self, *pieces: str | Expression) -> Expression:
        """Close the test with what must hold of the named values."""
        if self._bindings:
            pieces = ("(", *self._bindings, *pieces, ")")
        fallible = any(piece.fallible for piece in pieces if isinstance(piece, Expression))
        atomic = bool(self._bindings)
        return jsonata(*pieces, type=JsonType.BOOLEAN, optional=False, fallible=fallible, atomic=atomic)


def _equals(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    del operator
    if right is None:
        return _Test().holds(operand(or_null(left)), " = null")
    other = converted_template(right, as_)
    if isinstance(other, Misfit):
        return other
    if is_literal(right):
        return _Test().holds(operand(converted(left, as_)), " = ", operand(other))
    if as_ is None:
        return _Test().holds(operand(or_null(left)), " = ", operand(or_null(other)))
    test = _Test()
    left = test.name(or_null(left), "left")
    right_value = test.name(or_null(_value(right)), "right")
    same = (converted(left, as_), " = ", converted(right_value, as_))
    return test.holds(*same, " or (", left, " = null and ", right_value, " = null)")


def _value(template: Template) -> Expression:
    return template if isinstance(template, Expression) else as_expression(template)


def _order(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    other = _unordered(operator, as_) or converted_template(right, as_)
    if isinstance(other, Misfit):
        return other
    if other.type is not None and other.type not in _ORDERED:
        return Misfit(f"Nothing is {operator.value} than {_a(other.type)}", "Compare with a number, a text or a date.")
    test = _Test()
    left, other = test.name(converted(left, as_), "left"), test.name(other, "right")
    return test.holds(*_ordered(_SYMBOLS[operator], left, other))


def _unordered(operator: Comparison, as_: ComparedAs | None) -> Misfit | None:
    if as_ is ComparedAs.BOOLEAN or as_ is ComparedAs.LIST:
        return Misfit(
            f"The operator {operator.value!r} has no order for {as_.value}", "Compare numbers, texts or dates."
        )
    return None


def _ordered(symbol: str, left: Expression, right: Expression) -> tuple[str | Expression, ...]:
    """Order two values that may be repeated, when they are of one type that has an order."""
    conditions: list[tuple[str | Expression, ...]] = []
    known = {value.type for value in (left, right) if value.type is not None}
    for value in (left, right):
        if value.type is None and known:
            conditions.append(("$type(", value, f') = "{min(known)}"'))
        elif value.type is not None and value.optional:
            conditions.append(("$exists(", value, ")"))
    if len(known) > 1:
        conditions.append(("false",))
    if not known:
        conditions.append(("$type(", left, ") = $type(", right, ")"))
        conditions.append(("$type(", left, ') in ["number", "string"]'))
    conditions.append((left, f" {symbol} ", right))
    return _all(conditions)


def _all(conditions: list[tuple[str | Expression, ...]]) -> tuple[str | Expression, ...]:
    pieces: list[str | Expression] = []
    for condition in conditions:
        pieces += [" and "] if pieces else []
        pieces += condition
    return tuple(pieces)


def _between(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    misfit = _unordered(operator, as_)
    if misfit is not None:
        return misfit
    test = _Test()
    if isinstance(right, list) and len(right) == 2:
        bounds = [converted_template(bound, as_) for bound in right]
    elif isinstance(right, Expression):
        both = test.name(right, "bounds")
        bounds = [converted(jsonata(both, f"[{index}]", fallible=False, atomic=True), as_) for index in (0, 1)]
    else:
        return Misfit("The operator 'between' expects a list of two values", "Write [lowest, highest].")
    low, high = bounds
    if isinstance(low, Misfit):
        return low
    if isinstance(high, Misfit):
        return high
    left = test.name(converted(left, as_), "left")
    low, high = test.name(low, "low"), test.name(high, "high")
    return test.holds(*_ordered(">=", left, low), " and ", *_ordered("<=", left, high))


def _contains(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    if as_ not in {None, ComparedAs.TEXT, ComparedAs.LIST}:
        return Misfit(
            f"The operator {operator.value!r} looks into texts and lists", "Leave the type out, or write list."
        )
    test = _Test()
    if as_ is ComparedAs.TEXT:
        other = converted_template(right, as_)
        if isinstance(other, Misfit):
            return other
        left, other = test.name(converted(left, as_), "left"), test.name(other, "right")
        return test.holds(*_all([*_present(left, other), ("$contains(", left, ", ", other, ")")]))
    left, other = test.name(converted(left, as_), "left"), test.name(_value(right), "right")
    if as_ is ComparedAs.LIST:
        return test.holds("$exists(", left, "[$ = ", other, "])")
    is_list = ("$type(", left, ') = "array"')
    member = ("$exists(", left, "[$ = ", other, "])")
    if other.type is not None and other.type is not JsonType.STRING:
        return test.holds(*is_list, " and ", *member)
    part = ("$contains(", left, ", ", other, ")")
    if other.type is None:
        part = ("($type(", other, ') = "string" and ', *part, ")")
    key = (other, " in $keys(", left, ")")
    return test.holds(
        *("$type(", left, ') = "string" ? ', *part, " : "),
        *(*is_list, " ? ", *member, " : "),
        *("$type(", left, ') = "object" ? ', *key, " : false"),
    )


def _present(*values: Expression) -> list[tuple[str | Expression, ...]]:
    return [("$exists(", value, ")") for value in values if value.optional]


def _texts(*values: Expression) -> list[tuple[str | Expression, ...]]:
    """Say that values are texts, for those not known to be."""
    unknown = [("$type(", value, ') = "string"') for value in values if value.type is not JsonType.STRING]
    return [*unknown, *_present(*(value for value in values if value.type is JsonType.STRING))]


def _affix(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    if as_ not in _TEXT_ONLY:
        return Misfit(f"The operator {operator.value!r} looks at texts", "Leave the type out, or write text.")
    other = converted_template(right, as_)
    if isinstance(other, Misfit):
        return other
    if other.type not in {None, JsonType.STRING}:
        return Misfit(f"The operator {operator.value!r} expects a text", "Put the value in quotes.")
    test = _Test()
    left, other = test.name(converted(left, as_), "left"), test.name(other, "right")
    start = "0, $length(" if operator is Comparison.STARTS_WITH else "$length("
    cut = (start, other, ")")
    if operator is Comparison.ENDS_WITH:
        cut = ("$length(", left, ") - $length(", other, ")")
    return test.holds(*_all([*_texts(left, other), ("$substring(", left, ", ", *cut, ") = ", other)]))


def _matches(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    if as_ not in _TEXT_ONLY:
        return Misfit(f"The operator {operator.value!r} looks at texts", "Leave the type out, or write text.")
    if not isinstance(right, str):
        message = "The operator 'matches' expects a regular expression written out as text"
        return Misfit(
            message, "Write the pattern itself, or use $match in an expression with a pattern between slashes."
        )
    pattern = pattern_literal(right)
    if pattern is None:
        message = f"{right[:60]!r} cannot be used as a regular expression"
        return Misfit(message, PATTERN_REMEDY)
    test = _Test()
    left = test.name(converted(left, as_), "left")
    return test.holds(*_all([*_texts(left), ("$contains(", left, f", {pattern})")]))


def _exists(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    del operator, right, as_
    return _Test().holds(operand(left), " != null")


def _empty(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    del operator, right, as_
    test = _Test()
    left = test.name(or_null(left), "left")
    return test.holds(left, " = null or ", left, ' = "" or ', left, " = [] or ", left, " = {}")


def _in(operator: Comparison, left: Expression, right: Template, as_: ComparedAs | None) -> Expression | Misfit:
    test = _Test()
    if not isinstance(right, list | Expression):
        return Misfit(f"The operator {operator.value!r} expects a list", "Write the values in a list: [a, b].")
    if isinstance(right, list) and is_literal(right):
        members = [literal(None) if member is None else converted_template(member, as_) for member in right]
        misfits = [member for member in members if isinstance(member, Misfit)]
        if misfits:
            return misfits[0]
        found = [member for member in members if isinstance(member, Expression)]
        listed = jsonata("[", *_listed(found), "]", type=JsonType.ARRAY, optional=False, fallible=False, atomic=True)
        if None in right:
            left = test.name(or_null(left), "left")
            null = ("" if as_ is None else left, "" if as_ is None else " = null or ")
        else:
            null = ("", "")
        value = converted(left, as_)
        if all(not isinstance(member, list | dict) for member in right):
            return test.holds(*null, operand(value), " in ", listed)
        value = test.name(value, "value")
        return test.holds(*null, "$exists(", listed, "[$ = ", value, "])")
    value, listed = test.name(converted(or_null(left), as_), "left"), test.name(_value(right), "list")
    member = converted(jsonata("$", fallible=False, atomic=True), as_)
    return test.holds("$exists(", listed, "[", member, " = ", value, "])")


def _listed(members: list[Expression]) -> list[str | Expression]:
    pieces: list[str | Expression] = []
    for member in members:
        pieces += [", "] if pieces else []
        pieces.append(member)
    return pieces


def _a(type_: JsonType) -> str:
    return "null" if type_ is JsonType.NULL else f"{'an' if type_.value[0] in 'ao' else 'a'} {type_.value}"


_Writer = Callable[[Comparison, Expression, Template, ComparedAs | None], Expression | Misfit]
_WRITERS: Final[dict[Comparison, _Writer]] = {
    Comparison.EQUALS: _equals,
    Comparison.GREATER: _order,
    Comparison.GREATER_OR_EQUAL: _order,
    Comparison.LESS: _order,
    Comparison.LESS_OR_EQUAL: _order,
    Comparison.BETWEEN: _between,
    Comparison.CONTAINS: _contains,
    Comparison.STARTS_WITH: _affix,
    Comparison.ENDS_WITH: _affix,
    Comparison.MATCHES: _matches,
    Comparison.EXISTS: _exists,
    Comparison.EMPTY: _empty,
    Comparison.IN: _in,
}
