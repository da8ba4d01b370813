"""Expressions made of expressions: what the catalogue and the compiler write around the user's own."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from millrace.expressions.expression import Expression, Reference, ReferenceKind, Template
from millrace.expressions.functions import FUNCTIONS, IMPURE
from millrace.expressions.shape import REFERENCE_TYPES
from millrace.model import Json, JsonType, type_of

_HELD: Final = "_"
"""The local variable that holds a value while it is looked at.

No reference is ever named so, because node ids begin with a letter; it is bound and read in brackets of its own.
"""

_VARIABLE: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_NEVER_NULL: Final = frozenset(JsonType) - {JsonType.NULL}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def reference(kind: ReferenceKind, name: str = "") -> Expression:
    """Give the expression that is one reference."""
    read = Reference(kind, name)
    return Expression((read,), type=REFERENCE_TYPES.get(kind), optional=read.is_optional, fallible=False, atomic=True)


def literal(value: Json) -> Expression:
    """Write a JSON value as JSONata.

    JSONata's numbers are doubles: a larger integer is rounded to one, and what no double holds becomes null, as in
    JavaScript's JSON. A lone surrogate, which no JSON text can carry, becomes U+FFFD.
    """
    atomic = not isinstance(value, int | float) or value >= 0
    type_ = type_of(value)
    return Expression(("".join(_literal(value)),), type=type_, optional=False, fallible=False, atomic=atomic)


def _literal(value: Json) -> Iterator[str]:
    match value:
        case None | bool():
            yield json.dumps(value)
        case int() | float():
            yield _number(value)
        case str():
            yield _text(value)
        case list():
            yield "["
            for index, item in enumerate(value):
                if index:
                    yield ", "
                yield from _literal(item)
            yield "]"
        case dict():
            yield "{"
            for index, (key, item) in enumerate(value.items()):
                yield f"{', ' if index else ''}{_text(key)}: "
                yield from _literal(item)
            yield "}"


def _text(value: str) -> str:
    return json.dumps(_SURROGATE.sub("\ufffd", value), ensure_ascii=False)


def _number(value: float) -> str:
    if isinstance(value, int) and abs(value) <= 2**53:
        return str(value)
    try:
        double = float(value)
    except OverflowError:
        return "null"
    return repr(double) if math.isfinite(double) else "null"


def operand(expression: Expression) -> Expression:
    """Put an expression in brackets unless it can stand beside an operator without them."""
    if expression.atomic:
        return expression
    return bracketed(expression)


def bracketed(expression: Expression) -> Expression:
    """Put an expression in brackets, so that a predicate or a step behind it is about its whole value."""
    return _like(expression, ("(", *expression.parts, ")"), atomic=True)


def _like(expression: Expression, parts: tuple[str | Reference | Expression, ...], *, atomic: bool) -> Expression:
    return Expression(
        parts,
        expression.locals,
        expression.type,
        expression.optional,
        expression.fallible,
        expression.pure,
        atomic,
    )


def jsonata(
    *pieces: str | Expression,
    type: JsonType | None = None,  # noqa: A002 - the attribute that it becomes
    optional: bool = True,
    fallible: bool = True,
    atomic: bool = False,
    locals: Iterable[str] = (),  # noqa: A002 - the attribute that it becomes
) -> Expression:
    """Compose JSONata text and expressions; the text's own variables become the expression's locals.

    An expression is put in as it is: where it stands beside an operator, give `operand(expression)`. `locals` adds
    names that the text does not show.
    """
    parts: list[str | Reference] = []
    locals_: set[str] = set(locals)
    pure = True
    for piece in pieces:
        if isinstance(piece, str):
            names = set(_VARIABLE.findall(piece))
            locals_ |= names - FUNCTIONS.keys()
            pure = pure and IMPURE.isdisjoint(names)
            _append(parts, piece)
        else:
            locals_ |= piece.locals
            pure = pure and piece.pure
            for part in piece.walk():
                _append(parts, part)
    return Expression(tuple(parts), frozenset(locals_), type, optional, fallible, pure, atomic)


def _append(parts: list[str | Reference], part: str | Reference) -> None:
    if isinstance(part, str) and parts and isinstance(parts[-1], str):
        parts[-1] += part
    else:
        parts.append(part)


def call(
    function: str,
    *arguments: Expression,
    type: JsonType | None = None,  # noqa: A002 - the attribute that it becomes
    optional: bool = True,
    fallible: bool = True,
) -> Expression:
    """Call a function, named without its dollar sign."""
    pieces: list[str | Expression] = [f"${function}("]
    for index, argument in enumerate(arguments):
        if index:
            pieces.append(", ")
        pieces.append(argument)
    return jsonata(*pieces, ")", type=type, optional=optional, fallible=fallible, atomic=True)


def or_null(expression: Expression) -> Expression:
    """Give null where an expression gives nothing."""
    if not expression.optional:
        return expression
    return jsonata(
        f"($exists(${_HELD} := ",
        expression,
        f") ? ${_HELD} : null)",
        type=None,
        optional=False,
        fallible=expression.fallible,
        atomic=True,
    )


def interpolate(pieces: Sequence[str | Expression]) -> Expression:
    """Join text and values to one text, in which null and no value are nothing and objects and arrays are JSON."""
    joined: list[str | Expression] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    operands = [literal(piece) if isinstance(piece, str) else _shown(piece) for piece in joined]
    if len(operands) < 2:
        operands.insert(0, literal(""))
    composed: list[str | Expression] = [operands[0]]
    for following in operands[1:]:
        composed += [" & ", following]
    fallible = any(piece.fallible for piece in operands)
    return jsonata(*composed, type=JsonType.STRING, optional=False, fallible=fallible)


def _shown(expression: Expression) -> Expression:
    """Give a value as an operand of `&`, which writes no value as nothing, but null as text."""
    if expression.type is JsonType.NULL:
        return literal("")
    if expression.type in _NEVER_NULL:
        return operand(expression)
    if len(expression.parts) == 1 and isinstance(expression.parts[0], Reference):
        pieces = ("(", expression, ' = null ? "" : ', expression, ")")
    else:
        pieces = (f"(${_HELD} := ", expression, f'; ${_HELD} = null ? "" : ${_HELD})')
    return jsonata(*pieces, fallible=expression.fallible, atomic=True)


def as_expression(template: Template) -> Expression:
    """Write a template, whose leaves may be expressions, as one expression; leaves without a value are null."""
    if isinstance(template, Expression):
        return or_null(template)
    pieces: list[str | Expression] = []
    _write(template, pieces)
    fallible = any(piece.fallible for piece in pieces if isinstance(piece, Expression))
    atomic = not isinstance(template, int | float) or template >= 0
    type_ = JsonType.ARRAY if isinstance(template, list) else JsonType.OBJECT if isinstance(template, dict) else None
    if not isinstance(template, list | dict):
        type_ = type_of(template)
    return jsonata(*pieces, type=type_, optional=False, fallible=fallible, atomic=atomic)


def _write(template: Template, pieces: list[str | Expression]) -> None:
    match template:
        case Expression():
            pieces.append(or_null(template))
        case list():
            pieces.append("[")
            for index, item in enumerate(template):
                if index:
                    pieces.append(", ")
                if isinstance(item, Expression):
                    pieces.append(_item(item))
                else:
                    _write(item, pieces)
            pieces.append("]")
        case dict():
            pieces.append("{")
            for index, (key, member) in enumerate(template.items()):
                pieces.append(f"{', ' if index else ''}{_text(key)}: ")
                _write(member, pieces)
            pieces.append("}")
        case _:
            pieces.append("".join(_literal(template)))


def _item(expression: Expression) -> Expression:
    """Give a value as an item of an array constructor, which takes an array for its items unless it is one itself."""
    if expression.type is not None and expression.type is not JsonType.ARRAY:
        return or_null(expression)
    if len(expression.parts) == 1 and isinstance(expression.parts[0], Reference) and not expression.optional:
        pieces = ("($type(", expression, ') = "array" ? [[', expression, "]] : ", expression, ")")
    else:
        otherwise = f"$exists(${_HELD}) ? ${_HELD} : null" if expression.optional else f"${_HELD}"
        pieces = (f"($type(${_HELD} := ", expression, f') = "array" ? [[${_HELD}]] : {otherwise})')
    return jsonata(*pieces, optional=False, fallible=expression.fallible, atomic=True)
