"""Documents, written briefly."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from millrace.engine import HistoryEvent, Runner, TaskRequest
from millrace.local.local_run import LocalRun
from millrace.local.people import Ask
from millrace.local.program import load_program
from millrace.model import NodeId
from millrace.observation import NodeReport, RunReport


def workflow(
    nodes: Mapping[str, tuple[Any, ...]], edges: Sequence[str] = (), settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make a document.

    Args:
        nodes: By id: type, data and, for a node in a container, its parent.
        edges: `a > b`, or `a:port > b`, or a chain of them.
        settings: The document's settings.
    """
    made: dict[str, Any] = {}
    for key, (kind, data, *parent) in nodes.items():
        made[key] = {"id": key, "type": kind, "data": data, "parentId": parent[0] if parent else None}
    drawn: list[dict[str, str]] = []
    for chain in edges:
        steps = [step.strip() for step in chain.split(">")]
        for source, target in pairwise(steps):
            node, _, port = source.partition(":")
            drawn.append({"source": node, "sourceHandle": port or "out", "target": target.partition(":")[0]})
    return {"name": "Test", "nodes": made, "edges": drawn, "settings": dict(settings or {})}


def save(folder: Path, name: str, document: object) -> str:
    """Write a document, and give its file's name."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document))
    return str(path)


def run_here(
    folder: Path,
    document: object,
    inputs: Mapping[str, Any] | None = None,
    *,
    answers: Mapping[str, Any] | None = None,
    ask: Ask | None = None,
) -> RunReport:
    """Run a document as the command does, with waits skipped."""
    program = load_program(save(folder, "main", document))
    local_run = LocalRun(program, fast=True, answers=answers, ask=ask)
    return asyncio.run(local_run.run(program.check_inputs(inputs or {})))


async def no_tasks(task: TaskRequest) -> Any:
    raise AssertionError(f"no task was expected, found {task}")


def history_of(definition: Any, inputs: Mapping[str, Any] | None = None) -> tuple[HistoryEvent, ...]:
    """Run a machine without tasks, and give its events."""
    given: Any = {"inputs": dict(inputs or {}), "trigger": {"type": "test"}}
    return asyncio.run(Runner(fast=True).run(definition, given, tasks=no_tasks)).history


def statuses(report: RunReport) -> dict[str, str]:
    """Give the status of each node."""
    return {node: known.status.value for node, known in report.nodes.items()}


def part(report: RunReport, node: str) -> NodeReport:
    """Give a node's part in a run."""
    return report.nodes[NodeId(node)]
