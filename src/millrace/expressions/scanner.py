"""The one pass over an expression's text: it finds the references, the local variables, the end and the mistakes.

It is a tokenizer that knows whether an operand or an operator comes next and in which bracket, which tells names from
fields, regular expressions from divisions and the closing `}` from others. Whether the text is JSONata is left to a
JSONata compiler (see `syntax`). The tokens are those of jsonata-js 2.0.6, src/parser.js.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from millrace.expressions.expression import Expression
from millrace.expressions.findings import MOST_PROBLEMS, Findings, Names, Scan, in_order
from millrace.expressions.functions import IMPURE, UNFAILING
from millrace.expressions.heads import Head, is_keyword, no_context, resolve_name, resolve_quoted
from millrace.expressions.lexis import CALL, CLOSERS, NAME_PART, NUMBER, TOKEN, find_pattern_end, skip_signature
from millrace.expressions.names import NameScope
from millrace.expressions.operators import FOREIGN, NEGATION, OPERATORS
from millrace.expressions.problem import Problem
from millrace.expressions.shape import Outer, Shape
from millrace.model import Code

MOST_CHARACTERS: Final = 64 * 1024
"""The longest expression, in characters."""

MOST_BRACKETS: Final = 128
"""How deep brackets nest at most; JSONata's own parser and evaluator are recursive."""


@dataclass(slots=True)
class _Bracket:
    """An open bracket.

    Attributes:
        relative: Whether bare names inside it are fields.
        dotted: Whether the operand that it ends or goes on with comes after a dot.
        names: The local variables, where it is a block's or a function's.
        function: The function that is called with it.
        parts: How many separators came so far.
    """

    kind: str
    opener: str
    start: int
    relative: bool
    dotted: bool
    names: Names | None = None
    function: str = ""
    parts: int = 0


class Scanner:
    """Reads one expression out of a text.

    Args:
        start: Where the expression begins, behind `${`.
        template: Whether a `}` ends it; otherwise the end of the text does.
    """

    def __init__(self, text: str, start: int, scope: NameScope, *, template: bool) -> None:
        self._text = text
        self._scope = scope
        self._template = template
        self._opening = start
        self._limit = min(len(text), start + MOST_CHARACTERS + 1)
        self._position: int = start
        self._done = False
        self._complete = False
        self._operand_next = True
        self._after_dot = False
        self._dotted = False
        self._previous = ""
        self._before = ""
        self._brackets: list[_Bracket] = []
        self._relative = scope.fields_of_item
        self._last = start
        self._found = Findings(text, start, self._limit)
        self._shape = Shape()

    def run(self) -> Scan:
        """Read to the end of the expression, or to the first mistake behind which no end can be told."""
        text, limit = self._text, self._limit
        while not self._done and len(self._found.problems) < MOST_PROBLEMS:
            token = TOKEN.match(text, self._position, limit)
            if token is None or (kind := token.lastgroup) is None:
                self._no_token()
                break
            start, end = token.span(kind)
            self._position = end
            if kind == "end":
                self._end()
            elif kind == "comment":
                self._comment(start)
            elif kind == "operator" and text[start] == "}" and self._template and not self._brackets:
                self._complete = self._done = True
            else:
                self._found.token(start)
                _TOKENS[kind](self, start, end)
                self._last = self._position
        return self._finish()

    # Operands

    def _operand(self, previous: str) -> None:
        self._operand_next = False
        self._dotted = self._after_dot
        self._after_dot = False
        self._before = self._previous
        self._previous = previous

    def _name(self, start: int, end: int) -> None:
        word = self._text[start:end]
        if not self._operand_next and word in {"and", "or", "in"}:
            self._binary(word)
        elif not self._operand_next or self._after_dot:
            self._operand("name")
        elif is_keyword(word, self._text, end, self._limit, self._scope):
            self._operand("literal")
        elif word in {"function", "λ"} and (call := CALL.match(self._text, end, self._limit)) is not None:
            self._parameters(call.end())
        else:
            self._head(start, resolve_name(self._text, start, end, self._limit, self._scope, relative=self._relative))

    def _quoted(self, start: int, end: int) -> None:
        if not self._operand_next or self._after_dot:
            self._operand("name")
        else:
            self._head(start, resolve_quoted(self._text, start, end, self._limit, self._scope, relative=self._relative))

    def _head(self, start: int, head: Head) -> None:
        self._position = head.end
        self._operand("name")
        if head.problem is not None:
            self._found.problems.append(head.problem)
            self._found.reference(start, head.end, None)
        elif head.reference is not None:
            self._found.reference(start, head.end, head.reference)
            self._previous = "reference"

    def _variable(self, start: int, end: int) -> None:
        name = self._text[start + 1 : end]
        if self._previous in {"@", "#"} or (self._brackets and self._brackets[-1].kind == "parameters"):
            self._found.bind(name)
        elif name == "$" or (name == "" and not self._relative and not self._after_dot):
            self._found.problems.append(no_context(name, start))
        elif name:
            self._shape.pure = self._shape.pure and name not in IMPURE
            self._found.read(name, start)
        self._operand("variable")

    def _value(self, start: int, end: int) -> None:
        del start, end
        self._operand("literal")

    def _pattern(self, start: int) -> None:
        pattern = find_pattern_end(self._text, start, self._limit)
        if pattern is None:
            remedy = "Close it with / outside its brackets; a bracket that stands for itself is written \\( or \\}."
            self._stop("This regular expression has no end", remedy, start, "/")
            return
        self._position = pattern.end
        if NAME_PART.match(self._text, pattern.end, self._limit) is not None:
            message = "A regular expression has the flags i and m only"
            self._found.report(message, "Remove the other letters.", pattern.end)
        if pattern.slash == start + 1:
            message = "A regular expression cannot be empty"
            self._found.report(message, "Write a pattern between the slashes.", start)
        elif pattern.inner is not None:
            message = "A slash stands in the brackets of a regular expression"
            self._found.report(message, r"Write \/.", pattern.inner, r"\/", "/")
        else:
            self._found.patterns.append((start, self._text[start : pattern.end]))
        self._operand("pattern")

    # Brackets

    def _parameters(self, end: int) -> None:
        self._shape.fallible = True
        self._shape.defines = self._shape.defines or not self._brackets
        self._position = end
        self._dotted = self._after_dot
        self._open("parameters", "(", end - 1, relative=self._relative, names=Names())

    def _open(self, kind: str, opener: str, start: int, *, relative: bool, names: Names | None = None) -> None:
        if len(self._brackets) >= MOST_BRACKETS:
            message = f"The brackets of this expression nest deeper than {MOST_BRACKETS}"
            remedy = "Take the expression apart, with a set or transform node for each part."
            expected = f"at most {MOST_BRACKETS} brackets inside each other"
            self._found.problems.append(Problem(Code.LIMIT_EXCEEDED, message, remedy, start + 1, expected))
            self._done = True
            return
        if names is not None:
            self._found.names.append(names)
        self._brackets.append(_Bracket(kind, opener, start, relative, self._dotted, names))
        self._relative = relative
        self._operand_next = True
        self._after_dot = False
        self._previous = opener

    def _round(self, start: int) -> None:
        if self._previous == "order" or not self._operand_next:
            self._call(start)
        else:
            relative = self._relative or self._after_dot
            self._dotted = self._after_dot
            self._open("block", "(", start, relative=relative, names=Names())

    def _call(self, start: int) -> None:
        if self._previous == "order":
            self._open("order", "(", start, relative=True)
            return
        if self._previous == "reference":
            message = "A value of the run is not a function and cannot be called"
            remedy = "Put an operator before the bracket, or write $name(...) to call a function."
            self._found.report(message, remedy, start)
        name = self._variable_before()
        self._shape.fallible = self._shape.fallible or name not in UNFAILING
        self._open("call", "(", start, relative=self._relative or self._dotted)
        if not self._done:
            self._brackets[-1].function = name

    def _variable_before(self) -> str:
        """Give the name of the variable that the token before the last one is; "" for any other."""
        return self._text[self._found.tokens[-2] + 1 : self._last] if self._previous == "variable" else ""

    def _square(self, start: int) -> None:
        if self._operand_next:
            self._dotted = self._after_dot
            self._open("array", "[", start, relative=self._relative or self._after_dot)
        else:
            self._open("predicate", "[", start, relative=True)

    def _curly(self, start: int) -> None:
        self._shape.fallible = True
        if self._previous == "parameters":
            self._open("body", "{", start, relative=self._relative, names=self._found.names.pop())
        elif self._operand_next:
            self._dotted = self._after_dot
            self._open("object", "{", start, relative=self._relative or self._after_dot)
        else:
            self._open("group", "{", start, relative=True)

    def _bar(self, start: int) -> None:
        """Go on with a transform, `| pattern | update, delete |`."""
        top = self._brackets[-1] if self._brackets else None
        if self._operand_next:
            self._shape.fallible = True
            self._dotted = self._after_dot
            self._open("transform", "|", start, relative=True)
        elif top is None or top.kind != "transform":
            message, remedy = "JSONata has no operator '|'", "Write or between two conditions."
            self._found.report(message, remedy, start)
            self._binary("|")
        elif top.parts == 0:
            top.parts = 1
            self._operand_next = True
            self._previous = "|"
        else:
            self._pop()

    def _close(self, closer: str, start: int) -> None:
        if not self._brackets or CLOSERS[self._brackets[-1].opener] != closer:
            self._mismatch(closer, start)
            return
        bracket = self._brackets[-1]
        if bracket.function in UNFAILING and (bracket.parts or self._previous == bracket.opener):
            self._shape.fallible = True
        self._pop()

    def _pop(self) -> None:
        bracket = self._brackets.pop()
        self._relative = self._brackets[-1].relative if self._brackets else self._scope.fields_of_item
        self._after_dot = False
        self._operand_next = False
        self._dotted = bracket.dotted
        self._previous = "parameters" if bracket.kind == "parameters" else "closed"
        if bracket.kind == "parameters":
            self._position = skip_signature(self._text, self._position, self._limit)
        elif bracket.names is not None:
            self._found.leave()
        if not self._brackets and bracket.start in self._found.tokens[:2]:
            self._shape.outer = Outer(bracket.kind, bracket.function, self._position)

    def _mismatch(self, closer: str, start: int) -> None:
        if not self._brackets:
            message = f"This {closer!r} closes nothing"
            self._stop(message, f"Remove it, or open its bracket before it: {_opener(closer)!r}.", start, None, closer)
            return
        bracket = self._brackets[-1]
        wanted = CLOSERS[bracket.opener]
        message = f"The {bracket.opener!r} at column {bracket.start + 1} is not closed before this {closer!r}"
        self._stop(message, f"Write {wanted!r} before it.", start, wanted, closer)

    # Operators

    def _operator(self, start: int, end: int) -> None:
        symbol = self._text[start:end]
        if symbol in _BRACKETS:
            _BRACKETS[symbol](self, start)
        elif symbol in _CLOSING:
            self._close(symbol, start)
        elif self._operand_next and symbol in _PREFIXES:
            _PREFIXES[symbol](self, start)
        elif symbol in FOREIGN:
            message, remedy = FOREIGN[symbol]
            self._found.report(message, remedy, start, found=symbol)
            self._binary(symbol)
        elif symbol in _SEPARATORS:
            self._separator(symbol)
        elif symbol == ".":
            self._operand_next = self._after_dot = True
            self._previous = symbol
        else:
            self._infix(symbol, start)

    def _infix(self, symbol: str, start: int) -> None:
        if symbol == ":=":
            self._assign(start)
        elif symbol == ".." and not (self._brackets and self._brackets[-1].kind == "array"):
            self._found.report("A range stands in square brackets", "Write [1..3].", start, found="..")
        elif symbol in {"@", "#"}:
            self._shape.fallible = True
        self._binary(symbol)
        if symbol == "^":
            self._previous = "order"

    def _binary(self, symbol: str) -> None:
        operator = OPERATORS.get(symbol)
        if operator is not None:
            self._shape.fallible = self._shape.fallible or operator.fallible
            if not self._brackets:
                self._shape.operator(operator)
        self._operand_next = True
        self._after_dot = False
        self._previous = symbol

    def _separator(self, symbol: str) -> None:
        """Begin the next argument, item, member or statement."""
        if self._brackets and symbol == ",":
            self._brackets[-1].parts += 1
        self._operand_next = True
        self._after_dot = False
        self._previous = symbol

    def _assign(self, start: int) -> None:
        name = self._variable_before()
        if name in {"", "$"} or self._before in _NEVER_BEFORE_TARGET:
            message = "Only a local variable can be given a value"
            remedy = "Write a name with a dollar sign before :=, as in ($total := 1; ...)."
            self._found.report(message, remedy, start, "$name")
        if name not in {"", "$"}:
            self._found.unread(name, self._found.tokens[-2])
            self._found.bind(name)
            self._shape.assigns = self._shape.assigns or len(self._found.names) == 1

    def _negation(self, start: int) -> None:
        of_number = NUMBER.match(self._text, start + 1, self._limit) is not None
        self._shape.fallible = self._shape.fallible or not of_number
        if not self._brackets:
            self._shape.operator(NEGATION)
        self._previous = "-"

    def _wildcard(self, start: int) -> None:
        """Take `*`, `**` or `%` for an operand: all fields, all descendants or the parent of the context."""
        self._shape.fallible = True
        if not self._relative and not self._after_dot:
            symbol = self._text[start : self._position]
            message = f"There is no value around this {symbol!r} whose fields it could mean"
            remedy = f"Begin with a name, as in input.{symbol}."
            self._found.problems.append(Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, "a name", symbol))
        self._operand("name")

    def _placeholder(self, start: int) -> None:
        del start
        self._operand("literal")

    def _direction(self, start: int) -> None:
        """Read the `<` or `>` before a term of an order."""
        del start
        self._previous = "direction"

    # The end, and mistakes

    def _comment(self, start: int) -> None:
        end = self._text.find("*/", start + 2, self._limit)
        if end == -1:
            self._stop("This comment has no end", "Close it with */.", start, "*/")
        else:
            self._position = end + 2

    def _no_token(self) -> None:
        start = self._position
        while start < self._limit and self._text[start] in " \t\n\r\v":
            start += 1
        character = self._text[start]
        if character in "\"'":
            self._stop("This text has no end", f"Close it with {character}.", start, character)
        elif character == "`":
            self._stop("This backquoted name has no end", "Close it with `.", start, character)
        else:
            message = f"{character!r} (U+{ord(character):04X}) has no meaning here"
            remedy = "Put text in quotes, and a name with unusual characters in backquotes."
            if character.isspace():
                remedy = "Replace it by an ordinary blank."
            self._stop(message, remedy, start, None, character)

    def _end(self) -> None:
        self._done = True
        if self._brackets:
            bracket = self._brackets[-1]
            wanted = CLOSERS[bracket.opener]
            self._stop(f"This {bracket.opener!r} is not closed", f"Add {wanted!r}.", bracket.start, wanted)
        elif self._template:
            self._stop("This '${' is not closed", "Add '}' where the expression ends.", self._opening - 2, "}")
        elif self._limit < len(self._text):
            self._stop("", "", self._opening, "")
        else:
            self._complete = True

    def _stop(
        self, message: str, remedy: str, start: int, expected: str | None = None, found: str | None = None
    ) -> None:
        """Give up; where the text goes on past the longest expression, its length is what is wrong."""
        self._done = True
        if self._limit < len(self._text) and expected is not None and found is None:
            message = f"The expression is longer than {MOST_CHARACTERS} characters, or does not end"
            remedy = "Take it apart, with a set or transform node for each part, or close it."
            expected = f"at most {MOST_CHARACTERS} characters"
            column = self._opening + 1
            self._found.problems.append(Problem(Code.LIMIT_EXCEEDED, message, remedy, column, expected))
        else:
            self._found.report(message, remedy, start, expected, found)

    def _finish(self) -> Scan:
        found = self._found
        if self._complete and not found.tokens:
            found.report("The expression is empty", "Write a value, such as input.", self._opening)
        found.finish(self._last)
        return Scan(
            expression=self._expression() if self._complete else None,
            problems=in_order(found.problems),
            after=self._position,
            start=found.tokens[0] if found.tokens else self._opening,
            checked="".join(found.checked),
            tokens=tuple(found.tokens),
            patterns=tuple(found.patterns),
        )

    def _expression(self) -> Expression:
        found, shape = self._found, self._shape
        type_, optional = shape.result(found.parts, len(found.tokens), self._previous, self._last, found.locals)
        return Expression(
            # A variable bound outside of brackets would be bound for what is written around the expression, too.
            parts=("(", *found.parts, ")") if shape.assigns else tuple(found.parts),
            locals=frozenset(found.locals),
            type=type_,
            optional=optional,
            fallible=shape.fallible or not UNFAILING.isdisjoint(found.locals),
            pure=shape.pure,
            atomic=shape.atomic,
        )


def _opener(closer: str) -> str:
    return {")": "(", "]": "[", "}": "{"}[closer]


_TOKENS: Final[dict[str, Callable[[Scanner, int, int], None]]] = {
    "name": Scanner._name,
    "variable": Scanner._variable,
    "number": Scanner._value,
    "string": Scanner._value,
    "quoted": Scanner._quoted,
    "operator": Scanner._operator,
}
_BRACKETS: Final[dict[str, Callable[[Scanner, int], None]]] = {
    "(": Scanner._round,
    "[": Scanner._square,
    "{": Scanner._curly,
    "|": Scanner._bar,
}
_PREFIXES: Final[dict[str, Callable[[Scanner, int], None]]] = {
    "/": Scanner._pattern,
    "-": Scanner._negation,
    "*": Scanner._wildcard,
    "**": Scanner._wildcard,
    "%": Scanner._wildcard,
    "?": Scanner._placeholder,
    "<": Scanner._direction,
    ">": Scanner._direction,
}
_CLOSING: Final = frozenset(")]}")
_NEVER_BEFORE_TARGET: Final = (OPERATORS.keys() | {"."}) - {":=", "?", ":"}
_SEPARATORS: Final = frozenset(",;")
