"""JSONata that looks at the ports that nodes took, or says which one is taken."""

from millrace.catalogue import Decide
from millrace.compiler.guards import Guard, ports_by_node
from millrace.expressions import Expression, ReferenceKind, bracketed, jsonata, literal, operand, reference
from millrace.model import JsonType


def condition(guard: Guard) -> Expression:
    """Write a guard as JSONata over the ports that nodes took."""
    alternatives: list[str | Expression] = []
    for node, ports in ports_by_node(guard).items():
        taken = reference(ReferenceKind.PORT, node)
        if len(ports) == 1:
            test = jsonata(taken, " = ", literal(ports[0]), type=JsonType.BOOLEAN, optional=False, fallible=False)
        else:
            test = jsonata(taken, " in ", literal(list(ports)), type=JsonType.BOOLEAN, optional=False, fallible=False)
        alternatives += [" or ", test] if alternatives else [test]
    if len(alternatives) == 1 and isinstance(alternatives[0], Expression):
        return alternatives[0]
    return jsonata(*alternatives, type=JsonType.BOOLEAN, optional=False, fallible=False)


def decision(operation: Decide) -> Expression:
    """Write a decision as the name of the port that it takes."""
    pieces: list[str | Expression] = []
    for port, test in operation.rules:
        pieces += [bracketed(test), " ? ", literal(port), " : "]
    fallible = any(test.fallible for _, test in operation.rules)
    return jsonata(*pieces, literal(operation.default), type=JsonType.STRING, optional=False, fallible=fallible)


def choose(cases: list[tuple[Guard, Expression]]) -> Expression:
    """Give the value of the first case whose condition holds; the last one needs none."""
    *others, (_, last) = cases
    result = last
    for guard, value in reversed(others):
        result = jsonata(
            condition(guard),
            " ? ",
            operand(value),
            " : ",
            result,
            optional=value.optional or result.optional,
            fallible=value.fallible or result.fallible,
        )
    return result
