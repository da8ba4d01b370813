"""The text of States.Format: its template, and how values are written into it.

Sources: Amazon States Language specification, "Intrinsic Functions"; objects and numbers are written as Java does,
as recorded on AWS.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from millrace.model.json import Json

_PARTS: Final = re.compile(r"\\([\\'{}])|(\{\})|([{}])|([^\\{}]+|\\)")


class TemplateError(ValueError):
    """The template has a brace without its counterpart, or another number of places than there are values."""


def format_text(template: str, values: Sequence[str]) -> str:
    r"""Put texts in the place of each `{}`; `\{`, `\}`, `\'` and `\\` stand for themselves.

    Raises:
        TemplateError: The template and the values do not fit.
    """
    parts: list[str] = []
    used = 0
    for escaped, place, brace, text in _PARTS.findall(template):
        if brace:
            counterpart = "'}' not found for '{'" if brace == "{" else "'{' not found for '}'"
            raise TemplateError(f"Invalid template in States.Format: matching {counterpart}.")
        if place:
            parts.append(values[used] if used < len(values) else "")
            used += 1
        else:
            parts.append(escaped or text)
    if used != len(values):
        raise TemplateError(
            "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}."
        )
    return "".join(parts)


def written(value: Json) -> str:
    """Write a value as Java's toString does: `{a=1, b=[x, y]}`, texts without quotes."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _double(value)
        case list():
            return f"[{', '.join(map(written, value))}]"
        case dict():
            return "{" + ", ".join(f"{key}={written(member)}" for key, member in value.items()) + "}"


def _double(value: float) -> str:
    """Write a double as Java's Double.toString does: 1.0E7 from ten million on, and below a thousandth."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else f"{text}.0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    mantissa = "".join(map(str, digits))
    return f"{'-' if sign else ''}{mantissa[0]}.{mantissa[1:] or '0'}E{exponent + len(mantissa) - 1}"
