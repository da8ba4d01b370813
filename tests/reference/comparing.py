"""Whether a document, compiled and run, does what the reference says."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from millrace.compiler import Compilation
from millrace.engine import HistoryEvent, Result, Runner, Status
from millrace.model import NodeId, StateName

from .evaluator import RUN_ID, TRIGGER, Evaluation, evaluate
from .failure import agrees
from .world import World, WorldTasks

_WRAPPERS: Final = ("Parallel", "Map")


@dataclass(frozen=True, slots=True)
class Difference:
    """How a run and the reference differ."""

    what: str
    expected: Any
    found: Any


def run(compilation: Compilation, inputs: Any) -> Result:
    """Run a compiled document in the world of the tests; waits take no time."""

    async def execute() -> Result:
        runner = Runner(fast=True, source=Random(1))
        tasks = WorldTasks(World(), runner, compilation.children)
        given = {"inputs": inputs, "trigger": dict(TRIGGER)}
        return await runner.run(compilation.definition, given, tasks=tasks, name=RUN_ID)

    return asyncio.run(execute())


def compare(
    compilation: Compilation, document: Mapping[str, Any], inputs: Any, pins: Mapping[NodeId, Any] | None = None
) -> Difference | None:
    """Run what a document was compiled to, and find the first difference from the reference.

    Args:
        compilation: What the document was compiled to, with the same pins.
        document: The document.
        inputs: The run's inputs.
        pins: Outputs used in place of running, by node.
    """
    errors = [(problem.code.value, problem.message) for problem in compilation.diagnostics if problem.is_error]
    if errors:
        return Difference("diagnostics", [], errors)
    return _difference(evaluate(document, inputs, pins=pins), run(compilation, inputs), compilation)


def _difference(expected: Evaluation, result: Result, compilation: Compilation) -> Difference | None:
    found = f"{result.status.value} {result.error or ''} {(result.cause or '')[:300]}"
    if expected.completed != (result.status is Status.SUCCEEDED):
        return Difference("status", expected.failures or "completed", found)
    if expected.completed:
        if agrees(expected.outputs, result.output):
            return None
        return Difference("outputs", expected.outputs, result.output)
    nodes = failed_nodes(result, compilation)
    if nodes and not any(failure.node in nodes for failure in expected.failures):
        return Difference("failing node", expected.failures, (nodes, found))
    if not any(agrees(failure.type, result.error or "") for failure in expected.failures):
        return Difference("error", expected.failures, found)
    return None


def failed_nodes(result: Result, compilation: Compilation) -> tuple[str, ...]:
    """Give the nodes of the state whose failure ended a run."""
    state = _failed_state(result.history)
    return compilation.source_map.get(state, ()) if state else ()


def _failed_state(history: tuple[HistoryEvent, ...]) -> StateName | None:
    events = {event.id: event for event in history}
    event = history[-1]
    while event.previous:
        event = events[event.previous]
        if event.state and not event.type.startswith(_WRAPPERS):
            return StateName(event.state)
    return None
