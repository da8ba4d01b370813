"""How nodes fail, and what is left open about it."""

from dataclasses import dataclass
from typing import Final

from millrace.model import Json

ANY: Final = "\N{REPLACEMENT CHARACTER} whatever the engine says"
"""Stands where the text is the engine's, or where it depends on which of several nodes is faster."""

QUERY_ERROR: Final = "States.QueryEvaluationError"


@dataclass(frozen=True, slots=True)
class Failure:
    """A node's failure, as `<node>.error` shows it."""

    node: str
    type: str
    message: str

    def value(self) -> dict[str, Json]:
        return {"type": self.type, "message": self.message}


class NodeFailed(Exception):  # noqa: N818 - a state of a node, not a mistake of the evaluator
    """Says that a node failed; several failures mean that any of them may have come first."""

    def __init__(self, *failures: Failure) -> None:
        super().__init__(failures)
        self.failures = failures

    def error(self) -> dict[str, Json]:
        """Give the error's value, open where the failures differ."""
        types = {failure.type for failure in self.failures}
        messages = {failure.message for failure in self.failures}
        return {
            "type": next(iter(types)) if len(types) == 1 else ANY,
            "message": next(iter(messages)) if len(messages) == 1 else ANY,
        }


def agrees(expected: Json, found: Json) -> bool:
    """Whether a value is the expected one, where `ANY` in the expected stands for any text."""
    if isinstance(expected, str) and expected == ANY:
        return isinstance(found, str)
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and expected.keys() == found.keys()
            and all(agrees(value, found[key]) for key, value in expected.items())
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(expected) == len(found)
            and all(agrees(one, other) for one, other in zip(expected, found, strict=True))
        )
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return expected == found
