"""The names that an expression may use, and what to say of those that it may not."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from millrace.expressions.expression import ReferenceKind
from millrace.model import NodeId

MEMBERS: Final = {
    "output": ReferenceKind.OUTPUT,
    "error": ReferenceKind.ERROR,
    "item": ReferenceKind.ITEM,
    "index": ReferenceKind.INDEX,
}
"""What can be read of a node."""

RECORDS: Final = {
    "run": {"id": ReferenceKind.RUN_ID, "startedAt": ReferenceKind.RUN_STARTED_AT},
    "workflow": {"id": ReferenceKind.WORKFLOW_ID, "version": ReferenceKind.WORKFLOW_VERSION},
}
"""Names of which only single members can be read."""

TABLES: Final = {"inputs": ReferenceKind.INPUTS, "vars": ReferenceKind.VARIABLE}
"""Names whose members are the workflow's own."""

VALUES: Final = {"input": ReferenceKind.INPUT, "trigger": ReferenceKind.TRIGGER}
"""Names that are values by themselves."""

NAMES: Final = frozenset({*RECORDS, *TABLES, *VALUES})

_MOST_CANDIDATES: Final = 400


@dataclass(frozen=True, slots=True)
class NameScope:
    """What an expression may name.

    Attributes:
        nodes: The ids of all nodes of the document.
        fields_of_input: Whether the text is a transform's, where a bare field is most likely one of `input`.
        fields_of_item: Whether the text is about one item of a list: bare names are its fields, and `$` is the item.
    """

    nodes: frozenset[NodeId]
    fields_of_input: bool = False
    fields_of_item: bool = False


@lru_cache(maxsize=8)
def _by_length(nodes: frozenset[str]) -> dict[int, list[str]]:
    """Sort ids by their length, so that a suggestion need not look at all of a large document's."""
    found: dict[int, list[str]] = {}
    for node in sorted(nodes):
        found.setdefault(len(node), []).append(node)
    return found


def suggest_node(name: str, scope: NameScope) -> str | None:
    """Give the id that is most like a name, when one is like it."""
    by_length = _by_length(scope.nodes)
    candidates: list[str] = []
    for distance in (0, 1, -1, 2, -2, 3, -3):
        candidates += by_length.get(len(name) + distance, ())[: _MOST_CANDIDATES - len(candidates)]
    return suggest(name, candidates)


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """Give the candidate that is most like a name, upper and lower case alike, when one is like it."""
    if len(name) > 64:
        return None
    folded = {candidate.lower(): candidate for candidate in candidates}
    close = get_close_matches(name.lower(), folded, 1, 0.7)
    return folded[close[0]] if close else None
