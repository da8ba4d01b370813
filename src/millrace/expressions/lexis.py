"""The tokens of JSONata, as regular expressions (source: jsonata-js 2.0.6, src/parser.js, `tokenizer`)."""

import re
from typing import Final, NamedTuple

BLANKS: Final = r"[ \t\n\r\v]*"
NAME_END: Final = r"[\w$]*"
NAME: Final = rf"[^\W\d]{NAME_END}"
"""A name of JSONata; other characters, such as emoji, need backquotes, because its implementations differ on them."""

TOKEN: Final = re.compile(
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
CALL: Final = re.compile(rf"{BLANKS}\(")
NUMBER: Final = re.compile(rf"{BLANKS}[0-9]")
NAME_PART: Final = re.compile(r"[\w$]")
CLOSERS: Final = {"(": ")", "[": "]", "{": "}", "|": "|"}

_SIGNATURE: Final = re.compile(rf"{BLANKS}<")
_LONGEST_SIGNATURE: Final = 256
_ANGLE: Final = re.compile(r"[<>]")
_PATTERN_MARK: Final = re.compile(r"[/(){}\[\]]")
_PATTERN_FLAGS: Final = re.compile(r"[im]*")


class PatternEnd(NamedTuple):
    """Where a regular expression ends.

    Attributes:
        slash: The closing slash.
        end: Behind the flags.
        inner: A slash inside its brackets, if there is one.
    """

    slash: int
    end: int
    inner: int | None


def find_pattern_end(text: str, start: int, limit: int) -> PatternEnd | None:
    """Find the end of the regular expression at `start`: a slash outside its brackets (`scanRegex`)."""
    depth, inner = 0, None
    for mark in _PATTERN_MARK.finditer(text, start + 1, limit):
        at = mark.start()
        if mark[0] != "/":
            if text[at - 1] != "\\":
                depth += 1 if mark[0] in "([{" else -1
        elif not _is_escaped(text, at):
            if depth == 0:
                flags = _PATTERN_FLAGS.match(text, at + 1, limit)
                return PatternEnd(at, at + 1 if flags is None else flags.end(), inner)
            inner = at
    return None


def _is_escaped(text: str, at: int) -> bool:
    before = at - 1
    while text[before] == "\\":
        before -= 1
    return (at - 1 - before) % 2 == 1


def skip_signature(text: str, position: int, limit: int) -> int:
    """Give the end of the signature that may stand between a function's parameters and its body."""
    signature = _SIGNATURE.match(text, position, limit)
    if signature is None:
        return position
    depth = 1
    for angle in _ANGLE.finditer(text, signature.end(), min(limit, signature.end() + _LONGEST_SIGNATURE)):
        depth += 1 if angle[0] == "<" else -1
        if depth == 0:
            return angle.end()
    return position
