"""Whether a text is JSONata, and in plain words why and where it is not.

A fast compiler (jsonatapy) judges every text. Only when it refuses one is the slower jsonata-python asked, because its
errors carry the position.
"""

import re
from bisect import bisect_left
from typing import Final, NamedTuple

import jsonatapy

from millrace.expressions.findings import Scan
from millrace.expressions.pattern import PATTERN_REMEDY, is_pattern
from millrace.expressions.problem import Problem
from millrace.model import Code

_LONGEST_LOCATED: Final = 8 * 1024
"""How many characters a text may have for its mistake to be located; the locating parser is quadratic."""

_LONGEST_SHOWN: Final = 40

_SIGN: Final = re.compile(r"\b[A-Z][0-9]{4}\b")


class _Explanation(NamedTuple):
    """What a parser's error code means; `{token}` and `{wanted}` are what it found and wanted."""

    message: str
    remedy: str
    expected: str | None = None


_EXPLANATIONS: Final = {
    "S0102": _Explanation("The number {token} is too large", "Write a number below 1.8e308."),
    "S0103": _Explanation(
        "The text has an unknown escape, {detail}",
        r"Write \\ for a backslash; the escapes are \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits.",
    ),
    "S0104": _Explanation(r"\u is not followed by four hexadecimal digits", r"Write all four, as in \u00e9."),
    "S0201": _Explanation(
        "{token} cannot stand here", "Put an operator before it, or remove it.", "an operator or the end"
    ),
    "S0202": _Explanation(
        "{token} stands where {wanted} is expected", "Write {wanted}, a comma or an operator before it.", "{wanted}"
    ),
    "S0203": _Explanation("The expression ends before {wanted}", "Add {wanted}.", "{wanted}"),
    "S0207": _Explanation(
        "The expression ends where a value is expected", "Write the value that is missing.", "a value"
    ),
    "S0208": _Explanation(
        "The parameter {token} has no dollar sign", "Write it as in function($x) {{ ... }}.", "a name such as $x"
    ),
    "S0209": _Explanation(
        "A predicate cannot follow a grouping", "Put the grouping in brackets before it: (x{{...}})[0]."
    ),
    "S0210": _Explanation("A step cannot be grouped twice", "Keep one of the two groupings."),
    "S0211": _Explanation("A value is missing before {token}", "Write a value there, or remove {token}.", "a value"),
    "S0212": _Explanation("Only a local variable can be given a value", "Write $name before :=.", "$name"),
    "S0213": _Explanation(
        "{token} cannot be a step of a path", "Pick an item with [0], and put unusual names in backquotes.", "a name"
    ),
    "S0214": _Explanation("A local variable is missing", "Write a name with a dollar sign behind it.", "$name"),
    "S0215": _Explanation("A binding with @ cannot follow a predicate", "Bind the name before the predicate."),
    "S0216": _Explanation("A binding with @ cannot follow an order", "Bind the name before the order."),
    "S0217": _Explanation(
        "The parent (%) of this value cannot be told", "Bind the outer value to a name with @$name, and use that."
    ),
    "S0401": _Explanation("The signature of this function is malformed", "Leave the signature out."),
    "S0402": _Explanation("The signature of this function is malformed", "Leave the signature out."),
}
_GENERAL: Final = _Explanation("This is not JSONata: {detail}", "See docs.jsonata.org for what may be written.")


class _Location(NamedTuple):
    """Where the locating parser gave up: behind which character of the checked text, and what it wanted there."""

    code: str
    position: int | None
    wanted: str


def check_syntax(text: str, scan: Scan) -> Problem | None:
    """Say what keeps a scanned text from being JSONata; None when it is.

    The mistakes that the scan itself found are not looked for again.
    """
    try:
        jsonatapy.compile(scan.checked)
    except ValueError as error:
        return _explain(text, scan, str(error))
    for start, pattern in scan.patterns:
        problem = _check_pattern(start, pattern)
        if problem is not None:
            return problem
    return None


def _check_pattern(start: int, pattern: str) -> Problem | None:
    if is_pattern(pattern):
        return None
    message = f"{pattern} cannot be used as a regular expression"
    return Problem(Code.SYNTAX_ERROR, message, PATTERN_REMEDY, start + 1, "a regular expression", pattern)


def _explain(text: str, scan: Scan, refusal: str) -> Problem:
    if refusal.startswith("U1002"):
        message = "The expression is too long a chain of operators, or nests too deep"
        remedy = "Take it apart, with a set or transform node for each part."
        return Problem(Code.LIMIT_EXCEEDED, message, remedy, scan.start + 1, "at most 1000 operators in one chain")
    location = _locate(scan.checked) if len(scan.checked) <= _LONGEST_LOCATED else None
    if location is None or location.code not in _EXPLANATIONS:
        sign = _SIGN.search(refusal)
        location = _Location(sign[0] if sign is not None else "", location.position if location else None, "")
    token, column = _token(text, scan, location)
    explanation = _EXPLANATIONS.get(location.code, _GENERAL)

    def fill(sentence: str) -> str:
        detail = refusal.rpartition(": ")[2]
        return sentence.format(token=token or "this", wanted=location.wanted or "something else", detail=detail)

    expected = None if explanation.expected is None else fill(explanation.expected)
    return Problem(
        Code.SYNTAX_ERROR, fill(explanation.message), fill(explanation.remedy), column, expected, token or None
    )


def _locate(checked: str) -> _Location | None:
    """Ask the parser whose errors carry positions; None when it cannot tell."""
    from jsonata import Jsonata
    from jsonata.jexception import JException

    try:
        Jsonata(checked)
    except JException as error:
        wanted = error.current if error.error in {"S0202", "S0203"} else ""
        return _Location(error.error, error.location, repr(wanted) if wanted else "")
    except Exception:  # noqa: BLE001 - the parser fails in many ways on texts that are no JSONata; none tells the place
        return None
    return None


def _token(text: str, scan: Scan, location: _Location) -> tuple[str, int]:
    """Give the token that an error is about, as the user wrote it, and its 1-based column."""
    if location.position is None:
        return "", scan.start + 1
    at = scan.start + location.position
    end = scan.start + len(scan.checked)
    if location.code in {"S0203", "S0207"}:
        return "the end", end + 1
    index = max(bisect_left(scan.tokens, at) - 1, 0)
    start = scan.tokens[index]
    following = scan.tokens[index + 1] if index + 1 < len(scan.tokens) else end
    token = text[start:following].strip()
    return repr(token if len(token) <= _LONGEST_SHOWN else token[:_LONGEST_SHOWN] + "..."), start + 1
