"""Regular expressions that mean the same to JSONata in Step Functions and in the embedded engine.

Step Functions runs JavaScript's regular expressions, the engine those of Rust. What only one of them has, or reads
otherwise, is refused.
"""

import re
from typing import Final

import jsonatapy

_PIECE: Final = re.compile(
    r"\\(?P<escaped>.)|(?P<count>\{[0-9]+(?:,[0-9]*)?\})|\(\?(?P<group>.)?|(?P<plain>.)", re.DOTALL
)
_LINES: Final = {"\n": r"\n", "\r": r"\r", "\u2028": r"\u2028", "\u2029": r"\u2029"}
_LETTERS: Final = frozenset("dDwWsSbBnrtfvxu")
_QUANTIFIERS: Final = frozenset("*+?")
_SET_OPERATORS: Final = re.compile(r"&&|--|~~")
_LONGEST: Final = 1000

PATTERN_REMEDY: Final = (
    r"Write a backslash before a character that stands for itself, as in \( or \*, and do without look-around, "
    "inline flags, references back to a group and quantifiers of quantifiers."
)
"""What to do about a regular expression that cannot be used."""


def is_pattern(text: str) -> bool:
    """Whether a regular expression between slashes can be used."""
    pattern = text[1 : text.rindex("/")]
    if not _is_portable(pattern):
        return False
    try:
        jsonatapy.compile(f'$match("", {text})').evaluate(None)
    except ValueError:
        return False
    return True


def _is_portable(pattern: str) -> bool:
    in_class, quantified, lazy = False, False, False
    for piece in _PIECE.finditer(pattern):
        escaped, plain = piece["escaped"], piece["plain"]
        if escaped is not None and escaped.isalnum() and escaped not in _LETTERS:
            return False
        if in_class:
            if plain == "[" or _SET_OPERATORS.match(pattern, piece.start()):
                return False
            in_class = plain != "]"
            continue
        if piece[0].startswith("(?") and piece["group"] not in {":", "<"}:
            return False
        in_class = plain == "["
        if plain in _QUANTIFIERS or piece["count"] is not None:
            if quantified and (lazy or plain != "?"):
                return False
            quantified, lazy = True, quantified
        else:
            quantified = lazy = False
    return True


def pattern_literal(pattern: str) -> str | None:
    r"""Write a regular expression between slashes; None when it cannot be used.

    JSONata looks for the closing slash outside of brackets, and counts those in character classes too (jsonata-js
    2.0.6, scanRegex). So brackets that are no syntax get a backslash, and a backslash that stands for itself, before
    which JSONata overlooks a bracket, becomes `\x5c`.
    """
    if pattern == "" or len(pattern) > _LONGEST:
        return None
    written: list[str] = []
    in_class = False
    for piece in _PIECE.finditer(pattern):
        escaped, plain = piece["escaped"], piece["plain"]
        if escaped is not None:
            written.append(r"\x5c" if escaped == "\\" else _LINES.get(escaped, piece[0]))
        elif plain is None:
            written.append(re.sub(r"([(){}])", r"\\\1", piece[0]) if in_class else piece[0])
        elif plain in "/{}" or (in_class and plain in "()["):
            written.append("\\" + plain)
        else:
            in_class = plain == "[" or (in_class and plain != "]")
            written.append(_LINES.get(plain, plain))
    text = f"/{''.join(written)}/"
    return text if is_pattern(text) else None
