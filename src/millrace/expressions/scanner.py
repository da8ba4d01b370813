"""The one pass over an expression's text: it finds the references, the local variables, the end and the mistakes.

It is a tokenizer that knows whether an operand or an operator comes next and which bracket it is in, which is all that
telling names from fields, regular expressions from divisions and the closing `}` from others takes. Whether the text
is JSONata is left to a JSONata compiler (see `syntax`). Source for the tokens: jsonata-js 2.0.6, src/parser.js.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from millrace.expressions.expression import Expression, Reference, ReferenceKind
from millrace.expressions.functions import EVALUATOR, FUNCTIONS, IMPURE, TOTAL, UNFAILING
from millrace.expressions.heads import BLANKS, NAME, NAME_END, Head, resolve_name, resolve_quoted
from millrace.expressions.names import NameScope, suggest
from millrace.expressions.operators import FOREIGN, NEGATION, OPERATORS, Operator
from millrace.expressions.problem import Problem
from millrace.model import Code, JsonType

MOST_CHARACTERS: Final = 64 * 1024
"""The longest expression, in characters."""

MOST_BRACKETS: Final = 128
"""How deep brackets nest at most; JSONata's own parser and evaluator are recursive."""

MOST_PROBLEMS: Final = 20
"""How many mistakes are told of one string."""

REFERENCE_TYPES: Final = {
    ReferenceKind.INDEX: JsonType.NUMBER,
    ReferenceKind.RUN_ID: JsonType.STRING,
    ReferenceKind.RUN_STARTED_AT: JsonType.STRING,
    ReferenceKind.WORKFLOW_ID: JsonType.STRING,
}
"""The types of the references whose type is always the same."""

_TOKEN: Final = re.compile(
    rf"{BLANKS}(?:(?P<name>{NAME})"
    rf"|(?P<variable>\${NAME_END})"
    r"|(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<string>\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"|'[^'\\]*+(?:\\.[^'\\]*+)*+')"
    r"|(?P<quoted>`[^`]*`)"
    r"|(?P<comment>/\*)"
    r"|(?P<operator>\.\.|:=|!=|>=|<=|\*\*|~>|\?:|\?\?|==|&&|\|\||=>|[.\[\]{}(),@#;:?+\-*/%|=<>^&!~])"
    r"|(?P<end>\Z))",
    re.DOTALL,
)
_CALL: Final = re.compile(rf"{BLANKS}\(")
_NUMBER: Final = re.compile(rf"{BLANKS}[0-9]")
_NAME_PART: Final = re.compile(r"[\w$]")
_BODY: Final = re.compile(rf"{BLANKS}(?:\{{|/\*)")
_SIGNATURE: Final = re.compile(rf"{BLANKS}<")
_ANGLE: Final = re.compile(r"[<>]")
_PATTERN_MARK: Final = re.compile(r"[/(){}\[\]]")
_PATTERN_FLAGS: Final = re.compile(r"[im]*")
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "|": "|"}
_STRONGEST: Final = Operator(100)
_LONGEST_SIGNATURE: Final = 256


@dataclass(slots=True)
class _Names:
    """The local variables of one block or function: those it binds and those it reads."""

    bound: set[str] = field(default_factory=set[str])
    read: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


@dataclass(slots=True)
class _Bracket:
    """An open bracket.

    Attributes:
        relative: Whether bare names inside it are fields.
        dotted: Whether the operand that it ends or goes on with comes after a dot.
        names: The local variables, where it is a block's or a function's.
        unfailing: Whether it holds the arguments of a function that cannot fail.
        parts: How many separators came so far.
    """

    kind: str
    opener: str
    start: int
    relative: bool
    dotted: bool
    names: _Names | None = None
    unfailing: bool = False
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """What the pass found.

    Attributes:
        expression: None when the end could not be found.
        after: Where the text goes on behind the closing `}`.
        start: Where the first token begins in the whole text.
        checked: The expression's text with a variable of the same length in place of each reference.
        tokens: Where the tokens begin in the whole text.
        patterns: The regular expressions, with the place of each in the whole text.
    """

    expression: Expression | None
    problems: tuple[Problem, ...]
    after: int
    start: int
    checked: str
    tokens: tuple[int, ...]
    patterns: tuple[tuple[int, str], ...]

    def with_problem(self, problem: Problem) -> "Scan":
        """Add a mistake to those that the pass found."""
        return replace(self, problems=(*self.problems, problem))


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
        self._position = start
        self._done = False
        self._complete = False
        # What may come next
        self._operand_next = True
        self._after_dot = False
        self._dotted = False
        self._previous = ""
        self._before = ""
        self._brackets: list[_Bracket] = []
        self._relative = scope.fields_of_item
        self._names = [_Names()]
        # What was found
        self._problems: list[Problem] = []
        self._tokens: list[int] = []
        self._patterns: list[tuple[int, str]] = []
        self._locals: set[str] = set()
        self._parts: list[str | Reference] = []
        self._checked: list[str] = []
        self._mark = start
        self._last = start
        # What is known of the value
        self._weakest = _STRONGEST
        self._fallible = False
        self._pure = True
        self._defines = False
        self._assigns = False
        self._outer: _Bracket | None = None
        self._outer_end = -1

    def run(self) -> Scan:
        """Read to the end of the expression, or to the first mistake behind which no end can be told."""
        text, limit = self._text, self._limit
        while not self._done and len(self._problems) < MOST_PROBLEMS:
            token = _TOKEN.match(text, self._position, limit)
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
                if not self._tokens:
                    self._mark = start
                self._tokens.append(start)
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
        elif word in {"true", "false", "null"}:
            self._operand("literal")
        elif word in {"function", "λ"} and (call := _CALL.match(self._text, end, self._limit)) is not None:
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
            self._problems.append(head.problem)
            self._replace(start, head.end, None)
        elif head.reference is not None:
            self._replace(start, head.end, head.reference)
            self._previous = "reference"

    def _replace(self, start: int, end: int, reference: Reference | None) -> None:
        """Put a reference in place of a stretch of the text; in the text to check, a variable as long as it."""
        if self._mark < start:
            before = self._text[self._mark : start]
            self._parts.append(before)
            self._checked.append(before)
        if reference is not None:
            self._parts.append(reference)
        self._checked.append("$" + "r" * (end - start - 1))
        self._mark = end

    def _variable(self, start: int, end: int) -> None:
        name = self._text[start + 1 : end]
        if self._previous in {"@", "#"} or (self._brackets and self._brackets[-1].kind == "parameters"):
            self._bind(name)
        elif name == "$" or (name == "" and not self._relative and not self._after_dot):
            self._problems.append(_no_context(name, start))
        elif name:
            if name in IMPURE:
                self._pure = False
            if name not in FUNCTIONS or name == EVALUATOR:
                self._names[-1].read.append((name, start))
        self._operand("variable")

    def _bind(self, name: str) -> None:
        self._names[-1].bound.add(name)
        self._locals.add(name)

    def _value(self, start: int, end: int) -> None:
        del start, end
        self._operand("literal")

    def _pattern(self, start: int) -> None:
        """Read a regular expression: a slash outside its brackets ends it (jsonata-js 2.0.6, scanRegex)."""
        depth, text, inner = 0, self._text, None
        for mark in _PATTERN_MARK.finditer(text, start + 1, self._limit):
            at = mark.start()
            if mark[0] == "/":
                if not _is_escaped(text, at):
                    if depth == 0:
                        break
                    inner = at
            elif text[at - 1] != "\\":
                depth += 1 if mark[0] in "([{" else -1
        else:
            remedy = "Close it with / outside its brackets; a bracket that stands for itself is written \\( or \\}."
            self._stop("This regular expression has no end", remedy, start, "/")
            return
        flags = _PATTERN_FLAGS.match(text, at + 1, self._limit)
        self._position = at + 1 if flags is None else flags.end()
        if _NAME_PART.match(text, self._position, self._limit) is not None:
            self._report("A regular expression has the flags i and m only", "Remove the other letters.", self._position)
        if at == start + 1:
            self._report("A regular expression cannot be empty", "Write a pattern between the slashes.", start)
        elif inner is not None:
            self._report("A slash stands in the brackets of a regular expression", r"Write \/.", inner, r"\/", "/")
        else:
            self._patterns.append((start, text[start : self._position]))
        self._operand("pattern")

    # Functions

    def _parameters(self, end: int) -> None:
        self._fallible = True
        if not self._brackets:
            self._defines = True
        self._position = end
        dotted = self._after_dot
        self._open("parameters", "(", end - 1, relative=self._relative, names=_Names())
        if self._brackets:
            self._brackets[-1].dotted = dotted

    def _signature(self) -> None:
        """Skip a function's signature, which stands between its parameters and its body."""
        signature = _SIGNATURE.match(self._text, self._position, self._limit)
        if signature is None:
            return
        depth = 1
        end = min(self._limit, signature.end() + _LONGEST_SIGNATURE)
        for angle in _ANGLE.finditer(self._text, signature.end(), end):
            depth += 1 if angle[0] == "<" else -1
            if depth == 0:
                self._position = angle.end()
                return

    # Brackets

    def _open(self, kind: str, opener: str, start: int, *, relative: bool, names: _Names | None = None) -> None:
        if len(self._brackets) >= MOST_BRACKETS:
            message = f"The brackets of this expression nest deeper than {MOST_BRACKETS}"
            remedy = "Take the expression apart, with a set or transform node for each part."
            expected = f"at most {MOST_BRACKETS} brackets inside each other"
            self._problems.append(Problem(Code.LIMIT_EXCEEDED, message, remedy, start + 1, expected))
            self._done = True
            return
        if names is not None:
            self._names.append(names)
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
            self._open("block", "(", start, relative=relative, names=_Names())

    def _call(self, start: int) -> None:
        if self._previous == "order":
            self._open("order", "(", start, relative=True)
            return
        if self._previous == "reference":
            message = "A value of the run is not a function and cannot be called"
            self._report(message, "Put an operator before the bracket, or write $name(...) to call a function.", start)
        name = self._text[self._tokens[-2] + 1 : self._last] if self._previous == "variable" else ""
        self._open("call", "(", start, relative=self._relative or self._dotted)
        if not self._done:
            self._brackets[-1].unfailing = name in UNFAILING
        self._fallible = self._fallible or name not in UNFAILING

    def _square(self, start: int) -> None:
        if self._operand_next:
            self._dotted = self._after_dot
            self._open("array", "[", start, relative=self._relative or self._after_dot)
        else:
            self._open("predicate", "[", start, relative=True)

    def _curly(self, start: int) -> None:
        self._fallible = True
        if self._previous == "parameters":
            self._open("body", "{", start, relative=self._relative, names=self._names.pop())
        elif self._operand_next:
            self._dotted = self._after_dot
            self._open("object", "{", start, relative=self._relative or self._after_dot)
        else:
            self._open("group", "{", start, relative=True)

    def _bar(self, start: int) -> None:
        """Go on with a transform, `| pattern | update, delete |`."""
        top = self._brackets[-1] if self._brackets else None
        if self._operand_next:
            self._fallible = True
            self._dotted = self._after_dot
            self._open("transform", "|", start, relative=True)
        elif top is None or top.kind != "transform":
            message, remedy = "JSONata has no operator '|'", "Write or between two conditions."
            self._report(message, remedy, start)
            self._binary("|")
        elif top.parts == 0:
            top.parts = 1
            self._operand_next = True
            self._previous = "|"
        else:
            self._pop()

    def _close(self, closer: str, start: int) -> None:
        if not self._brackets or _CLOSERS[self._brackets[-1].opener] != closer:
            self._mismatch(closer, start)
            return
        bracket = self._brackets[-1]
        if bracket.unfailing and (bracket.parts or self._previous == bracket.opener):
            self._fallible = True
        self._pop()

    def _pop(self) -> None:
        bracket = self._brackets.pop()
        self._relative = self._brackets[-1].relative if self._brackets else self._scope.fields_of_item
        self._after_dot = False
        self._operand_next = False
        self._dotted = bracket.dotted
        self._previous = "parameters" if bracket.kind == "parameters" else "closed"
        if bracket.kind == "parameters":
            self._signature()
            if _BODY.match(self._text, self._position, self._limit) is None:
                message = "The body of a function is missing"
                self._report(message, "Write it in curly brackets: function($x) { $x + 1 }.", self._position, "{")
        elif bracket.names is not None:
            inner = self._names.pop()
            self._names[-1].read += [read for read in inner.read if read[0] not in inner.bound]
        if not self._brackets and bracket.start in self._tokens[:2]:
            self._outer = bracket
            self._outer_end = self._position

    def _mismatch(self, closer: str, start: int) -> None:
        if not self._brackets:
            message = f"This {closer!r} closes nothing"
            self._stop(message, f"Remove it, or open its bracket before it: {_opener(closer)!r}.", start, None, closer)
            return
        bracket = self._brackets[-1]
        wanted = _CLOSERS[bracket.opener]
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
            self._report(message, remedy, start, found=symbol)
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
            self._report("A range stands in square brackets", "Write [1..3].", start, found="..")
        elif symbol in {"@", "#"}:
            self._fallible = True
        self._binary(symbol)
        if symbol == "^":
            self._previous = "order"

    def _binary(self, symbol: str) -> None:
        operator = OPERATORS.get(symbol)
        if operator is not None:
            self._fallible = self._fallible or operator.fallible
            if not self._brackets and operator.rank < self._weakest.rank:
                self._weakest = operator
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
        name = self._text[self._tokens[-2] + 1 : self._last] if len(self._tokens) > 1 else ""
        if self._previous != "variable" or name in {"", "$"} or self._before in _NEVER_BEFORE_TARGET:
            message = "Only a local variable can be given a value"
            self._report(message, "Write a name with a dollar sign before :=, as in $total := 1.", start, "$name")
            return
        reads = self._names[-1].read
        if reads and reads[-1] == (name, self._tokens[-2]):
            reads.pop()
        self._bind(name)
        if len(self._names) == 1:
            self._assigns = True

    def _negation(self, start: int) -> None:
        self._fallible = self._fallible or _NUMBER.match(self._text, start + 1, self._limit) is None
        if not self._brackets and self._weakest.rank > NEGATION.rank:
            self._weakest = NEGATION
        self._previous = "-"

    def _wildcard(self, start: int) -> None:
        """Take `*`, `**` or `%` for an operand: all fields, all descendants or the parent of the context."""
        self._fallible = True
        if not self._relative and not self._after_dot:
            symbol = self._text[start : self._position]
            message = f"There is no value around this {symbol!r} whose fields it could mean"
            remedy = f"Begin with a name, as in input.{symbol}."
            self._problems.append(Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, "a name", symbol))
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
            wanted = _CLOSERS[bracket.opener]
            self._stop(f"This {bracket.opener!r} is not closed", f"Add {wanted!r}.", bracket.start, wanted)
        elif self._template:
            self._stop("This '${' is not closed", "Add '}' where the expression ends.", self._opening - 2, "}")
        elif self._limit < len(self._text):
            self._stop("", "", self._opening, "")
        else:
            self._complete = True

    def _report(
        self, message: str, remedy: str, start: int, expected: str | None = None, found: str | None = None
    ) -> None:
        self._problems.append(Problem(Code.SYNTAX_ERROR, message, remedy, start + 1, expected, found))

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
            self._problems.append(Problem(Code.LIMIT_EXCEEDED, message, remedy, column, expected))
        else:
            self._report(message, remedy, start, expected, found)

    def _finish(self) -> Scan:
        if self._complete and not self._tokens:
            self._report("The expression is empty", "Write a value, such as input.", self._opening)
        known = set(self._names[0].bound)
        for name, start in self._names[0].read:
            if name not in known and len(self._problems) < MOST_PROBLEMS:
                known.add(name)
                self._problems.append(self._unknown_variable(name, start))
        if self._mark < self._last:
            rest = self._text[self._mark : self._last]
            self._parts.append(rest)
            self._checked.append(rest)
        return Scan(
            expression=self._expression() if self._complete else None,
            problems=tuple(self._problems),
            after=self._position,
            start=self._tokens[0] if self._tokens else self._opening,
            checked="".join(self._checked),
            tokens=tuple(self._tokens),
            patterns=tuple(self._patterns),
        )

    def _unknown_variable(self, name: str, start: int) -> Problem:
        shown = f"${name}"
        called = _CALL.match(self._text, start + 1 + len(name), self._limit) is not None
        code = Code.UNKNOWN_FUNCTION if called else Code.UNKNOWN_NAME
        kind = "function" if called else "local variable"
        close = suggest(name, [*FUNCTIONS, *self._locals] if called else [*self._locals, *FUNCTIONS])
        message = f"There is no {kind} {shown!r}"
        remedy = f"Did you mean ${close}?" if close else f"Give it a value before: ({shown} := ...; ...)."
        if name == EVALUATOR:
            message, remedy = "Step Functions has no function '$eval'", "Write $parse(text) to read JSON."
        elif name == "states":
            message = "'$states' belongs to the compiled workflow"
            remedy = "Write input, <node>.output, <node>.error, run.id or run.startedAt."
        elif name in self._locals:
            remedy = "Give it its value outside the brackets or the function that it is now local to."
        elif close is None and called:
            remedy = (
                "The functions are those of JSONata 2.0.6 and $partition, $range, $hash, $random, $uuid and $parse."
            )
        return Problem(code, message, remedy, start + 1, f"a known {kind}", shown)

    def _expression(self) -> Expression:
        parts = tuple(self._parts)
        if self._assigns:
            parts = ("(", *parts, ")")
        type_, optional = self._result()
        return Expression(
            parts=parts,
            locals=frozenset(self._locals),
            type=type_,
            optional=optional,
            fallible=self._fallible or not UNFAILING.isdisjoint(self._locals),
            pure=self._pure,
            atomic=self._assigns or (self._weakest is _STRONGEST and not self._defines),
        )

    def _result(self) -> tuple[JsonType | None, bool]:
        """Give the value's type and whether there may be no value, where the outermost operator or token tells."""
        if self._weakest is not _STRONGEST:
            negative = self._weakest is NEGATION and len(self._tokens) == 2 and self._previous == "literal"
            return self._weakest.type, self._weakest.optional and not negative
        if len(self._tokens) == 1 and self._parts:
            only = self._parts[0]
            if isinstance(only, Reference):
                return REFERENCE_TYPES.get(only.kind), False
            return _literal_type(only), self._previous != "literal"
        if self._outer is None or self._outer_end != self._last:
            return None, True
        if self._outer.start == self._tokens[0]:
            type_ = {"array": JsonType.ARRAY, "object": JsonType.OBJECT}.get(self._outer.kind)
            return type_, type_ is None
        name = self._text[self._tokens[0] + 1 : self._tokens[1]].strip()
        if self._outer.kind == "call" and self._text[self._tokens[0]] == "$" and name not in self._locals:
            return FUNCTIONS.get(name), name not in TOTAL
        return None, True


def _literal_type(text: str) -> JsonType | None:
    if text[0] in "\"'":
        return JsonType.STRING
    if text[0].isdigit():
        return JsonType.NUMBER
    return {"true": JsonType.BOOLEAN, "false": JsonType.BOOLEAN, "null": JsonType.NULL}.get(text)


def _is_escaped(text: str, at: int) -> bool:
    before = at - 1
    while text[before] == "\\":
        before -= 1
    return (at - 1 - before) % 2 == 1


def _opener(closer: str) -> str:
    return {")": "(", "]": "[", "}": "{"}[closer]


def _no_context(name: str, start: int) -> Problem:
    shown = f"${name}"
    message = f"{shown!r} means nothing here: a workflow's expression has no document around it"
    remedy = "Begin with a name, such as input or <node>.output."
    return Problem(Code.UNKNOWN_NAME, message, remedy, start + 1, "a name", shown)


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
