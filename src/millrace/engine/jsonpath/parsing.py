"""Reading the text of a path.

Sources: Jayway JsonPath's grammar; that a quoted name has no escapes and ends with the quote before `]` or `,` is
recorded on AWS.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

import orjson

from millrace.engine.jsonpath.aggregates import AGGREGATES
from millrace.engine.jsonpath.predicates import (
    OPERATORS,
    AllOf,
    AnyOf,
    Comparison,
    Exists,
    Literal,
    NoneOf,
    Operand,
    Selection,
)
from millrace.engine.jsonpath.steps import (
    DescendantFilter,
    Descent,
    Filter,
    Index,
    Indexes,
    Name,
    Names,
    Predicate,
    Slice,
    Step,
    Wildcard,
)
from millrace.model.json import Json

_T = TypeVar("_T")

_NAME: Final = re.compile(r"[^.\[\]()\s]+")
_NAME_IN_FILTER: Final = re.compile(r"[^.\[\](){}\s,'\"?@*=<>!&|~]+")
_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*")
_INTEGERS: Final = re.compile(r"\s*-?\d+(?:\s*,\s*-?\d+)*\s*\]")
_SLICE: Final = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*\]")
_OPERATOR: Final = re.compile(
    r"==|!=|<=|>=|=~|<|>|(?:" + "|".join(filter(str.isalpha, OPERATORS)) + r")\b", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD: Final = re.compile(r"(true|false|null)\b")
_REGULAR_EXPRESSION: Final = re.compile(r"/((?:[^/\\]|\\.)*)/([imsxuUd]*)")
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}


@dataclass(frozen=True, slots=True)
class Syntax:
    """What a path's text says.

    Attributes:
        variable: The variable that the path starts from; empty for the document, `$` for the context.
        steps: What follows.
        function: The function at its end; empty for none.
    """

    variable: str
    steps: tuple[Step, ...]
    function: str


def parse(text: str) -> Syntax:
    """Read a path.

    Raises:
        ValueError: The text is none; the message says what is wrong, and where.
    """
    return _Parser(text).path()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._name = _NAME

    def path(self) -> Syntax:
        if not self._take("$"):
            self._fail("a path starts with '$'")
        variable = "$" if self._take("$") else ""
        if not variable and (match := _VARIABLE.match(self._text, self._at)):
            variable = match[0]
            self._at = match.end()
        steps, function = self._steps()
        if self._at < len(self._text):
            self._fail("expected '.', '[' or the end")
        return Syntax(variable, steps, function)

    def _steps(self) -> tuple[tuple[Step, ...], str]:
        steps: list[Step] = []
        while True:
            if self._take(".."):
                steps.append(Descent())
                if self._peek() != "[":
                    steps.append(self._dotted())
            elif self._take("."):
                if function := self._function():
                    return tuple(steps), function
                if self._peek() != "[":
                    steps.append(self._dotted())
            elif self._take("["):
                step = self._bracketed()
                if isinstance(step, Filter) and steps and isinstance(steps[-1], Descent):
                    steps[-1] = DescendantFilter(step.predicate)
                else:
                    steps.append(step)
            else:
                return tuple(steps), ""

    def _dotted(self) -> Step:
        if self._take("*"):
            return Wildcard()
        match = self._name.match(self._text, self._at)
        if match is None:
            self._fail("expected a name; write ['...'] around one with other characters")
        self._at = match.end()
        return Name(match[0])

    def _function(self) -> str:
        match = self._name.match(self._text, self._at)
        if match is None or not self._text.startswith("(", match.end()):
            return ""
        name = match[0]
        if name not in AGGREGATES or not self._text.startswith("()", match.end()):
            known = ", ".join(f"{function}()" for function in AGGREGATES)
            self._fail(f"expected one of the functions {known}; found {name!r}")
        self._at = match.end() + 2
        return name

    def _bracketed(self) -> Step:
        self._blanks()
        if self._peek() in {"'", '"'}:
            return self._quoted()
        if self._take("?"):
            return Filter(self._filter())
        if self._take("*"):
            self._close()
            return Wildcard()
        if match := _INTEGERS.match(self._text, self._at):
            self._at = match.end()
            indexes = tuple(int(part) for part in match[0][:-1].split(","))
            return Index(indexes[0]) if len(indexes) == 1 else Indexes(indexes)
        match = _SLICE.match(self._text, self._at)
        if match is None:
            self._fail("'[' must be followed by a quoted name, an index, a slice, '*' or '?('")
        self._at = match.end()
        return Slice(*(None if part is None else int(part) for part in match.groups()))

    def _quoted(self) -> Step:
        names: list[str] = []
        while True:
            self._blanks()
            quote = self._peek()
            if quote not in {"'", '"'}:
                self._fail("expected a quoted name")
            end = re.compile(rf"{quote}\s*(?=[\],])").search(self._text, self._at + 1)
            if end is None:
                self._fail(f"expected the name's closing {quote}")
            names.append(self._text[self._at + 1 : end.start()])
            self._at = end.end()
            if self._take("]"):
                return Name(names[0]) if len(names) == 1 else Names(tuple(names))
            self._take(",")

    def _filter(self) -> Predicate:
        self._blanks()
        if not self._take("("):
            self._fail("expected '(' after '?'")
        outside, self._name = self._name, _NAME_IN_FILTER
        predicate = self._any_of()
        self._name = outside
        self._blanks()
        if not self._take(")"):
            self._fail("expected ')'")
        self._close()
        return predicate

    def _any_of(self) -> Predicate:
        parts = self._list(self._all_of, "||")
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self) -> Predicate:
        parts = self._list(self._condition, "&&")
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _list(self, read: Callable[[], _T], separator: str) -> list[_T]:
        parts = [read()]
        self._blanks()
        while self._take(separator):
            parts.append(read())
            self._blanks()
        return parts

    def _condition(self) -> Predicate:
        self._blanks()
        if self._take("!"):
            return NoneOf(self._condition())
        if self._take("("):
            predicate = self._any_of()
            self._blanks()
            if not self._take(")"):
                self._fail("expected ')'")
            return predicate
        left = self._operand()
        self._blanks()
        match = _OPERATOR.match(self._text, self._at)
        if match is None:
            if isinstance(left, Selection):
                return Exists(left)
            self._fail("expected an operator")
        self._at = match.end()
        return Comparison(left, OPERATORS[match[0].lower()], self._operand())

    def _operand(self) -> Operand:  # noqa: RET503 - the last line never returns
        self._blanks()
        root = self._peek()
        if root in {"@", "$"}:
            self._at += 1
            steps, function = self._steps()
            if function:
                self._fail("a filter's path takes no function; use the operators size and empty")
            return Selection(steps, root == "$")
        if root in {"'", '"'}:
            return Literal(self._string(root))
        if root == "[":
            self._at += 1
            return Literal(self._array())
        if match := _NUMBER.match(self._text, self._at):
            self._at = match.end()
            return Literal(orjson.loads(match[0]))
        if match := _WORD.match(self._text, self._at):
            self._at = match.end()
            return Literal(orjson.loads(match[0]))
        if match := _REGULAR_EXPRESSION.match(self._text, self._at):
            self._at = match.end()
            return Literal(self._regular_expression(match[1], match[2]))
        self._fail("expected a value or a path")

    def _array(self) -> list[Json]:
        values: list[Json] = []
        self._blanks()
        while not self._take("]"):
            operand = self._operand()
            if not isinstance(operand, Literal) or isinstance(operand.value, re.Pattern):
                self._fail("expected a list of texts, numbers, true, false or null")
            values.append(operand.value)
            self._blanks()
            if not self._take(",") and self._peek() != "]":
                self._fail("expected ',' or ']'")
            self._blanks()
        return values

    def _string(self, quote: str) -> str:
        match = re.compile(rf"{quote}((?:[^{quote}\\]|\\.)*){quote}").match(self._text, self._at)
        if match is None:
            self._fail(f"expected the closing {quote}")
        self._at = match.end()
        return re.sub(r"\\(.)", r"\1", match[1])

    def _regular_expression(self, pattern: str, flags: str) -> re.Pattern[str]:
        combined = re.NOFLAG
        for flag in flags:
            combined |= _FLAGS.get(flag, re.NOFLAG)
        try:
            return re.compile(pattern, combined)
        except re.error as error:
            self._fail(f"the regular expression /{pattern}/ does not parse: {error}")

    def _close(self) -> None:
        self._blanks()
        if not self._take("]"):
            self._fail("expected ']'")

    def _blanks(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, token: str) -> bool:
        if self._text.startswith(token, self._at):
            self._at += len(token)
            return True
        return False

    def _fail(self, what: str) -> NoReturn:
        raise ValueError(f"{self._text!r} at position {self._at}: {what}")
