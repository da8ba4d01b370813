"""What the pass over an expression's text finds: references, local variables, tokens and mistakes."""

from dataclasses import dataclass, field, replace
from typing import Final

from millrace.expressions.expression import Expression, Reference
from millrace.expressions.functions import EVALUATOR, FUNCTIONS
from millrace.expressions.lexis import CALL
from millrace.expressions.names import suggest
from millrace.expressions.problem import Problem
from millrace.model import Code

MOST_PROBLEMS: Final = 20
"""How many mistakes are told of one string."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The outcome of the pass.

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
        return replace(self, problems=in_order([*self.problems, problem]))


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Put mistakes in the order of the text."""
    return tuple(sorted(problems, key=lambda problem: problem.column or 0))


@dataclass(slots=True)
class Names:
    """The local variables of one block or function: those it binds and those it reads."""

    bound: set[str] = field(default_factory=set[str])
    read: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


class Findings:
    """Collects what is found, in the order of the text."""

    def __init__(self, text: str, start: int, limit: int) -> None:
        self._text = text
        self._limit = limit
        self._mark = start
        self.problems: list[Problem] = []
        self.tokens: list[int] = []
        self.patterns: list[tuple[int, str]] = []
        self.parts: list[str | Reference] = []
        self.checked: list[str] = []
        self.names = [Names()]
        self.locals: set[str] = set()

    def token(self, start: int) -> None:
        """Note where a token begins."""
        if not self.tokens:
            self._mark = start
        self.tokens.append(start)

    def reference(self, start: int, end: int, reference: Reference | None) -> None:
        """Put a reference in place of a stretch of the text; in the text to check, a variable as long as it."""
        self._text_until(start)
        if reference is not None:
            self.parts.append(reference)
        self.checked.append("$" + "r" * (end - start - 1))
        self._mark = end

    def _text_until(self, end: int) -> None:
        if self._mark < end:
            stretch = self._text[self._mark : end]
            self.parts.append(stretch)
            self.checked.append(stretch)

    def bind(self, name: str) -> None:
        """Note that the innermost block or function gives a local variable its value."""
        self.names[-1].bound.add(name)
        self.locals.add(name)

    def read(self, name: str, start: int) -> None:
        """Note that a variable is read; whether it is bound shows at the end of its block."""
        if name not in FUNCTIONS or name == EVALUATOR:
            self.names[-1].read.append((name, start))

    def unread(self, name: str, start: int) -> None:
        """Take back the last reading, which turned out to be an assignment."""
        read = self.names[-1].read
        if read and read[-1] == (name, start):
            read.pop()

    def leave(self) -> None:
        """End a block or function: what it reads but does not bind is its surroundings' to bind."""
        inner = self.names.pop()
        self.names[-1].read += [read for read in inner.read if read[0] not in inner.bound]

    def report(
        self, message: str, remedy: str, start: int, expected: str | None = None, found: str | None = None
    ) -> None:
        """Add a mistake of form."""
        self.problems.append(Problem(Code.SYNTAX_ERROR, message, remedy, start + 1, expected, found))

    def finish(self, end: int) -> None:
        """Take the rest of the text, and report the variables that nothing binds."""
        outermost = self.names[0]
        known = set(outermost.bound)
        for name, start in outermost.read:
            if name not in known and len(self.problems) < MOST_PROBLEMS:
                known.add(name)
                self.problems.append(self._unknown_variable(name, start))
        self._text_until(end)

    def _unknown_variable(self, name: str, start: int) -> Problem:
        shown = f"${name}"
        called = CALL.match(self._text, start + 1 + len(name), self._limit) is not None
        code = Code.UNKNOWN_FUNCTION if called else Code.UNKNOWN_NAME
        kind = "function" if called else "local variable"
        close = suggest(name, [*FUNCTIONS, *self.locals] if called else [*self.locals, *FUNCTIONS])
        message = f"There is no {kind} {shown!r}"
        remedy = f"Did you mean ${close}?" if close else f"Give it a value before: ({shown} := ...; ...)."
        if name == EVALUATOR:
            message, remedy = "Step Functions has no function '$eval'", "Write $parse(text) to read JSON."
        elif name == "states":
            message = "'$states' belongs to the compiled workflow"
            remedy = "Write input, <node>.output, <node>.error, run.id or run.startedAt."
        elif name in self.locals:
            remedy = "Give it its value outside the brackets or the function that it is now local to."
        elif close is None and called:
            own = "$partition, $range, $hash, $random, $uuid and $parse"
            remedy = f"The functions are those of JSONata 2.0.6 and {own}."
        return Problem(code, message, remedy, start + 1, f"a known {kind}", shown)
