"""Documents for tests, written short."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
Drawn: TypeAlias = dict[str, Any]
"""A node without its id."""


def node(kind: str, parent: str | None = None, /, **data: Any) -> Drawn:
    """Draw a node, inside of a container where one is named."""
    return {"type": kind, "data": data} if parent is None else {"type": kind, "data": data, "parentId": parent}


def code(value: Any = None, parent: str | None = None, /, **data: Any) -> Drawn:
    """Draw a node that runs in a function, which gives `{"v": value}`."""
    return node("code", parent, **{"source": "echo", "inputs": {"v": value}} | data)


def document(nodes: Mapping[str, Drawn], edges: Iterable[str] = (), **settings: Any) -> Document:
    """Draw a workflow.

    Args:
        nodes: Nodes by id.
        edges: Ways such as `a > b > c`, with a port as in `a:error > b`.
        settings: Members of the document's settings.
    """
    drawn: list[dict[str, str]] = []
    for way in edges:
        stops = [stop.strip() for stop in way.split(">")]
        for start, end in pairwise(stops):
            source, _, port = start.partition(":")
            edge = {"id": f"e{len(drawn)}", "source": source, "target": end.partition(":")[0]}
            drawn.append(edge | ({"sourceHandle": port} if port else {}))
    return {
        "name": "Drawing",
        "nodes": {key: {"id": key, **value} for key, value in nodes.items()},
        "edges": drawn,
        "settings": settings,
    }


def chain(*ids: str) -> list[str]:
    """Give the edges of a chain."""
    return [" > ".join(ids)] if len(ids) > 1 else []
