"""What the checks share: where problems go, and words that are close."""

import difflib
from collections.abc import Callable, Iterable

from millrace.model import Diagnostic

Report = Callable[[Diagnostic], None]


def suggestion(word: str, words: Iterable[str]) -> str:
    """Give ", did you mean 'x'?" where a known word is close, else nothing."""
    close = difflib.get_close_matches(word[:80], list(words)[:2000], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
