"""Expressions by plain substitution: names become variables, and JSONata does the rest."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import count
from typing import Any, Final

import jsonatapy

from millrace.model import Json

Lookup = Callable[[str, str], Any]
"""Gives the value of a reference by what is read (`output`, `vars`, `input` …) and its name."""

_STRING: Final = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\''
_BEFORE: Final = r"(?<![\w$.`-])"
_OWN: Final = (
    r"(?P<record>run\.id|run\.startedAt|workflow\.id|workflow\.version)\b"
    r"|(?P<table>inputs|vars)\.(?P<key>[A-Za-z_]\w*)"
    r"|(?P<whole>inputs|input|trigger)\b"
)


class EvaluationFailed(Exception):  # noqa: N818 - what JSONata says, not a mistake of the evaluator
    """Says that an expression failed."""


class Expressions:
    """Evaluates the templates of one document.

    Args:
        nodes: The ids of its nodes.
    """

    def __init__(self, nodes: Collection[str]) -> None:
        ids = "|".join(re.escape(node) for node in sorted(nodes, key=len, reverse=True)) or "(?!)"
        reference = rf"(?:(?P<node>{ids})|`(?P<quoted>{ids})`)\.(?P<member>output|error|item|index)\b"
        self._names = re.compile(rf"{_STRING}|{_BEFORE}(?:{reference}|{_OWN})")

    def template(self, value: Json, lookup: Lookup) -> Any:
        """Evaluate a config value.

        Raises:
            EvaluationFailed: An expression in it failed.
        """
        match value:
            case str():
                return self._text(value, lookup)
            case list():
                return [self.template(item, lookup) for item in value]
            case dict():
                return {key: self.template(member, lookup) for key, member in value.items()}
            case _:
                return value

    def expression(self, text: str, lookup: Lookup, item: Any = None) -> Any:
        """Evaluate JSONata without `${ … }`; without a value it gives null."""
        bindings: dict[str, Any] = {}
        numbers = count()

        def bind(match: re.Match[str]) -> str:
            kind, name = _reference(match)
            if not kind:
                return match[0]
            variable = f"reference{next(numbers)}"
            # A variable that is not bound gives nothing, as the member that is not there does.
            with suppress(KeyError):
                bindings[variable] = lookup(kind, name)
            return f"${variable}"

        return evaluate(self._names.sub(bind, text), item, bindings)

    def _text(self, text: str, lookup: Lookup) -> Any:
        pieces: list[str | tuple[str]] = []
        position = 0
        while (mark := text.find("${", position)) != -1:
            if mark > position and text[mark - 1] == "$":
                pieces += [text[position : mark - 1], "${"]
                position = mark + 2
                continue
            end = _closing(text, mark + 2)
            pieces += [text[position:mark], (text[mark + 2 : end],)]
            position = end + 1
        pieces.append(text[position:])
        pieces = [piece for piece in pieces if piece]
        if len(pieces) == 1 and isinstance(pieces[0], tuple):
            return self.expression(pieces[0][0], lookup)
        return "".join(
            piece if isinstance(piece, str) else _shown(self.expression(piece[0], lookup)) for piece in pieces
        )


def _reference(match: re.Match[str]) -> tuple[str, str]:
    if node := match["node"] or match["quoted"]:
        return match["member"], node
    if match["table"]:
        return match["table"], match["key"]
    return match["record"] or match["whole"] or "", ""


def evaluate(text: str, item: Any, bindings: dict[str, Any]) -> Any:
    """Evaluate JSONata; nothing is null."""
    try:
        return jsonatapy.compile(text).evaluate(item, bindings)
    except ValueError as error:
        raise EvaluationFailed(str(error)) from None


def truth(value: Any) -> bool:
    """Take a value for true or false as JSONata does."""
    return evaluate("$value ? true : false", None, {"value": value})


def equal(left: Any, right: Any) -> bool:
    """Compare as JSONata's `=` does."""
    return evaluate("$left = $right", None, {"left": left, "right": right})


def _shown(value: Any) -> str:
    return "" if value is None else evaluate("$string($value)", None, {"value": value})


def _closing(text: str, position: int) -> int:
    depth = 0
    for match in re.compile(rf"{_STRING}|[{{}}]").finditer(text, position):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            if not depth:
                return match.start()
            depth -= 1
    raise AssertionError(f"expected an expression that ends, found {text[position:]!r}")
