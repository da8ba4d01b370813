"""References of a JSONata expression to a document that is not there.

A state's expression is evaluated without a context item: what it works on comes from $states and from variables, so a
path must not begin with a bare name, nor with `$`, unless something stands before it that gives it an item. AWS refuses
such an expression when the machine is created.

Source: AWS Step Functions Developer Guide, "Transforming data with JSONata", and jsonata.org, "Path operators".
"""

import re
from typing import Final

# AWS takes it for no JSONata at all, wherever it stands.
ROOT: Final = "$$"

# Only a text with a name that nothing stands before, or with a `$` that names nothing, needs to be looked at closely.
_SUSPECT: Final = re.compile(r"(?:\A|[^\w$.\s`])\s*[A-Za-z_`]|\$(?!\w)|/\*")
_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+|/\*.*?\*/)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<variable>\$\w+)
    |(?P<document>\$\$?)
    |(?P<name>`[^`]*`|[^\W\d]\w*)
    |(?P<operator>:=|!=|<=|>=|~>|\?\?|\?:|\*\*|\.\.|.)""",
    re.VERBOSE | re.DOTALL,
)
_PATTERN: Final = re.compile(r"(?P<pattern>/(?![*])(?:\[(?:[^\]\\]|\\.)*\]|[^/\\]|\\.)+/[im]*)")
# What a function's parameters are, between their list and the body.
_SIGNATURE: Final = re.compile(r"(?P<blank><[a-z\-()<>:?+]*>\s*(?=\{))")
_FUNCTION: Final = frozenset({"function", "\N{GREEK SMALL LETTER LAMDA}"})
_WORDS: Final = _FUNCTION | {"true", "false", "null"}
_CLOSERS: Final = frozenset(")]}")
_OPENERS: Final = frozenset("([{")


def top_level_references(text: str) -> tuple[str, ...]:
    """List the names, `$` and `$$` that an expression that parses reads from its missing document, each once."""
    if _SUSPECT.search(text) is None:
        return ()
    return tuple(dict.fromkeys(_Scan(text).references()))


class _Scan:
    """Goes through an expression's tokens, knowing at each whether there is a context item.

    Attributes:
        item: At each open bracket and outside of all, whether what stands there has a context item.
        step: At each, whether the operand at hand stands behind a dot, which gives it one.
        operand: The token before ended an operand.
        function: How many brackets are open around the parameters of a function, or around its body to come.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._item = [False]
        self._step = [False]
        self._operand = False
        self._function: int | None = None
        self._before = ""

    def references(self) -> list[str]:
        """List the references, in order."""
        found: list[str] = []
        position = 0
        while position < len(self._text):
            match = self._next(position)
            position = match.end()
            kind, symbol = match.lastgroup, match.group()
            if kind == "blank":
                continue
            if symbol == "|":
                # A transform's parts have items of their own.
                return found
            if kind == "operator":
                self._take_operator(symbol)
            elif self._take_operand(kind or "", symbol):
                found.append(symbol.strip("`"))
            self._before = symbol
        return found

    def _next(self, position: int) -> re.Match[str]:
        match = None
        if not self._operand:
            match = _PATTERN.match(self._text, position)
        elif self._before == ")":
            match = _SIGNATURE.match(self._text, position)
        match = match or _TOKEN.match(self._text, position)
        assert match is not None
        return match

    def _take_operand(self, kind: str, symbol: str) -> bool:
        """Go past a name, a variable or a literal; tell whether it reads the missing document."""
        if kind == "name" and self._operand:
            # and, or, in
            self._end_operand()
            return False
        self._operand = True
        has_item = self._item[-1] or self._step[-1]
        if symbol in _FUNCTION:
            self._function = len(self._item)
        if kind == "name":
            return not has_item and symbol not in _WORDS
        return kind == "document" and (symbol == ROOT or not has_item)

    def _take_operator(self, symbol: str) -> None:
        if symbol in _OPENERS:
            body = symbol == "{" and self._function == len(self._item)
            if body:
                # It has the item of where the function stands.
                self._function = None
            selects = self._operand and symbol != "(" and not body
            ordered = self._before == "^"
            self._item.append(self._item[-1] or self._step[-1] or selects or ordered)
            self._step.append(False)
            self._operand = False
        elif symbol in _CLOSERS:
            if len(self._item) > 1:
                self._item.pop()
                self._step.pop()
            self._operand = True
        elif symbol == ".":
            self._step[-1], self._operand = True, False
        elif self._operand or symbol not in "*%":
            self._end_operand()
        else:
            # A wildcard or the parent, as an operand.
            self._operand = True

    def _end_operand(self) -> None:
        self._step[-1], self._operand = False, False
