"""What follows a node that decides: the states of its arms, and what is without a value behind each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from millrace.compiler.bound import Bound
from millrace.compiler.emission import Block, Exit, State
from millrace.compiler.guards import Atom, Guard
from millrace.compiler.plan import Act, Choose, Cycle, Gate, Iterate, Plan
from millrace.compiler.render import Renderer
from millrace.expressions import Reference, ReferenceKind, literal
from millrace.model import Port, StateName

if TYPE_CHECKING:
    from millrace.compiler.emit.emitter import Emitter


NULL: Final = "(null)"
"""Null as JSONata that may stand at the head of a path."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways on from a decision.

    Attributes:
        entries: First state by port, for the ports with an arm.
        unset: By port, the values of the other arms that are read later and then are null.
        every: The same for a port without an arm.
    """

    entries: Mapping[Port, StateName]
    unset: Mapping[Port, frozenset[Reference]]
    every: frozenset[Reference]

    def unset_at(self, port: Port | None) -> frozenset[Reference]:
        """Give the values that are null behind a port."""
        return self.every if port is None else self.unset.get(port, self.every)


def write_ways(emitter: "Emitter", item: Act | Choose | Iterate | Cycle, block: Block, exit_: Exit) -> Ways:
    """Write the arms of a decision; give their first states, and what each port leaves without a value."""
    node = item.bound.step.id
    live = block.emission.live
    every = frozenset[Reference]().union(*(plan.defined & live for plan in item.arms.values()))
    shared: dict[int, tuple[Plan, list[Port]]] = {}
    for port, plan in item.arms.items():
        shared.setdefault(id(plan), (plan, []))[1].append(port)
    entries: dict[Port, StateName] = {}
    unset: dict[Port, frozenset[Reference]] = {}
    for plan, ports in shared.values():
        guard = frozenset((node, port) for port in ports)
        for reached, entry, left in write_entries(emitter, guard, plan, block, exit_, every - plan.defined):
            for _, port in sorted(reached):
                entries[port], unset[port] = entry, left
    return Ways(entries, unset, every)


def write_entries(
    emitter: "Emitter", guard: Guard, plan: Plan, block: Block, exit_: Exit, unset: frozenset[Reference]
) -> list[tuple[Guard, StateName, frozenset[Reference]]]:
    """Write what runs under a guard; give its first states, each with its part of the guard.

    Where the plan begins by telling apart just the cases of its guard, each case leads to its own part at once,
    without a second Choice.
    """
    first = plan.items[0] if plan.items else None
    if not isinstance(first, Gate) or frozenset[Atom]().union(*(inner for inner, _ in first.arms)) != guard:
        return [(guard, emitter.plan(plan, block, exit_), unset)]
    rest = plan.items[1:]
    if rest:
        exit_ = Exit(emitter.plan(Plan(rest), block, exit_))
    live = block.emission.live
    every = frozenset[Reference]().union(*(arm.defined & live for _, arm in first.arms))
    entries: list[tuple[Guard, StateName, frozenset[Reference]]] = []
    for inner, arm in first.arms:
        entries += write_entries(emitter, inner, arm, block, exit_, unset | (every - arm.defined))
    return entries


def settled(bound: Bound, block: Block, port: Port | None, ways: Ways) -> State:
    """Give what is known when a node has ended well: the port, no error, nothing from the arms not taken."""
    known: State = {}
    error = Reference(ReferenceKind.ERROR, bound.step.id)
    if bound.caught and error in block.emission.live:
        known[block.scope.variable(error)] = None
    if port is not None:
        if bound.step.decides:
            known[block.scope.variable(port_of(bound))] = port
        known |= nulls_of(ways.unset_at(port), block)
    return known


def go_on(ways: Ways, port: Port | None, exit_: Exit, block: Block, leaving: Renderer) -> State:
    """Give the members of a state that lead to the arm of a port, or out of the plan where it has none."""
    if port is not None and port in ways.entries:
        return {"Next": ways.entries[port]}
    return exit_.leave(block, leaving)


def own_after(bound: Bound, port: Port | None, ways: Ways) -> dict[Reference, str]:
    """Give what a node's own state knows when the node has ended well, as JSONata: no error, and the port taken."""
    own = dict.fromkeys((Reference(ReferenceKind.ERROR, bound.step.id), *ways.unset_at(port)), NULL)
    if port is not None:
        own[port_of(bound)] = literal(port).render(str)
    return own


def nulls_of(references: Iterable[Reference], block: Block) -> State:
    """Give assignments that leave values null."""
    return {block.scope.variable(unset): None for unset in sorted(references)}


def port_of(bound: Bound) -> Reference:
    """Name the port that a node took."""
    return Reference(ReferenceKind.PORT, bound.step.id)
