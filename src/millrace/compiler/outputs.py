"""The outputs of a run, as the template of the machine's last output."""

from millrace.compiler.bound import Binding
from millrace.compiler.graph import Graph
from millrace.compiler.guards import ALWAYS
from millrace.compiler.selection import condition
from millrace.expressions import Expression, Template, as_expression, jsonata
from millrace.model import JsonType


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
