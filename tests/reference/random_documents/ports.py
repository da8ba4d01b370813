"""The ports of nodes, and output nodes behind them."""

from typing import Any


def observed(document: dict[str, Any]) -> dict[str, Any]:
    """Add an output node behind each node at the top, so that a run shows what each of them gave."""
    nodes, edges = dict(document["nodes"]), list(document["edges"])
    for key, node in document["nodes"].items():
        if node.get("parentId") or node["type"] in ("output", "stop", "note", "respond"):
            continue
        watcher = f"watch-{key}"
        nodes[watcher] = {
            "id": watcher,
            "type": "output",
            "data": {"value": {"output": f"${{`{key}`.output}}", "error": f"${{`{key}`.error}}"}},
        }
        for port in ports_of(node):
            edges.append({"id": f"w{len(edges)}", "source": key, "sourceHandle": port, "target": watcher})
    return {**document, "nodes": nodes, "edges": edges}


def ports_of(node: dict[str, Any]) -> list[str]:
    """Give a node's ports."""
    data = node["data"]
    ports = {
        "conditional": ["true", "false"],
        "approval": ["approved", "rejected", "timeout"],
        "user-input": ["submitted", "timeout"],
        "stop": [],
        "note": [],
    }.get(node["type"], ["out"])
    if node["type"] == "switch":
        ports = [*(case["handle"] for case in data["cases"]), "default"]
    return [*ports, "error"] if data.get("onError") == "branch" else ports
