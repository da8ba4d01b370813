"""The plan of a machine: what its states will be, before they have names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from millrace.catalogue import Each, Pause, Repeat, Stop, Task
from millrace.compiler.bound import Assignment, Bound
from millrace.compiler.guards import Guard
from millrace.compiler.operands import references_of
from millrace.expressions import Expression, Reference, ReferenceKind, Template, walk_template
from millrace.model import Port


@dataclass(frozen=True, eq=False)
class Compute:
    """A run of values computed by one Pass state, each may read those before it."""

    assignments: tuple[Assignment, ...]

    @property
    def only_marks(self) -> bool:
        """Whether there is nothing to compute, so that no state is needed."""
        return all(assignment.target is None for assignment in self.assignments)


@dataclass(frozen=True, eq=False)
class Act:
    """A node with a state of its own: a Task, a Wait, a Fail, or values whose failure is caught.

    Attributes:
        attached: Values that the state assigns when it ends, which read its result.
        entry: Values that the state takes from its input and assigns, for the states after it.
        arms: What follows a port of the node and nothing else; other ports go on behind the node.
    """

    bound: Bound
    operation: Task | Pause | Stop | None
    attached: tuple[Assignment, ...] = ()
    entry: tuple[Assignment, ...] = ()
    arms: Mapping[Port, "Plan"] = field(default_factory=dict["Port", "Plan"])


@dataclass(frozen=True, eq=False)
class Choose:
    """A node that decides (Choice); ports without an arm go on behind it."""

    bound: Bound
    rules: tuple[tuple[Port, Expression], ...]
    default: Port
    attached: tuple[Assignment, ...] = ()
    arms: Mapping[Port, "Plan"] = field(default_factory=dict["Port", "Plan"])


@dataclass(frozen=True, eq=False)
class Gate:
    """Plans that run under conditions of which at most one holds (Choice)."""

    arms: tuple[tuple[Guard, "Plan"], ...]


@dataclass(frozen=True, eq=False)
class Fork:
    """Plans that run at the same time (Parallel)."""

    branches: tuple["Plan", ...]
    attached: tuple[Assignment, ...] = ()


@dataclass(frozen=True, eq=False)
class Iterate:
    """A loop (Map)."""

    bound: Bound
    operation: Each
    body: "Plan"
    attached: tuple[Assignment, ...] = ()
    arms: Mapping[Port, "Plan"] = field(default_factory=dict["Port", "Plan"])

    @property
    def collects_fallibly(self) -> bool:
        """Whether collecting an iteration's value may fail, so that it needs a state of its own."""
        return any(expression.fallible for expression in walk_template(self.operation.collect))

    @property
    def only_task(self) -> "tuple[Act, Task] | None":
        """The Task that is all of the body and has room for the loop's own catcher, if there is one."""
        only = self.body.items[0] if len(self.body.items) == 1 else None
        if self.collects_fallibly or not isinstance(only, Act) or not isinstance(only.operation, Task):
            return None
        return None if only.bound.caught or only.bound.step.decides else (only, only.operation)


@dataclass(frozen=True, eq=False)
class Cycle:
    """A while (a Choice cycle in a branch of its own)."""

    bound: Bound
    operation: Repeat
    body: "Plan"
    attached: tuple[Assignment, ...] = ()
    arms: Mapping[Port, "Plan"] = field(default_factory=dict["Port", "Plan"])


@dataclass(frozen=True, eq=False)
class Delegate:
    """A part of the plan that runs as a state machine of its own, because the whole would pass a limit."""

    body: "Plan"
    name: str


Item: TypeAlias = Compute | Act | Choose | Gate | Fork | Iterate | Cycle | Delegate


@dataclass(frozen=True, eq=False)
class Plan:
    """Items one after the other."""

    items: tuple[Item, ...]

    @cached_property
    def defined(self) -> frozenset[Reference]:
        """Every value that the plan's own scope assigns."""
        return frozenset[Reference]().union(*(defined_by(item) for item in self.items))

    @cached_property
    def used(self) -> frozenset[Reference]:
        """Everything that is read anywhere in the plan."""
        return frozenset[Reference]().union(*(used_by(item) for item in self.items))

    def walk(self) -> Iterator[Item]:
        """Give all items of this plan and of the plans in it, outer ones first."""
        for item in self.items:
            yield item
            for plan in plans_in(item):
                yield from plan.walk()


def plans_in(item: Item) -> tuple[Plan, ...]:
    """Give the plans inside an item, bodies and branches before arms."""
    match item:
        case Compute():
            return ()
        case Act(arms=arms) | Choose(arms=arms):
            return tuple(arms.values())
        case Gate(arms=cases):
            return tuple(plan for _, plan in cases)
        case Fork(branches=branches):
            return branches
        case Iterate(body=body, arms=arms) | Cycle(body=body, arms=arms):
            return (body, *arms.values())
        case Delegate(body=body):
            return (body,)


def arms_of(item: Item) -> tuple[Plan, ...]:
    """Give the plans that share the item's scope of variables."""
    match item:
        case Act(arms=arms) | Choose(arms=arms) | Iterate(arms=arms) | Cycle(arms=arms):
            return tuple(arms.values())
        case Gate(arms=cases):
            return tuple(plan for _, plan in cases)
        case Compute() | Fork() | Delegate():
            return ()


def assignments_of(item: Item) -> tuple[Assignment, ...]:
    """Give the values that the item's own state computes."""
    match item:
        case Compute(assignments=assignments):
            return assignments
        case Act(bound=bound, operation=operation, attached=attached, entry=entry):
            return (*entry, *(bound.assignments if operation is None else ()), *attached)
        case (
            Choose(attached=attached) | Fork(attached=attached) | Iterate(attached=attached) | Cycle(attached=attached)
        ):
            return attached
        case Gate() | Delegate():
            return ()


def results_of(bound: Bound) -> Iterator[Reference]:
    """Give the values that a node with a state of its own leaves: output, error, port, variables of a while."""
    node = bound.step.id
    if bound.owns_output:
        yield Reference(ReferenceKind.OUTPUT, node)
    if bound.caught:
        yield Reference(ReferenceKind.ERROR, node)
    if bound.step.decides:
        yield Reference(ReferenceKind.PORT, node)
    for name in bound.carried:
        yield Reference(ReferenceKind.CARRIED, f"{node}.{name}")


def defined_by(item: Item) -> frozenset[Reference]:
    """Give every value that an item leaves in its scope."""
    own = {assignment.target for assignment in assignments_of(item) if assignment.target is not None}
    match item:
        case Act(bound=bound) | Choose(bound=bound) | Iterate(bound=bound) | Cycle(bound=bound):
            own.update(results_of(bound))
        case Fork(branches=branches):
            own.update(*(branch.defined for branch in branches))
        case Delegate(body=body):
            own.update(body.defined)
        case Compute() | Gate():
            pass
    return frozenset(own).union(*(plan.defined for plan in arms_of(item)))


def used_by(item: Item) -> frozenset[Reference]:
    """Give everything that an item reads, also deep inside of it."""
    return frozenset(direct_reads(item)).union(*(plan.used for plan in plans_in(item)))


def direct_reads(item: Item) -> Iterator[Reference]:
    """Give what an item's own state reads, without the plans inside of it."""
    for assignment in assignments_of(item):
        yield from assignment.references
    match item:
        case Act(bound=bound) | Iterate(bound=bound) | Cycle(bound=bound):
            yield from template_reads(bound.timeout)
            for template in (bound.passed, bound.previous, *(part for pair in bound.carried.values() for part in pair)):
                yield from template_reads(template)
            if bound.operation is not None:
                for reference, _ in references_of(bound.operation):
                    yield reference
        case Choose(rules=rules):
            for _, rule in rules:
                yield from rule.references
        case Gate(arms=arms):
            for guard, _ in arms:
                for node, _ in guard:
                    yield Reference(ReferenceKind.PORT, node)
        case Compute() | Fork() | Delegate():
            return


def template_reads(template: Template) -> Iterator[Reference]:
    """Give every reference in a template."""
    for expression in walk_template(template):
        yield from expression.references
