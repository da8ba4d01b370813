"""The workflows that are measured."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

BRIEF: Final = {"timeoutSeconds": 60}
"""Settings that let a webhook that waits run the Express form."""


def five_sets(settings: Mapping[str, Any] = BRIEF) -> dict[str, Any]:
    """Give five set nodes, each on top of the one before it."""
    nodes: dict[str, Any] = {"in": _number("n")}
    before = "inputs.n"
    for index in range(5):
        nodes[f"s{index}"] = _node("set", {"fields": {"n": f"${{{before} + 1}}", "text": f"step {index}"}})
        before = f"s{index}.output.n"
    nodes["out"] = _output("n", f"${{{before}}}")
    return _chain(nodes) | {"settings": settings}


def if_merge() -> dict[str, Any]:
    """Give a condition with a branch for each outcome, and a merge of the two."""
    nodes = {
        "in": _number("n"),
        "large": _node("conditional", {"condition": "${inputs.n > 3}"}),
        "yes": _node("set", {"fields": {"text": "${inputs.n} is large"}}),
        "no": _node("set", {"fields": {"text": "${inputs.n} is small"}}),
        "both": _node("merge", {}),
        "out": _output("text", "${both.output}"),
    }
    edges = [("in", "large"), ("yes", "both"), ("no", "both"), ("both", "out")]
    ports = [{"source": "large", "sourceHandle": str(key == "yes").lower(), "target": key} for key in ("yes", "no")]
    return _document(nodes, [*({"source": source, "target": target} for source, target in edges), *ports])


def split_transform_aggregate() -> dict[str, Any]:
    """Give what takes a list into batches, reshapes each of their items, and sums them up by group."""
    nodes = {
        "in": _node("input", {"schema": {"items": {"type": "array", "required": True}}}),
        "split": _node("split", {"items": "${inputs.items}", "size": 10}),
        "shape": _node(
            "transform",
            {
                "input": "${split.output}",
                "expression": "[$map($reduce(input, $append), function($it) "
                '{ {"group": $it.group, "value": $it.price * $it.count} })]',
            },
        ),
        "sum": _node(
            "aggregate",
            {
                "items": "${shape.output}",
                "groupBy": ["group"],
                "operations": [{"operation": "sum", "field": "value", "as": "total"}],
            },
        ),
        "out": _output("totals", "${sum.output}"),
    }
    return _chain(nodes)


def hundred_items() -> list[dict[str, Any]]:
    """Give the items that are split."""
    return [{"id": number, "group": f"g{number % 5}", "price": 1.5 * number, "count": 2} for number in range(100)]


def three_calls(address: str) -> dict[str, Any]:
    """Give three HTTP calls that do not depend on each other."""
    calls = ("a", "b", "c")
    nodes = {key: _node("http", {"url": f"{address}/{key}"}) for key in calls}
    values = ", ".join(f"{key}.output.status" for key in calls)
    nodes["all"] = _node("set", {"fields": {"statuses": f"${{[{values}]}}"}})
    nodes["out"] = _output("statuses", "${all.output.statuses}")
    edges = [*((key, "all") for key in calls), ("all", "out")]
    return _document(nodes, [{"source": source, "target": target} for source, target in edges])


def _node(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "data": data, "position": {"x": 0, "y": 0}}


def _number(name: str) -> dict[str, Any]:
    return _node("input", {"schema": {name: {"type": "number", "default": 3}}})


def _output(name: str, value: str) -> dict[str, Any]:
    return _node("output", {"name": name, "value": value})


def _chain(nodes: dict[str, Any]) -> dict[str, Any]:
    return _document(nodes, [{"source": source, "target": target} for source, target in pairwise(nodes)])


def _document(nodes: dict[str, Any], edges: list[dict[str, str]]) -> dict[str, Any]:
    return {"nodes": {key: {"id": key, **node} for key, node in nodes.items()}, "edges": edges, "settings": BRIEF}
