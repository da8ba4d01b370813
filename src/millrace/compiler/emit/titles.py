"""Titles of states, and the source map."""

from collections.abc import Sequence

from millrace.compiler.bound import Assignment, Bound
from millrace.compiler.emission import Block, Emission
from millrace.compiler.guards import ALWAYS, Guard, ports_by_node
from millrace.compiler.plan import Act, Choose, Compute, Cycle, Delegate, Fork, Gate, Iterate, Plan, results_of
from millrace.model import NodeId, StateName


def label_of(emission: Emission, node: NodeId) -> str:
    """Give a node's name."""
    return emission.graph.steps[node].label


def title_of(emission: Emission, nodes: Sequence[NodeId]) -> str:
    """Give the name of a state that several nodes share."""
    named = list(dict.fromkeys(node for node in nodes if node))
    return ", ".join(label_of(emission, node) for node in named) or "Item"


def guard_title(emission: Emission, guard: Guard) -> str:
    """Give the name of a state that looks at a condition."""
    if guard == ALWAYS:
        return "Always"
    return (
        " or ".join(f"{label_of(emission, node)} {' or '.join(ports)}" for node, ports in ports_by_node(guard).items())
        + "?"
    )


def plan_title(emission: Emission, plan: Plan) -> str:
    """Give a plan the name of what it begins with."""
    for item in plan.items:
        match item:
            case Compute(assignments=assignments):
                return title_of(emission, [assignment.node for assignment in assignments][:1])
            case Act(bound=bound) | Choose(bound=bound) | Iterate(bound=bound) | Cycle(bound=bound):
                return bound.step.label
            case Gate(arms=arms):
                return guard_title(emission, arms[0][0])
            case Fork(branches=branches):
                return plan_title(emission, branches[0])
            case Delegate(name=name):
                return name
    return "…"


def nodes_of(bound: Bound, attached: Sequence[Assignment]) -> list[NodeId]:
    """Give the nodes that a state stands for."""
    return [bound.step.id, *(assignment.node for assignment in attached)]


def note_output(
    emission: Emission, name: StateName, bound: Bound, attached: Sequence[Assignment], block: Block
) -> None:
    """Note which variables of a state hold a node's results."""
    note_variables(emission, name, attached, block)
    for target in results_of(bound):
        emission.variables[name][block.scope.variable(target)] = target


def note_variables(emission: Emission, name: StateName, assignments: Sequence[Assignment], block: Block) -> None:
    """Note which variables of a state hold which values."""
    noted = emission.variables.setdefault(name, {})
    for assignment in assignments:
        if assignment.target is not None:
            noted[block.scope.variable(assignment.target)] = assignment.target
