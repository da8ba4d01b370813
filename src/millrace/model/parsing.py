"""Reading a document: JSON in, a `Workflow` and everything that is wrong with its shape out."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeGuard, cast

from millrace.model.diagnostics import Code, Diagnostic
from millrace.model.document import Edge, Node, Settings, Workflow
from millrace.model.ids import NODE_ID, OUT, EdgeId, NodeId, Port
from millrace.model.json import type_of

MAX_TIMEOUT_SECONDS: Final = 31_536_000
"""A year, the longest Standard execution (Step Functions quotas)."""

MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 10_000

_QUOTE_LIMIT: Final = 80

Report = Callable[[Diagnostic], None]


def quote(value: object) -> str:
    """Show a value of the document in a message: its repr, cut where it is long."""
    if value is None or isinstance(value, bool):
        text = json.dumps(value)
    elif isinstance(value, str):
        text = repr(value[: 2 * _QUOTE_LIMIT])
    elif isinstance(value, int) and abs(value) > 2**64:
        text = "a number of many digits"
    else:
        text = repr(value) if isinstance(value, (int, float)) else type_of_or_name(value)
    return text if len(text) <= _QUOTE_LIMIT else text[: _QUOTE_LIMIT - 1] + "…"


def type_of_or_name(value: object) -> str:
    """Name a value's JSON type, or its Python type where it has none."""
    try:
        return type_of(value).value
    except TypeError:
        return type(value).__name__


def parse_document(raw: object) -> tuple[Workflow | None, tuple[Diagnostic, ...]]:
    """Read a document.

    Returns:
        The workflow with every node and edge that could be read (None where there is no object to read), and the
        problems found.
    """
    problems: list[Diagnostic] = []
    report = problems.append
    if not isinstance(raw, dict):
        report(_malformed("", "a JSON object with `nodes` and `edges`", raw))
        return None, tuple(problems)
    document = cast("dict[str, Any]", raw)
    name: Any = document.get("name", "Untitled")
    if not _is_text(name, MAX_NAME) or not name.strip():
        report(_malformed("name", f"text of 1 to {MAX_NAME} characters", name))
        name = "Untitled"
    description: Any = document.get("description") or ""
    if not _is_text(description, MAX_DESCRIPTION):
        report(_malformed("description", f"text of at most {MAX_DESCRIPTION:,} characters", description))
        description = ""
    nodes, unread = _parse_nodes(document.get("nodes"), report)
    workflow = Workflow(
        name=name,
        nodes=nodes,
        edges=_parse_edges(document.get("edges", []), report),
        settings=_parse_settings(document.get("settings") or {}, report),
        description=description,
        unread=unread,
    )
    return workflow, tuple(problems)


def _is_text(value: object, most: int) -> TypeGuard[str]:
    """Whether a value is text that JSON can carry: lone surrogates are not."""
    if not isinstance(value, str) or len(value) > most:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed(
    field: str, expected: str, found: object, node: NodeId | None = None, edge: EdgeId | None = None
) -> Diagnostic:
    where = f"`{field}`" if field else "the document"
    return Diagnostic(
        Code.MALFORMED_DOCUMENT,
        f"expected {where} to be {expected}, found {quote(found)}",
        f"Make {where} {expected}.",
        node=node,
        edge=edge,
        field=field or None,
        expected=expected,
        found=quote(found),
    )


def _parse_nodes(raw: object, report: Report) -> tuple[Mapping[NodeId, Node], frozenset[str]]:
    if isinstance(raw, list):
        raw = _nodes_by_id(cast("list[Any]", raw), report)
    if not isinstance(raw, dict):
        report(_malformed("nodes", "an object of nodes by their ids", raw))
        return MappingProxyType({}), frozenset()
    nodes: dict[NodeId, Node] = {}
    unread: set[str] = set()
    for key, value in cast("dict[Any, Any]", raw).items():
        node = _parse_node(key, value, report)
        if node is not None:
            nodes[node.id] = node
        elif isinstance(key, str):
            unread.add(key)
    return MappingProxyType(nodes), frozenset(unread)


def _nodes_by_id(raw: list[Any], report: Report) -> dict[str, Any]:
    """Accept a list of nodes too, as React Flow exports them."""
    by_id: dict[str, Any] = {}
    for index, value in enumerate(raw):
        key: Any = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
        if not isinstance(key, str):
            report(_malformed(f"nodes[{index}]", "an object with an `id`", cast("object", value)))
        elif key in by_id:
            report(_malformed(f"nodes[{index}].id", "an id that no other node has", key, NodeId(key)))
        else:
            by_id[key] = value
    return by_id


def _parse_node(key: object, raw: object, report: Report) -> Node | None:
    if not isinstance(key, str) or NODE_ID.match(key) is None:
        report(
            Diagnostic(
                Code.INVALID_NODE_ID,
                f"expected a letter and up to 63 letters, digits, `-` or `_` as a node id, found {quote(key)}",
                "Rename the node, and the edges and expressions that mention it.",
                field="nodes",
                expected="[A-Za-z][A-Za-z0-9_-]{0,63}",
                found=quote(key),
            )
        )
        return None
    node_id = NodeId(key)
    if not isinstance(raw, dict):
        report(_malformed(f"nodes.{key}", "an object", raw, node_id))
        return None
    body = cast("dict[str, Any]", raw)
    if body.get("id", key) != key:
        report(_malformed(f"nodes.{key}.id", f"{key!r}, the key it stands under", body["id"], node_id))
    kind: Any = body.get("type")
    data: Any = body.get("data")
    parent: Any = body.get("parentId")
    if not isinstance(kind, str):
        report(_malformed(f"nodes.{key}.type", "the name of a node type", kind, node_id))
        return None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        report(_malformed(f"nodes.{key}.data", "an object", data, node_id))
        data = {}
    if parent is not None and not isinstance(parent, str):
        report(_malformed(f"nodes.{key}.parentId", "the id of a container or null", parent, node_id))
        parent = None
    return Node(node_id, kind, cast("Mapping[str, Any]", data), NodeId(parent) if parent else None)


def _parse_edges(raw: object, report: Report) -> tuple[Edge, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        report(_malformed("edges", "a list of edges", raw))
        return ()
    edges = (_parse_edge(index, value, report) for index, value in enumerate(cast("list[Any]", raw)))
    return tuple(edge for edge in edges if edge is not None)


def _parse_edge(index: int, raw: object, report: Report) -> Edge | None:
    if not isinstance(raw, dict):
        report(_malformed(f"edges[{index}]", "an object with `source` and `target`", raw))
        return None
    body = cast("dict[str, Any]", raw)
    edge_id = body.get("id") if isinstance(body.get("id"), str) else f"e{index + 1}"
    source: Any = body.get("source")
    target: Any = body.get("target")
    port: Any = body.get("sourceHandle") or OUT
    sound = True
    for member, value in (("source", source), ("target", target), ("sourceHandle", port)):
        if not isinstance(value, str):
            report(_malformed(f"edges[{index}].{member}", "text", value, edge=EdgeId(cast("str", edge_id))))
            sound = False
    if not sound:
        return None
    return Edge(EdgeId(cast("str", edge_id)), NodeId(source), NodeId(target), Port(port))


def _parse_settings(raw: object, report: Report) -> Settings:
    if not isinstance(raw, dict):
        report(_malformed("settings", "an object", raw))
        return Settings()
    body = cast("dict[str, Any]", raw)
    execution: Any = body.get("execution", "standard")
    timeout: Any = body.get("timeoutSeconds")
    expected: Any = body.get("expectedSeconds") or {}
    if execution not in ("standard", "express"):
        report(_setting("execution", '"standard" or "express"', execution))
        execution = "standard"
    if timeout is not None and not (type(timeout) is int and 1 <= timeout <= MAX_TIMEOUT_SECONDS):
        report(_setting("timeoutSeconds", f"a whole number of seconds from 1 to {MAX_TIMEOUT_SECONDS:,}", timeout))
        timeout = None
    if not isinstance(expected, dict):
        report(_setting("expectedSeconds", "an object of seconds by node id", expected))
        expected = {}
    seconds: dict[str, float] = {}
    for key, value in cast("dict[str, Any]", expected).items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_TIMEOUT_SECONDS:
            report(_setting(f"expectedSeconds.{key}", f"a number of seconds from 0 to {MAX_TIMEOUT_SECONDS:,}", value))
        else:
            seconds[key] = float(value)
    return Settings(execution, timeout, MappingProxyType(seconds))


def _setting(member: str, expected: str, found: object) -> Diagnostic:
    return Diagnostic(
        Code.INVALID_SETTINGS,
        f"expected `settings.{member}` to be {expected}, found {quote(found)}",
        f"Set `settings.{member}` to {expected}, or leave it out.",
        field=f"settings.{member}",
        expected=expected,
        found=quote(found),
    )
