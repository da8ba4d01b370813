"""Makes a document that shows a difference as small as it can, for people to read."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

from millrace.model import Json

_PLAIN: Final = {"fields": {"v": 1}}

Fails = Callable[[dict[str, Any]], bool]


def reduced(document: dict[str, Any], fails: Fails, tries: int = 3000) -> dict[str, Any]:
    """Take away whatever can go while `fails` still holds, in at most so many tries."""
    left = tries
    changed = True
    while changed and left > 0:
        changed = False
        for candidate in _smaller(document):
            left -= 1
            if left <= 0:
                break
            if _holds(fails, candidate):
                document, changed = candidate, True
                break
    return document


def _holds(fails: Fails, candidate: dict[str, Any]) -> bool:
    try:
        return fails(candidate)
    except Exception:  # noqa: BLE001 - a smaller document may be no document any more
        return False


def _smaller(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    nodes = list(document["nodes"])
    for size in (len(nodes) // 2, len(nodes) // 4, len(nodes) // 8, 1):
        if size:
            for start in range(0, len(nodes), size):
                yield _without_nodes(document, set(nodes[start : start + size]))
    for node in nodes:
        yield _bypassed(document, node)
    for node in nodes:
        if document["nodes"][node]["data"] != _PLAIN and document["nodes"][node]["type"] not in ("loop", "while"):
            yield _plain(document, node)
    for index in range(len(document["edges"])):
        smaller = copy.deepcopy(document)
        del smaller["edges"][index]
        yield smaller
    yield from _with_fewer_settings(document)
    for node in nodes:
        for data in _smaller_values(document["nodes"][node].get("data", {})):
            smaller = copy.deepcopy(document)
            smaller["nodes"][node]["data"] = data
            yield smaller
    for node in nodes:
        if document["nodes"][node].get("parentId"):
            smaller = copy.deepcopy(document)
            parent = smaller["nodes"][node]["parentId"]
            smaller["nodes"][node]["parentId"] = smaller["nodes"].get(parent, {}).get("parentId")
            yield smaller


def _with_fewer_settings(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**document, "settings": {}}
    expected = document.get("settings", {}).get("expectedSeconds", {})
    for node in expected:
        kept = {key: value for key, value in expected.items() if key != node}
        yield {**document, "settings": {"expectedSeconds": kept}}


def _bypassed(document: dict[str, Any], gone: str) -> dict[str, Any]:
    """Take a node away and join the nodes before it with those behind it."""
    before = [edge for edge in document["edges"] if edge["target"] == gone]
    behind = {edge["target"] for edge in document["edges"] if edge["source"] == gone}
    joined = [
        {**edge, "id": f"{edge['id']}-{index}", "target": target}
        for edge in before
        for index, target in enumerate(sorted(behind))
    ]
    smaller = _without_nodes(document, {gone})
    return {**smaller, "edges": [*smaller["edges"], *joined]}


def _plain(document: dict[str, Any], node: str) -> dict[str, Any]:
    smaller = copy.deepcopy(document)
    smaller["nodes"][node] |= {"type": "set", "data": _PLAIN}
    for edge in smaller["edges"]:
        if edge["source"] == node:
            edge["sourceHandle"] = "out"
    return smaller


def _without_nodes(document: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    nodes = document["nodes"]
    more = True
    while more:
        inside = {key for key, node in nodes.items() if node.get("parentId") in gone} - gone
        gone = gone | inside
        more = bool(inside)
    return {
        **document,
        "nodes": {key: node for key, node in nodes.items() if key not in gone},
        "edges": [edge for edge in document["edges"] if edge["source"] not in gone and edge["target"] not in gone],
        "settings": {
            "expectedSeconds": {
                key: value
                for key, value in document.get("settings", {}).get("expectedSeconds", {}).items()
                if key not in gone
            }
        },
    }


def _smaller_values(value: Json) -> Iterator[Json]:
    match value:
        case dict():
            for key in value:
                yield {other: member for other, member in value.items() if other != key}
            for key, member in value.items():
                for smaller in _smaller_values(member):
                    yield {**value, key: smaller}
        case list():
            for index, member in enumerate(value):
                yield value[:index] + value[index + 1 :]
                for smaller in _smaller_values(member):
                    yield [*value[:index], smaller, *value[index + 1 :]]
        case str() if value not in ("1", ""):
            yield 1
        case _:
            return
