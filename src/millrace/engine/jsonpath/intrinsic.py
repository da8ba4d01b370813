r"""Intrinsic functions: `States.Format('{} of {}', $.n, States.ArrayLength($.items))`.

Sources: Amazon States Language specification, "Intrinsic Functions"; that only `\'`, `\{`, `\}` and `\\` are escapes,
and that failures are States.Runtime with these words, is AWS's observed behaviour.
"""

import re
from dataclasses import dataclass
from typing import Final, NoReturn, TypeAlias, Union

import orjson

from millrace.engine.errors import RUNTIME, StateError
from millrace.engine.expressions import Scope
from millrace.engine.jsonpath.errors import Miss
from millrace.engine.jsonpath.format_text import TemplateError, format_text, written
from millrace.engine.jsonpath.intrinsic_functions import FUNCTIONS, ArgumentError, text_from
from millrace.engine.jsonpath.path import Path
from millrace.engine.payload import text_of
from millrace.model.json import Json

FORMAT: Final = "Format"
_STRING_TO_JSON: Final = "StringToJson"

_BLANKS: Final = re.compile(r"\s*")
_NAME: Final = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_TEXT: Final = re.compile(r"'((?:[^'\\]|\\[\\'{}])*)'")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD: Final = re.compile(r"(true|false|null)\b")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written in the call.

    Attributes:
        raw: A text with its escapes, which States.Format reads itself; None for other values.
    """

    value: Json
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments.

    Attributes:
        text: The call as it is written.
    """

    name: str
    arguments: "tuple[Argument, ...]"
    text: str


Argument: TypeAlias = Union[Literal, Path, Call]  # noqa: UP007 - names a class that mentions it


class Intrinsic:
    """A call of an intrinsic function in one field of a state.

    Args:
        text: The call.
        location: The field as AWS names it; in a payload template the key alone ("total.$").

    Raises:
        ValueError: The text does not parse.
    """

    __slots__ = ("_call", "location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location
        self._call = _Parser(text, location).whole()

    def evaluate(self, scope: Scope) -> Json:
        """Give the function's result.

        Raises:
            StateError: States.Runtime: an argument is not there or not what the function takes.
        """
        return self._value(self._call, scope)

    def _value(self, argument: Argument, scope: Scope) -> Json:
        match argument:
            case Literal():
                return argument.value
            case Call():
                return self._result(argument, scope)
            case Path():
                try:
                    return argument.select(scope)
                except Miss:
                    raise StateError(
                        RUNTIME,
                        f"The function '{self.text}' had the following error: The JsonPath argument for the field "
                        f"'{argument.text}' could not be found in the input '{text_of(argument.document(scope))}'",
                    ) from None

    def _result(self, call: Call, scope: Scope) -> Json:
        values = [self._value(argument, scope) for argument in call.arguments]
        try:
            if call.name == FORMAT:
                return _format(call, values)
            signature = FUNCTIONS[call.name]
            if len(values) < signature.least or (signature.most is not None and len(values) > signature.most):
                raise ArgumentError
            return signature.call(values, scope.random)
        except ArgumentError:
            raise _failure(call, f"Invalid arguments in States.{call.name}") from None
        except TemplateError as error:
            raise _failure(call, str(error)) from None


def _format(call: Call, values: list[Json]) -> str:
    if not values:
        raise ArgumentError
    first = call.arguments[0]
    raw = first.raw if isinstance(first, Literal) else None
    template = text_from(values[0]) if raw is None else raw
    texts = [
        # What StringToJson gives is written as JSON: a text keeps its quotes.
        text_of(value) if isinstance(argument, Call) and argument.name == _STRING_TO_JSON else written(value)
        for argument, value in zip(call.arguments[1:], values[1:], strict=True)
    ]
    return format_text(template, texts)


def _failure(call: Call, what: str) -> StateError:
    return StateError(RUNTIME, f"There was an error while evaluating the intrinsic function: {call.text}. {what}")


def read_path(text: str, location: str) -> Path | Intrinsic:
    """Read a field that holds a path or a call of an intrinsic function.

    Raises:
        ValueError: It is neither.
    """
    return Path(text, location) if text.startswith("$") else Intrinsic(text, location)


class _Parser:
    def __init__(self, text: str, location: str) -> None:
        self._text = text
        self._location = location
        self._at = 0

    def whole(self) -> Call:
        self._blanks()
        call = self._call()
        self._blanks()
        if self._at < len(self._text):
            self._fail("expected the end")
        return call

    def _call(self) -> Call:
        start = self._at
        match = self._match(_NAME)
        if match is None:
            self._fail("expected a function: States.Name(...)")
        name = match[1]
        if name != FORMAT and name not in FUNCTIONS:
            self._fail(f"expected one of the functions {', '.join(sorted([*FUNCTIONS, FORMAT]))}, found {name!r}")
        arguments: list[Argument] = []
        self._blanks()
        if self._text.startswith(")", self._at):
            self._at += 1
            return Call(name, (), self._text[start : self._at])
        while True:
            arguments.append(self._argument())
            self._blanks()
            separator = self._text[self._at : self._at + 1]
            if separator not in {",", ")"}:
                self._fail("expected ',' or ')'")
            self._at += 1
            if separator == ")":
                return Call(name, tuple(arguments), self._text[start : self._at])

    def _argument(self) -> Argument:
        self._blanks()
        if self._text.startswith("$", self._at):
            return self._path()
        if match := self._match(_TEXT):
            return Literal(_ESCAPE.sub(r"\1", match[1]), match[1])
        if match := self._match(_NUMBER):
            return Literal(_number(match[0]))
        if match := self._match(_WORD):
            return Literal(orjson.loads(match[1]))
        if self._text.startswith("'", self._at):
            self._fail(r"expected a text that ends with ' and has no escapes but \', \{, \} and \\")
        return self._call()

    def _path(self) -> Path:
        start = self._at
        closing: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if closing and closing[-1] in {"'", '"'}:
                if character == closing[-1]:
                    closing.pop()
            elif closing and character == closing[-1]:
                closing.pop()
            elif character in "([":
                closing.append(")" if character == "(" else "]")
            elif closing and character in {"'", '"'}:
                closing.append(character)
            elif not closing and character in ",)":
                break
            self._at += 1
        return Path(self._text[start : self._at].rstrip(), self._location)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _blanks(self) -> None:
        self._match(_BLANKS)

    def _fail(self, what: str) -> NoReturn:
        raise ValueError(f"{self._text!r} at position {self._at}: {what}")


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
