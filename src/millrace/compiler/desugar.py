"""Pass: settle what is known before the run: disabled and pinned nodes, constant conditions."""

from dataclasses import replace
from typing import cast

from millrace.catalogue import Decide, Each, Gather, Lowering, Nothing, Repeat, Result, SetVariable, Stop, Task, Value
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Step
from millrace.compiler.operands import templates_of
from millrace.expressions import Expression, ReferenceKind, Template, reference, walk_template
from millrace.model import ERROR, OUT, Code, Diagnostic, Json, NodeId, Port, Severity


def desugar(graph: Graph, context: CompileContext) -> Graph:
    """Replace disabled and pinned nodes by values, and take the decisions that depend on nothing."""
    del context
    problems: list[Diagnostic] = []
    writers = _containers_that_write(graph)
    steps: dict[NodeId, Step] = {}
    for step in graph.steps.values():
        changed = step
        if step.config.disabled:
            changed = _disabled(step)
        elif step.id in graph.pins or step.config.pinned is not None:
            value = graph.pins.get(step.id, step.config.pinned)
            changed = _pinned(step, value, problems, writes_variables=step.id in writers)
        steps[step.id] = _decided(changed)
    regions = {
        owner: region
        for owner, region in graph.regions.items()
        if owner is None
        or all(isinstance(steps[c].operation, (Each, Repeat)) for c in (owner, *graph.enclosing(owner)))
    }
    return replace(graph, steps=steps, regions=regions, diagnostics=(*graph.diagnostics, *problems))


def _containers_that_write(graph: Graph) -> set[NodeId]:
    """Find the while nodes whose iterations leave workflow variables behind."""
    writers: set[NodeId] = set()
    for step in graph.steps.values():
        if not isinstance(step.operation, SetVariable):
            continue
        for container in graph.enclosing(step.id):
            if isinstance(graph.steps[container].operation, Each):
                break  # what a loop's iterations write stays in them
            writers.add(container)
    return writers


def _disabled(step: Step) -> Step:
    if isinstance(step.operation, Nothing):
        return step
    passes = Value(reference(ReferenceKind.INPUT), passes_input=True)
    return replace(step, operation=passes, taken=step.ports[0] if step.ports else OUT)


def _pinned(step: Step, value: Json, problems: list[Diagnostic], *, writes_variables: bool) -> Step:
    operation = step.operation
    if isinstance(operation, Result):
        return replace(step, operation=replace(operation, value=cast("Template", value)))
    if isinstance(operation, (Decide, Stop, Nothing, SetVariable)) or writes_variables:
        problems.append(
            Diagnostic(
                Code.INVALID_PIN,
                f"the output of {step.id!r} is not all that it does, so that it runs in spite of its pin",
                "Pin the nodes before it.",
                Severity.WARNING,
                node=step.id,
                field="pinned",
            )
        )
        return step
    taken = step.ports[0]
    if isinstance(operation, Task) and operation.port_member and isinstance(value, dict):
        taken = operation.ports.get(str(value.get(operation.port_member)), taken)
    # Text of a pin is literal: a plain string in a template is never parsed again.
    return replace(step, operation=Value(cast("Template", value)), taken=taken if len(step.ports) > 1 else None)


def _cannot_fail(operation: Lowering) -> bool:
    """Whether a node gives a value whatever happens, so that its `error` port is never live."""
    return isinstance(operation, (Value, SetVariable, Decide, Result, Gather)) and not any(
        expression.fallible for template, _ in templates_of(operation) for expression in walk_template(template)
    )


def _decided(step: Step) -> Step:
    """Take the decisions that depend on nothing, and drop rules that never hold."""
    operation = step.operation
    if step.taken is not None:
        return step
    if ERROR in step.ports and operation is not None and _cannot_fail(operation):
        step = replace(step, ports=tuple(port for port in step.ports if port != ERROR))
    if not isinstance(operation, Decide):
        return step
    rules: list[tuple[Port, Expression]] = []
    default = operation.default
    for port, condition in operation.rules:
        text = condition.parts[0] if len(condition.parts) == 1 else None
        if text == "false":
            continue
        if text == "true":
            default = port
            break
        rules.append((port, condition))
    if rules:
        return replace(step, operation=Decide(tuple(rules), default))
    return replace(step, operation=Value(reference(ReferenceKind.INPUT), passes_input=True), taken=default)
