"""The node types that workflows can be made of."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from millrace.catalogue import node_types
from millrace.catalogue.reference import describe
from millrace.model import Json
from millrace.services.errors import ErrorCode, NotFoundError


@cache
def described() -> tuple[Mapping[str, Json], ...]:
    """Describe every node type, in the order of the palette."""
    return tuple(describe(kind) for kind in node_types().values())


def describe_type(name: str) -> Mapping[str, Json]:
    """Describe one node type.

    Raises:
        NotFoundError: There is none of that name.
    """
    for description in described():
        if description["type"] == name:
            return description
    near = get_close_matches(name, node_types(), 1)
    hint = f"did you mean {near[0]!r}?" if near else "GET /api/nodes lists them"
    raise NotFoundError(ErrorCode.NODE_TYPE_NOT_FOUND, f"there is no node type {name!r}; {hint}")
