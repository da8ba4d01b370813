"""Documents that the tests save, publish and run."""

from typing import Any

from millrace.model import Json


def constant(value: Json, **settings: Json) -> dict[str, Any]:
    """Give a document whose only output is a value."""
    return {
        "nodes": {
            "value": {"id": "value", "type": "set", "position": {"x": 0, "y": 0}, "data": {"fields": {"it": value}}},
            "out": {
                "id": "out",
                "type": "output",
                "position": {"x": 200, "y": 0},
                "data": {"value": "${value.output.it}"},
            },
        },
        "edges": [{"id": "e1", "source": "value", "target": "out"}],
        **({"settings": settings} if settings else {}),
    }


def starting(workflow: str, version: int | None = None) -> dict[str, Any]:
    """Give a document that runs another workflow."""
    data = {"workflowId": workflow, **({"version": version} if version is not None else {})}
    return {"nodes": {"other": {"id": "other", "type": "subworkflow", "data": data}}, "edges": []}


BROKEN: dict[str, Any] = {
    "nodes": {
        "a": {"id": "a", "type": "nonsense"},
        "b": {"id": "b", "type": "set", "data": {"fields": {"x": "${nope.output}"}}},
    },
    "edges": [],
}

_PARTS = 14

LARGE: dict[str, Any] = {
    "nodes": {
        f"b{index}": {
            "id": f"b{index}",
            "type": "code",
            "data": {"source": "return 1", "inputs": {"padding": "n" * 100_000}},
        }
        for index in range(_PARTS)
    },
    "edges": [{"source": f"b{index}", "target": f"b{index + 1}"} for index in range(_PARTS - 1)],
}
"""More than one machine may hold (1 MB of definition)."""
