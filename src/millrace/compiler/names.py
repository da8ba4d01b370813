"""Names of states and of variables."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from millrace.compiler.plan import Plan
from millrace.expressions import FUNCTIONS, Reference, ReferenceKind
from millrace.model import StateName

MAX_STATE_NAME: Final = 80
"""Characters of a state name (Amazon States Language, "States")."""

_NOT_WORD: Final = re.compile(r"[^A-Za-z0-9_]")
_SUFFIXES: Final[Mapping[ReferenceKind, str]] = {
    ReferenceKind.ERROR: "_error",
    ReferenceKind.PORT: "_port",
    ReferenceKind.ITEM: "_item",
    ReferenceKind.INDEX: "_index",
    ReferenceKind.RESULTS: "_results",
    ReferenceKind.WRITTEN: "_value",
    ReferenceKind.CARRIED: "_value",
}

_WORDS: Final = ("true", "false", "null", "and", "or", "in")
"""Words of JSONata, which cannot be steps of a path everywhere."""

_EXECUTION: Final[Mapping[ReferenceKind, str]] = {
    ReferenceKind.INPUTS: "$states.context.Execution.Input.inputs",
    ReferenceKind.TRIGGER: "$states.context.Execution.Input.trigger",
    ReferenceKind.RUN_ID: "$states.context.Execution.Name",
    ReferenceKind.RUN_STARTED_AT: "$states.context.Execution.StartTime",
}
_CHILD_EXECUTION: Final[Mapping[ReferenceKind, str]] = {
    **_EXECUTION,
    ReferenceKind.RUN_ID: "$states.context.Execution.Input.run.id",
    ReferenceKind.RUN_STARTED_AT: "$states.context.Execution.Input.run.startedAt",
}


class StateNames:
    """Gives each state a name of its own, in all machines of a workflow."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, wanted: str) -> StateName:
        """Give the wanted name, cut to what is allowed and numbered where it is taken."""
        text = " ".join("".join(char if char.isprintable() else " " for char in wanted).split()) or "State"
        name = wanted_name = cut(text, MAX_STATE_NAME)
        while name in self._taken:
            number = self._numbers[wanted_name] = self._numbers.get(wanted_name, 1) + 1
            ending = f" ({number})"
            name = cut(text, MAX_STATE_NAME - len(ending)) + ending
        self._taken.add(name)
        return StateName(name)


def cut(text: str, length: int) -> str:
    """Cut a text that is too long."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


class VariableNames:
    """Gives each value a variable name of its own.

    A variable of an outer scope must not be assigned in an inner one (Step Functions, "Passing data between states with
    variables"), so that a value that leaves a branch is named twice.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = {"states", *_WORDS, *FUNCTIONS, *reserved}
        self._numbers: dict[str, int] = {}

    def take(self, reference: Reference) -> str:
        """Give a name for a value, close to the node's id."""
        name, _, member = reference.name.partition(".")
        base = _NOT_WORD.sub("_", member or name) + _SUFFIXES.get(reference.kind, "")
        chosen = base
        while chosen in self._taken:
            number = self._numbers[base] = self._numbers.get(base, 1) + 1
            chosen = f"{base}_{number}"
        self._taken.add(chosen)
        return chosen


@dataclass(slots=True)
class Scope:
    """The variables of one `States` object; those around it can be read, except across machines.

    Attributes:
        imports: For a machine of its own: the values that it reads from its parent, with their names in its input.
    """

    plan: Plan
    names: VariableNames
    constants: Mapping[ReferenceKind, str]
    parent: "Scope | None" = None
    is_machine: bool = False
    extra: frozenset[Reference] = frozenset()
    imports: dict[Reference, str] = field(default_factory=dict[Reference, str])
    _own: dict[Reference, str] = field(default_factory=dict[Reference, str])

    def inner(self, plan: Plan, extra: frozenset[Reference] = frozenset()) -> "Scope":
        """Give the scope of a branch or of an iteration."""
        return Scope(plan, self.names, self.constants, self, extra=extra)

    def machine(self, plan: Plan) -> "Scope":
        """Give the scope of a state machine that this one starts."""
        return Scope(plan, self.names, self.constants, self, is_machine=True)

    def variable(self, reference: Reference) -> str:
        """Give the name under which this scope assigns a value."""
        if reference not in self._own:
            self._own[reference] = self.names.take(reference)
        return self._own[reference]

    def text(self, reference: Reference) -> str:
        """Write a value as JSONata."""
        if reference.kind in self.constants:
            return self.constants[reference.kind]
        if reference.kind in _EXECUTION:
            return self._execution(reference)
        scope: Scope | None = self
        crossed: list[Scope] = []
        while scope is not None:
            if reference in scope.plan.defined or reference in scope.extra:
                if not crossed:
                    return f"${scope.variable(reference)}"
                return self._imported(crossed, reference, scope.variable(reference))
            if scope.is_machine:
                crossed.append(scope)
            scope = scope.parent
        return "(null)"

    def _imported(self, crossed: "list[Scope]", reference: Reference, name: str) -> str:
        for scope in crossed:
            scope.imports[reference] = name
        return f"$states.context.Execution.Input.values.{name}"

    def _execution(self, reference: Reference) -> str:
        scope: Scope | None = self
        while scope is not None and not scope.is_machine:
            scope = scope.parent
        text = (_CHILD_EXECUTION if scope is not None else _EXECUTION)[reference.kind]
        if not reference.name:
            return text
        plain = _NOT_WORD.search(reference.name) is None and not reference.name[:1].isdigit()
        return f"{text}.{reference.name}" if plain else f"{text}.`{reference.name}`"
