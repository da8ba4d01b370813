"""Compilations run on the engine, parents and children, with functions that answer by what they are asked."""

import asyncio
from random import Random
from typing import Any, Final

from millrace.catalogue import LAMBDA_INVOKE, Function
from millrace.catalogue.subworkflow import START_EXECUTION
from millrace.compiler import Compilation, CompileContext, compile_document
from millrace.engine import ExecutionTasks, FunctionTasks, Result, Runner, Status, TaskRoutes, load
from millrace.model import Json

from .drawing import Document

RUN_ID: Final = "run-1"
TRIGGER: Final[Json] = {"type": "test"}


class Broken(Exception):  # noqa: N818 - the error type that the tests look for
    """The failure of a node whose source is `fail`."""


async def _answer(event: Any) -> Any:
    config = event["config"]
    if config.get("source") == "fail":
        raise Broken(f"{event['node']} fails")
    return {"output": {"v": config.get("inputs", {}).get("v")}, "console": []}


def compiled(document: Document, context: CompileContext | None = None) -> Compilation:
    """Compile a document without errors."""
    compilation = compile_document(document, context)
    assert compilation.ok, compilation.diagnostics
    return compilation


def run(compilation: Compilation, inputs: dict[str, Any] | None = None) -> Result:
    """Run a compilation as AWS would: its children by startExecution.sync:2."""

    async def execute() -> Result:
        runner = Runner(fast=True, source=Random(1))
        children = ExecutionTasks(runner, {name: load(child) for name, child in compilation.children.items()})
        context = CompileContext()
        functions = FunctionTasks({context.function_name(function.value): _answer for function in Function})
        children.tasks = TaskRoutes({LAMBDA_INVOKE: functions, START_EXECUTION: children})
        given: Json = {"inputs": inputs or {}, "trigger": TRIGGER}
        return await runner.run(compilation.definition, given, tasks=children.tasks, name=RUN_ID)

    return asyncio.run(execute())


def outputs(compilation: Compilation, inputs: dict[str, Any] | None = None) -> Any:
    """Run a compilation that completes, and give the run's outputs."""
    result = run(compilation, inputs)
    assert result.status is Status.SUCCEEDED, (result.error, result.cause)
    return result.output


def entered(compilation: Compilation, inputs: dict[str, Any] | None = None) -> list[str]:
    """Give the states that a run enters, in order: each is a state transition."""
    result = run(compilation, inputs)
    return [str(event.state) for event in result.history if event.type.endswith("StateEntered")]


def states(compilation: Compilation) -> dict[str, Any]:
    """Give the states of a machine's outermost block, by name."""
    assert compilation.definition is not None
    found: Any = compilation.definition["States"]
    return found
