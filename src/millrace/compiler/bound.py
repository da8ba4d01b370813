"""Nodes with every reference settled: what planning and emission work on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from millrace.catalogue import Each, Lowering, Pause, Repeat, Stop, Task
from millrace.compiler.graph import Step
from millrace.expressions import Reference, Template, walk_template
from millrace.model import OUT, NodeId, Port

_WALKS: Final = re.compile(r"function\s*\(|\^\(|\$(?:distinct|shuffle|sort|each|sift|partition|match|replace)\b")


@dataclass(frozen=True, slots=True)
class Assignment:
    """A value that a state computes beside its own work; without a target it only marks that the node ran."""

    node: NodeId
    target: Reference | None = None
    value: Template = None

    @property
    def fallible(self) -> bool:
        """Whether computing it may fail."""
        return any(expression.fallible for expression in walk_template(self.value))

    @property
    def pure(self) -> bool:
        """Whether computing it twice gives the same value."""
        return all(expression.pure for expression in walk_template(self.value))

    @property
    def repeatable(self) -> bool:
        """Whether it may be computed twice: it gives the same value again, and walks through no list."""
        return self.pure and not any(
            _WALKS.search(part)
            for expression in walk_template(self.value)
            for part in expression.walk()
            if isinstance(part, str)
        )

    @property
    def references(self) -> frozenset[Reference]:
        """Everything that the value reads."""
        return frozenset[Reference]().union(*(expression.references for expression in walk_template(self.value)))


@dataclass(frozen=True, slots=True)
class Bound:
    """A node with every reference settled.

    Attributes:
        operation: What is left to do by a state of its own; None where assignments are all.
        assignments: Values to compute; before the operation, where there is one.
        passed: The output of a node that only passes its input on, for the case that its failure is caught.
        previous: A workflow variable's value before its write, which stays when the write fails and that is caught.
        otherwise: The port taken where a failure is caught and the run goes on.
        carried: For a while, each variable that its iterations hand on: its value at the start, and at the end of one.
    """

    step: Step
    operation: Lowering | None = None
    assignments: tuple[Assignment, ...] = ()
    timeout: Template = None
    passed: Template = None
    previous: Template = None
    otherwise: Port = OUT
    carried: Mapping[str, tuple[Template, Template]] = field(default_factory=dict[str, tuple[Template, Template]])

    @property
    def may_fail(self) -> bool:
        """Whether running it may fail."""
        return any(assignment.fallible for assignment in self.assignments) or isinstance(
            self.operation, (Task, Pause, Each, Repeat)
        )

    @property
    def owns_output(self) -> bool:
        """Whether its output is a variable that its own state assigns."""
        if isinstance(self.operation, (Task, Each, Repeat)):
            return True
        return self.caught and not isinstance(self.operation, Stop)

    @property
    def caught(self) -> bool:
        """Whether its failure does not end the run."""
        return self.step.config.onError != "stop" and self.may_fail


@dataclass(frozen=True, slots=True)
class Binding:
    """All nodes that may run, bound, and the outputs of the run.

    Attributes:
        outputs: Name and value of the run's outputs, each with the node and its guard, in order.
    """

    nodes: Mapping[NodeId, Bound]
    outputs: tuple[tuple[NodeId, str, Template], ...]
