"""Pass: let nodes share states.

Values computed one after the other share one Pass state; values that cannot fail are assigned by the state before them,
whatever it is; a condition on the port that was just decided is that decision's own branch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from millrace.catalogue import Pause, Task
from millrace.compiler.bound import Assignment
from millrace.compiler.guards import Guard, ports_by_node
from millrace.compiler.plan import Act, Choose, Compute, Cycle, Fork, Gate, Item, Iterate, Plan, used_by
from millrace.expressions import Expression, Reference, ReferenceKind, Template, jsonata
from millrace.model import NodeId, Port

_MAX_TEXT: Final = 6_000
"""Characters of JSONata in one Pass state's Assign, about."""

_NAME: Final = 20
_NUMBER: Final = 5
"""Characters of a reference and of a number, about."""

_SHORT_TEXT: Final = 1_200
_MAX_GROWTH: Final = 3
"""How much longer than by themselves values may become, beyond a short text: each repeats those that it reads."""


def fuse(plan: Plan) -> Plan:
    """Give the same plan with as few states as each node's own result allows."""
    items = [_fuse_inside(item) for item in plan.items]
    return Plan(tuple(_with_arms(_attached(_computed_together(items)))))


def _fuse_inside(item: Item) -> Item:
    match item:
        case Gate(arms=arms):
            return Gate(tuple((guard, fuse(arm)) for guard, arm in arms))
        case Fork(branches=branches):
            return replace(item, branches=tuple(fuse(branch) for branch in branches))
        case Iterate(body=body):
            return replace(item, body=fuse(_with_entry(item, body)))
        case Cycle(body=body):
            return replace(item, body=fuse(body))
        case _:
            return item


def _computed_together(items: Sequence[Item]) -> list[Item]:
    joined: list[Item] = []
    for item in items:
        last = joined[-1] if joined else None
        if isinstance(item, Compute) and isinstance(last, Compute) and _fits(last.assignments, item.assignments):
            joined[-1] = Compute((*last.assignments, *item.assignments))
        else:
            joined.append(item)
    return joined


def _fits(before: Sequence[Assignment], after: Sequence[Assignment]) -> bool:
    """Whether values can join a state.

    A value repeats those of its state that it reads: so their text stays short, no costly one is computed twice, and
    none is read there that differs each time.
    """
    sizes: dict[Reference, int] = {}
    total = alone = 0
    unstable: set[Reference] = set()
    for assignment in (*before, *after):
        read = assignment.references
        if read & unstable:
            return False
        size = text_size(assignment.value) + sum(sizes.get(reference, 0) for reference in read)
        total += size
        alone += text_size(assignment.value)
        if assignment.target is not None:
            sizes[assignment.target] = size
            if not assignment.repeatable:
                unstable.add(assignment.target)
    return total <= _MAX_TEXT and (total <= _SHORT_TEXT or total <= _MAX_GROWTH * alone)


def text_size(template: Template) -> int:
    """Give the length of a value's text in a definition, in characters, about."""
    match template:
        case Expression():
            return sum(len(part) if isinstance(part, str) else _NAME for part in template.walk())
        case str():
            return len(template)
        case list():
            return sum(map(text_size, template))
        case dict():
            return sum(len(key) + text_size(member) for key, member in template.items())
        case _:
            return _NUMBER


def _attached(items: Sequence[Item]) -> list[Item]:
    """Move values that cannot fail into the state before, so that they never make it fail or run again."""
    kept: list[Item] = []
    for item in items:
        last = kept[-1] if kept else None
        if (
            isinstance(item, Compute)
            and isinstance(last, (Act, Choose, Fork, Iterate, Cycle))
            and _can_carry(last)
            and all(not assignment.fallible and assignment.pure for assignment in item.assignments)
            and _fits(last.attached, item.assignments)
        ):
            kept[-1] = replace(last, attached=(*last.attached, *item.assignments))
        else:
            kept.append(item)
    return kept


def _can_carry(item: Act | Choose | Fork | Iterate | Cycle) -> bool:
    return not isinstance(item, Act) or item.operation is None or isinstance(item.operation, (Task, Pause))


def _with_arms(items: Sequence[Item]) -> list[Item]:
    kept: list[Item] = []
    for item in items:
        last = kept[-1] if kept else None
        if isinstance(item, Gate) and isinstance(last, (Act, Choose, Iterate, Cycle)):
            arms = _arms(last, item.arms)
            if arms is not None:
                kept[-1] = replace(last, arms=arms)
                continue
        kept.append(item)
    return kept


def _arms(head: Act | Choose | Iterate | Cycle, gate: Sequence[tuple[Guard, Plan]]) -> Mapping[Port, Plan] | None:
    """Give the plan for each port of a decision, where the gate behind it looks at nothing else."""
    node: NodeId = head.bound.step.id
    if not head.bound.step.decides or head.arms:
        return None
    arms: dict[Port, Plan] = {}
    for guard, plan in gate:
        ports = ports_by_node(guard)
        if list(ports) != [node]:
            return None
        for port in ports[node]:
            arms[port] = plan
    return arms


def _with_entry(loop: Iterate, body: Plan) -> Plan:
    """Let the first state of a loop's body take the item and the index from its input, where they are read."""
    node = loop.bound.step.id
    wanted = {
        Reference(kind, node): member
        for kind, member in ((ReferenceKind.ITEM, "item"), (ReferenceKind.INDEX, "index"))
        if Reference(kind, node) in body.used or Reference(kind, node) in used_by(replace(loop, body=Plan(())))
    }
    if not wanted:
        return body
    entry = tuple(Assignment(NodeId(""), target, _from_input(member)) for target, member in sorted(wanted.items()))
    first = body.items[0] if body.items else None
    if isinstance(first, Act) and isinstance(first.operation, Task) and not first.bound.caught:
        return Plan((replace(first, entry=entry), *body.items[1:]))
    return Plan((Compute(entry), *body.items))


def _from_input(member: str) -> Expression:
    return jsonata(f"$states.input.{member}", optional=False, fallible=False, atomic=True)
