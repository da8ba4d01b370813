"""Expressions after parsing: JSONata text with its references to the run kept apart from the text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, Union

from millrace.model import JsonType, NodeId


class ReferenceKind(StrEnum):
    """What of the run a reference reads.

    The last four are the compiler's own: the port that a node took, the value that a variable node wrote, a variable's
    value from one iteration of a while to the next, and what its iterations have collected.
    """

    OUTPUT = "output"
    ERROR = "error"
    ITEM = "item"
    INDEX = "index"
    INPUT = "input"
    INPUTS = "inputs"
    TRIGGER = "trigger"
    VARIABLE = "vars"
    RUN_ID = "run.id"
    RUN_STARTED_AT = "run.startedAt"
    WORKFLOW_ID = "workflow.id"
    WORKFLOW_VERSION = "workflow.version"
    PORT = "port"
    WRITTEN = "written"
    CARRIED = "carried"
    RESULTS = "results"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A value of the run that an expression reads.

    Attributes:
        name: The node's id for output, error, item and index; the input's or the variable's name for inputs and vars
            ("" for all of them at once); "" otherwise.
    """

    kind: ReferenceKind
    name: str = ""

    @property
    def node(self) -> NodeId:
        """The node that the reference names."""
        return NodeId(self.name)

    @property
    def is_optional(self) -> bool:
        """Whether it may have no value: an input that is neither given nor has a default."""
        return self.kind is ReferenceKind.INPUTS and self.name != ""


@dataclass(frozen=True, slots=True)
class Expression:
    """JSONata text in which every reference to the run stands apart, so that the compiler names it last.

    Attributes:
        parts: Text and references, in order; joined, with a variable in place of each reference, they are JSONata.
        locals: Names bound inside the text (`$x := …`, parameters), without the dollar sign.
        type: The JSON type of the value where it is known.
        optional: Whether it may give nothing (JSONata's undefined).
        fallible: Whether evaluating it may fail.
        pure: Whether it gives the same value each time ($random, $uuid, $now and $millis do not).
        atomic: Whether it can stand as an operand without brackets.
    """

    parts: tuple[Union[str, Reference, "Expression"], ...]
    locals: frozenset[str] = frozenset()
    type: JsonType | None = None
    optional: bool = True
    fallible: bool = True
    pure: bool = True
    atomic: bool = False

    def walk(self) -> Iterator[str | Reference]:
        """Give the text and the references of this expression and those nested in it, in order."""
        for part in self.parts:
            if isinstance(part, Expression):
                yield from part.walk()
            else:
                yield part

    @property
    def references(self) -> frozenset[Reference]:
        """Everything of the run that it reads."""
        return frozenset(part for part in self.walk() if isinstance(part, Reference))

    def render(self, name: Callable[[Reference], str]) -> str:
        """Write it as JSONata with `name(reference)` in place of each reference."""
        return "".join(part if isinstance(part, str) else name(part) for part in self.walk())


Template: TypeAlias = Union[bool, int, float, str, Expression, "list[Template]", "dict[str, Template]", None]
"""A JSON value with expressions in some places; a plain string in it is literal text."""
