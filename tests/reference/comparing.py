"""Whether a document, compiled and run, does what the reference says."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from millrace.compiler import Compilation, compile_document
from millrace.engine import HistoryEvent, Result, Runner, Status

from .evaluator import Evaluation, evaluate
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
    definition = compilation.definition
    assert definition is not None, [problem.message for problem in compilation.diagnostics]

    async def execute() -> Result:
        runner = Runner(fast=True, source=Random(1))
        return await runner.run(definition, {"inputs": inputs}, tasks=WorldTasks(World(), runner), name="run-1")

    return asyncio.run(execute())


def compare(document: Mapping[str, Any], inputs: Any) -> Difference | None:
    """Compile and run a document, and find the first difference from the reference."""
    compilation = compile_document(document)
    errors = [(problem.code.value, problem.message) for problem in compilation.diagnostics if problem.is_error]
    if errors:
        return Difference("diagnostics", [], errors)
    return difference(evaluate(document, inputs), run(compilation, inputs), compilation)


def difference(expected: Evaluation, result: Result, compilation: Compilation) -> Difference | None:
    """Compare how a run ended with how it should."""
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


def _failed_state(history: tuple[HistoryEvent, ...]) -> Any:
    events = {event.id: event for event in history}
    event = history[-1]
    while event.previous:
        event = events[event.previous]
        if event.state and not event.type.startswith(_WRAPPERS):
            return event.state
    return None
