"""From the strings of a document to expressions."""

import re
from typing import Final

from millrace.expressions.building import interpolate
from millrace.expressions.expression import Expression, Reference
from millrace.expressions.findings import MOST_PROBLEMS, Scan
from millrace.expressions.names import MEMBERS, NameScope
from millrace.expressions.problem import Problem
from millrace.expressions.scanner import Scanner
from millrace.expressions.shape import REFERENCE_TYPES
from millrace.expressions.syntax import check_syntax
from millrace.model import Code

MOST_TEMPLATE_CHARACTERS: Final = 256 * 1024
"""The longest text with expressions in it, in characters: what one state of Step Functions may carry."""

_LONGEST_BARE: Final = 1000

_MARK: Final = re.compile(r"\$?\$\{")
_BARE_REFERENCE: Final = re.compile(
    r"\$\{[ ]*([A-Za-z][A-Za-z0-9_-]{0,63})\.(output|error|item|index)"
    r"((?:\.(?!(?:true|false|null)\b)[A-Za-z_][A-Za-z0-9_]*)*)[ ]*\}"
)
"""The plainest of expressions, which need no scan: a node's member and the names of fields."""


def is_template(text: str) -> bool:
    """Whether a string holds expressions or escapes of them; otherwise it stands for itself."""
    return "${" in text


def parse_template(text: str, scope: NameScope) -> tuple[str | Expression, tuple[Problem, ...]]:
    """Parse a string that may hold `${...}`.

    A string that is one `${...}` and nothing else keeps the value's type; otherwise the values become text between the
    text. `$${` stands for `${` itself.

    Returns:
        The literal text or the expression, and the mistakes. With mistakes, an expression still carries the references
        that were found, to be checked as well, but cannot be evaluated.
    """
    if "${" not in text:
        return text, ()
    bare = _BARE_REFERENCE.fullmatch(text) if len(text) <= _LONGEST_BARE else None
    if bare is not None and bare[1] in scope.nodes:
        return _bare_reference(bare), ()
    if len(text) > MOST_TEMPLATE_CHARACTERS:
        message = f"A text with expressions is longer than {MOST_TEMPLATE_CHARACTERS} characters"
        expected = f"at most {MOST_TEMPLATE_CHARACTERS} characters"
        remedy = "Keep long texts in a file or an input, and refer to them."
        return text, (Problem(Code.LIMIT_EXCEEDED, message, remedy, 1, expected, f"{len(text)} characters"),)
    pieces: list[str | Expression] = []
    problems: list[Problem] = []
    after = 0
    while (mark := _MARK.search(text, after)) is not None:
        if mark.start() > after:
            pieces.append(text[after : mark.start()])
        if mark[0] == "$${":
            pieces.append("${")
            after = mark.end()
            continue
        scan = _scan(text, mark.end(), scope, template=True)
        problems += scan.problems
        if scan.expression is None or len(problems) > MOST_PROBLEMS:
            return text, tuple(problems)
        pieces.append(scan.expression)
        after = scan.after
    if after < len(text):
        pieces.append(text[after:])
    if len(pieces) == 1:
        return pieces[0], tuple(problems)
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(piece for piece in pieces if isinstance(piece, str)), ()
    return interpolate(pieces), tuple(problems)


def parse_expression(text: str, scope: NameScope) -> tuple[Expression | None, tuple[Problem, ...]]:
    """Parse a string that is JSONata as a whole, without `${`.

    Returns:
        The expression, None where its end could not be found, and the mistakes, as `parse_template` gives them.
    """
    scan = _scan(text, 0, scope, template=False)
    return scan.expression, scan.problems


def _bare_reference(match: re.Match[str]) -> Expression:
    kind, fields = MEMBERS[match[2]], match[3]
    reference = Reference(kind, match[1])
    if fields:
        return Expression((reference, fields), fallible=False, atomic=True)
    return Expression(
        (reference,), type=REFERENCE_TYPES.get(kind), optional=reference.is_optional, fallible=False, atomic=True
    )


def _scan(text: str, start: int, scope: NameScope, *, template: bool) -> Scan:
    """Scan one expression and, when the scan finds no mistake of form, compile it."""
    scan = Scanner(text, start, scope, template=template).run()
    if scan.expression is None or any(problem.code is Code.SYNTAX_ERROR for problem in scan.problems):
        return scan
    problem = check_syntax(text, scan)
    if problem is None:
        return scan
    return scan.with_problem(problem)
