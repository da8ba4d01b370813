"""What differs between two documents of a workflow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, cast

from millrace.model import Json, NodeId

_ABSENT: Final = object()
_OUT: Final = "out"
_OWN: Final = frozenset({"nodes", "edges"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs.

    Attributes:
        field: Dotted path, such as `data.cases[0].equals`.
        before, after: The values; None also where there was, or is, none.
        kind: added, removed or changed.
    """

    field: str
    before: Json
    after: Json
    kind: str


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that is in both documents, and differs.

    Attributes:
        moved: Whether it stands elsewhere on the canvas; that alone does not make it changed.
    """

    node: NodeId
    type: str
    fields: tuple[FieldChange, ...]
    moved: bool = False


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """A node that is in one of the documents only."""

    node: NodeId
    type: str
    label: str


@dataclass(frozen=True, slots=True)
class EdgeEntry:
    """An edge that is in one of the documents only; edges are the same when they join the same ports."""

    source: str
    target: str
    port: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two documents.

    Attributes:
        settings: What differs beside nodes and edges: name, description, settings.
        moved: Nodes that stand elsewhere on the canvas, and are the same otherwise.
    """

    added: tuple[NodeEntry, ...]
    removed: tuple[NodeEntry, ...]
    changed: tuple[NodeChange, ...]
    moved: tuple[NodeId, ...]
    edges_added: tuple[EdgeEntry, ...]
    edges_removed: tuple[EdgeEntry, ...]
    settings: tuple[FieldChange, ...]

    @property
    def identical(self) -> bool:
        """Whether the two do the same and look the same."""
        return not any(
            (self.added, self.removed, self.changed, self.moved, self.edges_added, self.edges_removed, self.settings)
        )


def compare(before: Mapping[str, Json], after: Mapping[str, Json]) -> Comparison:
    """Compare two documents, which may be drafts of any shape."""
    old, new = _nodes(before), _nodes(after)
    changes = [
        NodeChange(
            NodeId(node),
            str(new[node].get("type", "")),
            tuple(_differences(_content(old[node]), _content(new[node]))),
            moved=old[node].get("position") != new[node].get("position"),
        )
        for node in new
        if node in old
    ]
    edges_before, edges_after = _edges(before), _edges(after)
    return Comparison(
        added=tuple(_entry(node, new[node]) for node in new if node not in old),
        removed=tuple(_entry(node, old[node]) for node in old if node not in new),
        changed=tuple(change for change in changes if change.fields),
        moved=tuple(change.node for change in changes if change.moved and not change.fields),
        edges_added=tuple(edge for edge in edges_after if edge not in edges_before),
        edges_removed=tuple(edge for edge in edges_before if edge not in edges_after),
        settings=tuple(
            _differences(
                {key: value for key, value in before.items() if key not in _OWN},
                {key: value for key, value in after.items() if key not in _OWN},
            )
        ),
    )


def _differences(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    if before is _ABSENT:
        yield FieldChange(path, None, after, "added")
    elif after is _ABSENT:
        yield FieldChange(path, before, None, "removed")
    elif isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list):
        pairs = zip_longest(cast("list[Any]", before), cast("list[Any]", after), fillvalue=_ABSENT)
        for index, (old_item, new_item) in enumerate(pairs):
            yield from _differences(old_item, new_item, f"{path}[{index}]")
    elif _written(before) != _written(after):
        yield FieldChange(path, cast("Json", before), cast("Json", after), "changed")


def _written(value: Any) -> str:
    """Write a value, so that true and 1 differ."""
    return json.dumps(value, sort_keys=True)


def _nodes(document: Mapping[str, Json]) -> dict[str, dict[str, Any]]:
    raw = document.get("nodes")
    if isinstance(raw, list):
        return {str(node.get("id")): node for node in _objects(raw)}
    return {key: node for key, node in raw.items() if isinstance(node, dict)} if isinstance(raw, dict) else {}


def _edges(document: Mapping[str, Json]) -> dict[EdgeEntry, None]:
    raw = document.get("edges")
    return dict.fromkeys(
        EdgeEntry(str(edge.get("source", "")), str(edge.get("target", "")), str(edge.get("sourceHandle") or _OUT))
        for edge in (_objects(raw) if isinstance(raw, list) else ())
    )


def _objects(members: Sequence[Json]) -> Iterator[dict[str, Json]]:
    return (member for member in members if isinstance(member, dict))


def _content(node: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key not in ("id", "position")}


def _entry(node: str, raw: Mapping[str, Any]) -> NodeEntry:
    data: Any = raw.get("data")
    label: Any = cast("dict[str, Any]", data).get("label") if isinstance(data, dict) else None
    return NodeEntry(NodeId(node), str(raw.get("type", "")), label if isinstance(label, str) else node)
