"""When a node runs: the algebra of liveness under dead-path elimination.

A node runs when one of its incoming edges is live, and an edge is live when its source ran and took the edge's port. So
the condition of a node is a disjunction of atoms "node u took port p", each of which implies that u ran and with it all
that made u run. Conjunctions never arise, which keeps every condition a plain set.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from millrace.model import NodeId, Port

Atom: TypeAlias = tuple[NodeId, Port]
Guard: TypeAlias = frozenset[Atom]
"""The atoms of which one must hold; the empty set is "never"."""

_START: Final[Atom] = (NodeId(""), Port(""))
ALWAYS: Final[Guard] = frozenset((_START,))
NEVER: Final[Guard] = frozenset()

_EXCLUSION_DEPTH: Final = 50
"""How many decisions above two atoms are looked at for a contradiction; beyond it they count as compatible."""


@dataclass(slots=True)
class Guards:
    """The conditions of the nodes of one region, and what follows from what.

    Attributes:
        ports: For each node that decides, all ports that it may take.
        by_node: The condition of each node, filled in topological order.
    """

    ports: Callable[[NodeId], tuple[Port, ...]]
    by_node: dict[NodeId, Guard] = field(default_factory=dict[NodeId, Guard])
    _implied: dict[tuple[Atom, Guard], bool] = field(default_factory=dict[tuple[Atom, Guard], bool])
    _exclusive: dict[tuple[Atom, Atom], bool] = field(default_factory=dict[tuple[Atom, Atom], bool])

    def union(self, guards: Iterable[Guard]) -> Guard:
        """Give the condition that one of several holds, in its simplest form.

        All ports of a node together mean that the node ran; an atom that another one follows from is enough for both.
        """
        atoms = set[Atom]().union(*guards)
        if _START in atoms:
            return ALWAYS
        if len(atoms) <= 1:
            return frozenset(atoms)
        taken: dict[NodeId, set[Atom]] = {}
        for atom in atoms:
            taken.setdefault(atom[0], set()).add(atom)
        pending = list(taken)
        while pending:
            node = pending.pop()
            if len(taken.get(node, ())) < len(self.ports(node)):
                continue
            del taken[node]
            for atom in self.by_node[node]:
                if atom == _START:
                    return ALWAYS
                taken.setdefault(atom[0], set()).add(atom)
                pending.append(atom[0])
        return self._without_implied(frozenset[Atom]().union(*taken.values()))

    def _without_implied(self, atoms: Guard) -> Guard:
        """Leave out the atoms that others follow from; what an atom follows from lies before it, never behind."""
        if len(atoms) <= 1:
            return atoms
        free: dict[NodeId, bool] = {}
        return frozenset(atom for atom in atoms if self._runs_without(atoms, atom[0], free))

    def _runs_without(self, atoms: Guard, node: NodeId, free: dict[NodeId, bool]) -> bool:
        """Whether a node may run though none of some atoms before it holds; `free` keeps what is known of others."""
        stack = [node]
        while stack:
            current = stack[-1]
            if current in free:
                stack.pop()
                continue
            causes = [cause for cause in self.by_node[current] if cause not in atoms]
            if any(cause == _START or free.get(cause[0]) for cause in causes):
                free[current] = True
            elif unknown := [cause[0] for cause in causes if cause[0] not in free]:
                stack += unknown
            else:
                free[current] = False
        return free[node]

    def implies(self, known: Guard, wanted: Guard) -> bool:
        """Whether one condition follows from another; False also where that cannot be shown."""
        if known == wanted or wanted == ALWAYS:
            return True
        return all(self.atom_implies(atom, wanted) for atom in known)

    def atom_implies(self, atom: Atom, wanted: Guard) -> bool:
        """Whether a condition follows from one atom."""
        stack, seen = [atom], {atom}
        key = (atom, wanted)
        if key in self._implied:
            return self._implied[key]
        result = True
        # An atom outside of the wanted set holds only if one of the atoms that made its node run holds.
        while stack:
            current = stack.pop()
            if current in wanted:
                continue
            if current == _START:
                result = False
                break
            above = self.by_node[current[0]]
            for cause in above:
                if cause not in seen:
                    seen.add(cause)
                    stack.append(cause)
        self._implied[key] = result
        return result

    def exclusive(self, left: Guard, right: Guard, depth: int = _EXCLUSION_DEPTH) -> bool:
        """Whether two conditions can never hold in one run; False also where that cannot be shown."""
        return all(self._atoms_exclusive(a, b, depth) for a in left for b in right)

    def _atoms_exclusive(self, left: Atom, right: Atom, depth: int) -> bool:
        if left == right or _START in (left, right) or not depth:
            return False
        if left[0] == right[0]:
            return True
        key = (left, right) if left < right else (right, left)
        if key not in self._exclusive:
            self._exclusive[key] = False
            self._exclusive[key] = self.exclusive(
                frozenset((left,)), self.by_node[right[0]], depth - 1
            ) or self.exclusive(self.by_node[left[0]], frozenset((right,)), depth - 1)
        return self._exclusive[key]


def ports_by_node(guard: Guard) -> Mapping[NodeId, tuple[Port, ...]]:
    """Group a condition's atoms by node, sorted."""
    grouped: dict[NodeId, list[Port]] = {}
    for node, port in sorted(guard):
        grouped.setdefault(node, []).append(port)
    return {node: tuple(ports) for node, ports in grouped.items()}
