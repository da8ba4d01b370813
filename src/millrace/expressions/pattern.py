"""Regular expressions given as text, as literals of JSONata."""

import re
from typing import Final

import jsonatapy

_PIECE: Final = re.compile(r"\\(.)|(\{[0-9]+(?:,[0-9]*)?\})|(.)", re.DOTALL)
_LINES: Final = {"\n": r"\n", "\r": r"\r", "\u2028": r"\u2028", "\u2029": r"\u2029"}
_BRACKETS: Final = frozenset("()[]{}")
_LONGEST: Final = 1000


def pattern_literal(pattern: str) -> str | None:
    r"""Write a regular expression between slashes; None when it is none.

    JSONata looks for the closing slash outside of brackets, and counts those in character classes too (jsonata-js
    2.0.6, scanRegex). So brackets that are no syntax get a backslash, and a backslash that stands for itself, before
    which JSONata overlooks a bracket, becomes `\x5c`.
    """
    if pattern == "" or len(pattern) > _LONGEST:
        return None
    written: list[str] = []
    in_class = False
    for piece in _PIECE.finditer(pattern):
        escaped, repetition, plain = piece.groups()
        if escaped is not None:
            written.append(r"\x5c" if escaped == "\\" else _LINES.get(escaped, piece[0]))
        elif repetition is not None:
            written.append(repetition.replace("{", r"\{").replace("}", r"\}") if in_class else repetition)
        elif plain == "/" or (in_class and plain in _BRACKETS - {"]"}) or (plain in "{}"):
            written.append("\\" + plain)
        else:
            in_class = plain == "[" or (in_class and plain != "]")
            written.append(_LINES.get(plain, plain))
    text = f"/{''.join(written)}/"
    try:
        jsonatapy.compile(f'$match("", {text})').evaluate(None)
    except ValueError:
        return None
    return text
