"""Taking a value for a text, a number, a boolean, a date or a list, in JSONata that never fails."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from millrace.expressions.building import as_expression, call, jsonata, literal
from millrace.expressions.expression import Expression, Reference, Template
from millrace.expressions.tree import is_literal
from millrace.model import Json, JsonType


class ComparedAs(StrEnum):
    """What both values of a comparison are taken for."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    LIST = "list"


class Misfit(NamedTuple):
    """Why a comparison cannot be made."""

    message: str
    remedy: str


_JSON_TYPES: Final = {
    ComparedAs.TEXT: JsonType.STRING,
    ComparedAs.NUMBER: JsonType.NUMBER,
    ComparedAs.BOOLEAN: JsonType.BOOLEAN,
    ComparedAs.DATE: JsonType.NUMBER,
    ComparedAs.LIST: JsonType.ARRAY,
}
_SHOWN: Final = {
    ComparedAs.TEXT: "a text",
    ComparedAs.NUMBER: "a number",
    ComparedAs.BOOLEAN: "true or false",
    ComparedAs.DATE: "a date such as 2026-01-31 or 2026-01-31T12:00:00Z",
    ComparedAs.LIST: "a list",
}
_VARIABLE: Final = re.compile(r"\$\w+")
_COMPUTED: Final = re.compile(r"[($]")
_NUMBER: Final = r"^\s*-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][-+]?[0-9]{1,2})?\s*$"
"""Text that `$number` takes, after `$trim`, without leaving the range of doubles."""

_LEAP_DAY: Final = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29"
_DAY: Final = (
    r"[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_TIME: Final = r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[-+]([01][0-9]|2[0-3]):?[0-5][0-9])?"
_DATE: Final = rf"^({_LEAP_DAY}|{_DAY})({_TIME})?$"
"""The days that exist, in the form that `$toMillis` takes without a picture (JSONata, "Date/Time functions")."""


def is_repeatable(value: Expression) -> bool:
    """Whether a value may be written several times and in predicates: a reference, a local variable or a literal."""
    if len(value.parts) != 1 or not value.atomic:
        return False
    only = value.parts[0]
    if not isinstance(only, str):
        return isinstance(only, Reference)
    return _VARIABLE.fullmatch(only) is not None or (value.type is not None and _COMPUTED.search(only) is None)


def converted(value: Expression, as_: ComparedAs | None) -> Expression:
    """Take a value for what it is compared as; nothing where it is not that."""
    if as_ is None or (as_ is not ComparedAs.DATE and value.type is _JSON_TYPES[as_]):
        return value
    held = value if is_repeatable(value) else jsonata("$_")
    binding = () if is_repeatable(value) else ("$_ := ", value, "; ")
    pieces = ("(", *binding, *_conversion(held, as_), ")")
    return jsonata(*pieces, type=_JSON_TYPES[as_], fallible=value.fallible, atomic=True)


def _conversion(value: Expression, as_: ComparedAs) -> tuple[str | Expression, ...]:
    is_text = ("$type(", value, ') = "string"')
    is_number = ("$type(", value, ') = "number"')
    match as_:
        case ComparedAs.TEXT:
            return (value, " != null ? $string(", value, ")")
        case ComparedAs.NUMBER:
            number = ("$contains(", value, f", /{_NUMBER}/) ? $number($trim(", value, "))")
            return (*is_number, " ? ", value, " : ", *is_text, " ? (", *number, ")")
        case ComparedAs.BOOLEAN:
            is_boolean = ("$type(", value, ') = "boolean"')
            return (*is_boolean, " ? ", value, " : ", value, ' = "true" ? true : ', value, ' = "false" ? false')
        case ComparedAs.DATE:
            date = ("$contains(", value, f", /{_DATE}/) ? $toMillis(", value, ")")
            return (*is_number, " ? ", value, " : ", *is_text, " ? (", *date, ")")
        case ComparedAs.LIST:
            return ("$type(", value, ') = "array" ? ', value, " : ", value, " != null ? [", value, "]")


def converted_template(template: Template, as_: ComparedAs | None) -> Expression | Misfit:
    """Take a value of the config for what it is compared as; a literal is converted now, or does not fit."""
    if as_ is None or not is_literal(template):
        value = template if isinstance(template, Expression) else as_expression(template)
        return converted(value, as_)
    value = _converted_literal(template, as_)
    if value is None:
        message = f"The rule compares as {as_.value}, but its value {_shown(template)} is not {_SHOWN[as_]}"
        return Misfit(message, f"Write {_SHOWN[as_]}, or leave the type out.")
    return value


def _shown(template: Template) -> str:
    text = as_expression(template).render(lambda _: "")
    return text if len(text) <= 60 else text[:57] + "..."


def _converted_literal(value: Template, as_: ComparedAs) -> Expression | None:
    match as_, value:
        case ComparedAs.LIST, list():
            return as_expression(value)
        case ComparedAs.LIST, _:
            return as_expression([value])
        case ComparedAs.TEXT, str():
            return literal(value)
        case ComparedAs.TEXT, bool() | int() | float():
            return call("string", literal(value), type=JsonType.STRING, optional=False, fallible=False)
        case ComparedAs.BOOLEAN, bool() | "true" | "false":
            return literal(value in {True, "true"})
        case (ComparedAs.NUMBER | ComparedAs.DATE, bool()):
            return None
        case (ComparedAs.NUMBER | ComparedAs.DATE, int() | float()):
            return literal(value)
        case ComparedAs.NUMBER, str() if re.fullmatch(_NUMBER, value, re.ASCII):
            return literal(_number(value))
        case ComparedAs.DATE, str() if re.fullmatch(_DATE, value):
            return call("toMillis", literal(value), type=JsonType.NUMBER, optional=False, fallible=False)
        case _:
            return None


def _number(text: str) -> Json:
    return float(text) if re.search("[.eE]", text) else int(text)
