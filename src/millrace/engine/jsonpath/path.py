"""JSONPath paths."""

from millrace.engine.expressions import Scope
from millrace.model.json import Json


class Path:
    """A path in one field of a state."""

    __slots__ = ("location", "text")

    def __init__(self, text: str, location: str) -> None:
        self.text = text
        self.location = location

    def evaluate(self, scope: Scope) -> Json:
        """Give what the path selects."""
        raise NotImplementedError
