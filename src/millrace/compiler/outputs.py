"""The outputs of a run: their names, and the template of the machine's last output."""

from dataclasses import replace

from millrace.catalogue import Result
from millrace.compiler.bound import Binding
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph
from millrace.compiler.guards import ALWAYS, NEVER
from millrace.compiler.selection import condition
from millrace.expressions import Expression, Template, as_expression, jsonata
from millrace.model import Code, Diagnostic, JsonType, NodeId


def outputs_template(graph: Graph, binding: Binding) -> Template:
    """Give an object of the values of the output nodes that run."""
    certain = all(graph.guards.by_node[node] == ALWAYS for node, _, _ in binding.outputs)
    if certain:
        return {name: value for _, name, value in binding.outputs}
    members: list[str | Expression] = []
    for node, name, value in binding.outputs:
        member = as_expression({name: value})
        guard = graph.guards.by_node[node]
        if guard != ALWAYS:
            member = jsonata(
                condition(guard), " ? ", member, " : {}", type=JsonType.OBJECT, optional=False, fallible=False
            )
        members += [", ", member] if members else [member]
    return jsonata("$merge([", *members, "])", type=JsonType.OBJECT, optional=False, fallible=False)


def check_outputs(graph: Graph, context: CompileContext) -> Graph:
    """Report outputs of one name that may both be given; those of ways that exclude each other may share a name."""
    del context
    by_name: dict[str, list[NodeId]] = {}
    problems: list[Diagnostic] = []
    for step in graph.steps.values():
        operation = step.operation
        if not isinstance(operation, Result) or step.node.parent is not None:
            continue
        guard = graph.guards.by_node.get(step.id, NEVER)
        others = by_name.setdefault(operation.name, [])
        for other in others:
            if graph.guards.exclusive(guard, graph.guards.by_node.get(other, NEVER)):
                continue
            what = f"the output {operation.name!r}" if step.kind.name == "output" else "the response"
            problems.append(
                Diagnostic(
                    Code.DUPLICATE_OUTPUT,
                    f"{other!r} and {step.id!r} may both give {what}",
                    "Give one of them another name, or put them on ways that exclude each other.",
                    node=step.id,
                    field="name" if step.kind.name == "output" else None,
                    found=operation.name,
                )
            )
            break
        others.append(step.id)
    return replace(graph, diagnostics=(*graph.diagnostics, *problems))
