"""The compiler's table of contents: the passes in their order."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from millrace.compiler.arrange import arrange
from millrace.compiler.bind import bind
from millrace.compiler.check import check
from millrace.compiler.compilation import Compilation
from millrace.compiler.condition import find_conditions
from millrace.compiler.context import CompileContext
from millrace.compiler.desugar import desugar
from millrace.compiler.emission import Block, Emission, Exit, state_names
from millrace.compiler.emit import Emitter
from millrace.compiler.estimate import estimate
from millrace.compiler.fuse import fuse
from millrace.compiler.graph import Graph
from millrace.compiler.limits import check_limits
from millrace.compiler.lower import lower
from millrace.compiler.names import Scope, VariableNames
from millrace.compiler.operands import templates_of
from millrace.compiler.outputs import check_outputs, outputs_template
from millrace.compiler.permissions import permissions
from millrace.compiler.plan import Plan
from millrace.compiler.references import check_references
from millrace.compiler.split import split
from millrace.compiler.variables import check_variables
from millrace.expressions import ReferenceKind, Template, literal, walk_template
from millrace.model import Code, Diagnostic, Json, Workflow, parse_document

CHECKS: Final[tuple[Callable[[Graph, CompileContext], Graph], ...]] = (
    check,
    lower,
    check_references,
    desugar,
    find_conditions,
    check_variables,
    check_outputs,
)
"""What finds everything wrong with a document; each pass goes on with what is sound."""


_RECURSION_LIMIT: Final = 6_000
"""Frames for plans in plans: a chain of a few hundred conditions nests its ways as deep."""


def compile_document(document: object, context: CompileContext | None = None) -> Compilation:
    """Compile a document: parsed JSON of any shape."""
    workflow, problems = parse_document(document)
    if workflow is None:
        return _failed(Graph(Workflow("", {}), diagnostics=problems))
    return compile_workflow(workflow, context, problems)


def compile_workflow(
    workflow: Workflow, context: CompileContext | None = None, problems: tuple[Diagnostic, ...] = ()
) -> Compilation:
    """Compile a workflow whose shape is sound.

    Args:
        workflow: The workflow.
        context: What the compilation depends on beside it.
        problems: What is wrong with its shape, to report beside the rest.
    """
    context = context or CompileContext()
    graph = Graph(workflow, diagnostics=problems)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    try:
        for run_pass in CHECKS:
            graph = run_pass(graph, context)
        return _failed(graph) if graph.has_errors else _generate(graph, context)
    except RecursionError:
        problem = Diagnostic(
            Code.LIMIT_EXCEEDED,
            "the workflow's branches nest too deeply to compile",
            "Split the workflow, and start the parts with subworkflow nodes.",
        )
        return _failed(replace(graph, diagnostics=(*graph.diagnostics, problem)))
    finally:
        sys.setrecursionlimit(limit)


def _generate(graph: Graph, context: CompileContext) -> Compilation:
    binding = bind(graph)
    plan = fuse(arrange(graph, binding))
    outputs = outputs_template(graph, binding)
    emission, definition = _emit(graph, context, plan, outputs)
    reduced = split(graph, plan, emission, definition)
    if reduced is not plan:
        plan = reduced
        emission, definition = _emit(graph, context, plan, outputs)
    children = {child.name: child.definition for child in emission.children}
    graph = check_limits(graph, context, plan, definition, children)
    if graph.has_errors:
        return _failed(graph)
    return Compilation(
        definition=definition,
        type="EXPRESS" if graph.settings.execution == "express" else "STANDARD",
        source_map={
            state: tuple(emission.source_map[state])
            for machine in (definition, *children.values())
            for state in state_names(machine)
        },
        children=children,
        diagnostics=graph.diagnostics,
        permissions=permissions(plan, context),
        estimate=estimate(graph, plan, outputs),
        graph=graph,
        variables=emission.variables,
    )


def _emit(graph: Graph, context: CompileContext, plan: Plan, outputs: Template) -> tuple[Emission, dict[str, Json]]:
    emission = Emission(graph, context)
    emission.reserve_names(plan)
    for expression in walk_template(outputs):
        emission.live |= expression.references
    scope = Scope(plan, VariableNames(_locals(graph)), _constants(context))
    block = Block(emission, scope)
    start = Emitter(emission).plan(plan, block, Exit(output=lambda renderer: renderer.output(outputs)))
    definition: dict[str, Json] = {
        "Comment": graph.workflow.description or graph.workflow.name,
        "QueryLanguage": "JSONata",
        **block.machine(start),
    }
    if graph.settings.timeout_seconds is not None:
        definition["TimeoutSeconds"] = graph.settings.timeout_seconds
    return emission, definition


def _constants(context: CompileContext) -> dict[ReferenceKind, str]:
    return {
        ReferenceKind.WORKFLOW_ID: literal(context.workflow_id).render(str),
        ReferenceKind.WORKFLOW_VERSION: literal(context.workflow_version).render(str),
    }


def _locals(graph: Graph) -> set[str]:
    """Give the names that users bind in their expressions; no variable of ours may hide behind one of them."""
    return {
        name
        for step in graph.steps.values()
        if step.operation is not None
        for template in (step.timeout, *(template for template, _ in templates_of(step.operation)))
        for expression in walk_template(template)
        for name in expression.locals
    }


def _failed(graph: Graph) -> Compilation:
    kind = "EXPRESS" if graph.settings.execution == "express" else "STANDARD"
    return Compilation(None, kind, {}, {}, graph.diagnostics, (), None, graph)
