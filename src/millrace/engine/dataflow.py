"""How data flows through a state: what the states ask of a query language.

Each state holds values of these kinds, made when its definition was loaded, and never asks which language it is
written in. `jsonata_flow` and `jsonata_fields` answer for JSONata, `jsonpath_flow` and `jsonpath_fields` for JSONPath.
"""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from millrace.engine.errors import DATA_LIMIT_EXCEEDED, StateError
from millrace.engine.expressions import Scope
from millrace.engine.payload import PAYLOAD_LIMIT, Payload
from millrace.engine.templates import Template, evaluate
from millrace.model.ids import StateName
from millrace.model.json import Json

Assignments: TypeAlias = tuple[tuple[str, Template], ...]


# What a state leaves behind: the variables that it assigns, and its output.
Left: TypeAlias = tuple[Mapping[str, Json], Payload]


class DataFlow(Protocol):
    """What becomes of a state's input and of its result."""

    @property
    def assign(self) -> Assignments:
        """The variables that are assigned when the state is left."""
        ...

    def enter(self, scope: Scope, raw: Payload) -> Payload:
        """Give the input that the state's other fields see, and have the scope show it to them.

        Args:
            scope: What the state's fields see.
            raw: What the state was entered with.
        """
        ...

    def arguments(self, scope: Scope, entered: Payload, state: StateName) -> Payload:
        """Give what the state works on.

        Args:
            scope: What the state's fields see.
            entered: What `enter` gave.
            state: What errors call the state.
        """
        ...

    def leave(self, scope: Scope, raw: Payload, result: Payload, state: StateName) -> Left:
        """Give the variables and the output of a state that has its result.

        Args:
            scope: What the state's fields see.
            raw: What the state was entered with.
            result: What came of its work.
            state: What errors call the state.
        """
        ...


class Condition(Protocol):
    """When a rule of a Choice is taken."""

    def holds(self, scope: Scope) -> bool:
        """Tell whether the rule is taken."""
        ...


class NumberField(Protocol):
    """A field that is a number."""

    def number(self, scope: Scope) -> float:
        """Give the number."""
        ...


class TextField(Protocol):
    """A field that is a text."""

    def text(self, scope: Scope) -> str:
        """Give the text."""
        ...


class MomentField(Protocol):
    """A field that is a moment."""

    def moment(self, scope: Scope) -> float:
        """Give the moment, in seconds since the epoch."""
        ...


class ItemsField(Protocol):
    """The field that gives a Map its items."""

    def items(self, scope: Scope, entered: Payload) -> list[Json]:
        """Give the items; `entered` is the state's input."""
        ...

    def value(self, scope: Scope, entered: Payload) -> Json:
        """Give what the field holds, be it an array or not."""
        ...


def assigned(assign: Assignments, scope: Scope) -> dict[str, Json]:
    """Evaluate all assignments of a state before any of them counts."""
    return {name: evaluate(template, scope) for name, template in assign}


def fitting(payload: Payload, name: str) -> Payload:
    """Give the payload back, unless it is too large; `name` is what the error calls the state or task."""
    if payload.size > PAYLOAD_LIMIT:
        raise StateError(DATA_LIMIT_EXCEEDED, data_limit_cause(name))
    return payload


def data_limit_cause(name: str) -> str:
    """Word the cause of a result that is too large, as AWS does."""
    return f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
