"""Pass: check the machine against Step Functions' limits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import orjson

from millrace.catalogue import Each, Pause, Task
from millrace.compiler.context import CompileContext
from millrace.compiler.emit import MAX_INLINE_CONCURRENCY
from millrace.compiler.graph import Graph, Step
from millrace.compiler.plan import Act, Iterate, Plan
from millrace.compiler.weights import MAX_DEFINITION_BYTES, MAX_EVENTS, Weigher
from millrace.model import Code, Diagnostic, Json, Severity

EXPRESS_SECONDS: Final = 300
"""Longest Express execution (Step Functions quotas)."""


def check_limits(
    graph: Graph,
    context: CompileContext,
    plan: Plan,
    definition: Mapping[str, Json],
    children: Mapping[str, Mapping[str, Json]],
) -> Graph:
    """Report what Step Functions would refuse."""
    del context
    problems: list[Diagnostic] = []
    for name, machine in {graph.workflow.name: definition, **children}.items():
        size = len(orjson.dumps(machine))
        if size > MAX_DEFINITION_BYTES:
            problems.append(
                Diagnostic(
                    Code.LIMIT_EXCEEDED,
                    f"the definition of {name!r} has {size:,} bytes, Step Functions takes {MAX_DEFINITION_BYTES:,}",
                    "Split the workflow, and start the parts with subworkflow nodes.",
                    expected=f"at most {MAX_DEFINITION_BYTES:,} bytes",
                    found=f"{size:,} bytes",
                )
            )
    problems += [
        _concurrency(step)
        for step in graph.steps.values()
        if isinstance(step.operation, Each) and _too_concurrent(step.operation)
    ]
    weigher = Weigher(definition, {})
    for item in plan.walk():
        if isinstance(item, Iterate) and weigher.item(item).events > MAX_EVENTS:
            problems.append(_history(item.bound.step, weigher.item(item).events))
    if graph.settings.execution == "express":
        problems += _express(graph, plan)
    return replace(graph, diagnostics=(*graph.diagnostics, *problems))


def _history(step: Step, events: int) -> Diagnostic:
    return Diagnostic(
        Code.LIMIT_EXCEEDED,
        f"{step.id!r} makes about {events:,} history events; Step Functions ends an execution at {MAX_EVENTS:,}",
        "Split the list, or run the body of the loop as a subworkflow.",
        Severity.WARNING,
        node=step.id,
        field="items",
        expected=f"at most {MAX_EVENTS:,} events",
        found=f"about {events:,}",
    )


def _too_concurrent(operation: Each) -> bool:
    return isinstance(operation.concurrency, int) and operation.concurrency > MAX_INLINE_CONCURRENCY


def _concurrency(step: Step) -> Diagnostic:
    return Diagnostic(
        Code.LIMIT_EXCEEDED,
        f"{step.id!r} runs {MAX_INLINE_CONCURRENCY} items at once, the most that Step Functions allows",
        f"Set `concurrency` to {MAX_INLINE_CONCURRENCY} or less.",
        Severity.WARNING,
        node=step.id,
        field="concurrency",
        expected=f"at most {MAX_INLINE_CONCURRENCY}",
    )


def _express(graph: Graph, plan: Plan) -> list[Diagnostic]:
    problems: list[Diagnostic] = []

    def refuse(step: Step, message: str, remedy: str) -> None:
        problems.append(Diagnostic(Code.EXPRESS_UNSUPPORTED, message, remedy, node=step.id))

    for item in plan.walk():
        if not isinstance(item, Act):
            continue
        step, operation = item.bound.step, item.operation
        if isinstance(operation, Task) and operation.waits_for_token:
            refuse(step, f"{step.id!r} waits for an answer, which Express executions cannot", _STANDARD)
        elif isinstance(operation, Task) and ".sync" in operation.resource:
            refuse(step, f"{step.id!r} waits for another execution, which Express executions cannot", _STANDARD)
        elif (
            isinstance(operation, Pause)
            and isinstance(operation.seconds, (int, float))
            and operation.seconds >= EXPRESS_SECONDS
        ):
            refuse(step, f"{step.id!r} waits longer than the {EXPRESS_SECONDS} s of an Express execution", _STANDARD)
    timeout = graph.settings.timeout_seconds
    if timeout is not None and timeout > EXPRESS_SECONDS:
        problems.append(
            Diagnostic(
                Code.EXPRESS_UNSUPPORTED,
                f"an Express execution ends after {EXPRESS_SECONDS} s, the workflow allows {timeout:,} s",
                f"Set `timeoutSeconds` to {EXPRESS_SECONDS} or less, or `execution` to `standard`.",
                field="settings.timeoutSeconds",
            )
        )
    return problems


_STANDARD: Final = "Set the workflow's `execution` to `standard`."
