"""Intrinsic functions."""

from millrace.engine.expressions import Scope
from millrace.engine.jsonpath.path import Path
from millrace.model.json import Json


class Intrinsic:
    """A call of an intrinsic function in one field of a state."""

    __slots__ = ("location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location

    def evaluate(self, scope: Scope) -> Json:
        """Give the function's result."""
        raise NotImplementedError


def read_path(text: str, location: str) -> Path | Intrinsic:
    """Read a field that holds a path or an intrinsic function."""
    return Intrinsic(text, location) if text.startswith("States.") else Path(text, location)
