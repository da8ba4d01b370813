"""What a node becomes: the few operations that the compiler knows how to place, order and emit.

A node type says which operation it is (`NodeType.lower`); the compiler decides which state that operation ends up in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from millrace.expressions import Expression, Template
from millrace.model import Port


@dataclass(frozen=True, slots=True)
class Value:
    """A value computed by JSONata; runs no code of ours and shares a state with its neighbours.

    Attributes:
        value: The node's output.
        passes_input: The value is the node's input, so it needs no variable of its own.
    """

    value: Template
    passes_input: bool = False


@dataclass(frozen=True, slots=True)
class SetVariable:
    """The write of a workflow variable; the node's output is its input.

    Attributes:
        name: The variable's name, as in `vars.<name>`.
        value: The new value; it may read the variable's value before the write.
    """

    name: str
    value: Template


@dataclass(frozen=True, slots=True)
class Decide:
    """A choice among ports; the node's output is its input.

    Attributes:
        rules: Port and condition, tried in order; the first that holds is taken.
        default: The port taken when none holds.
    """

    rules: tuple[tuple[Port, Expression], ...]
    default: Port


@dataclass(frozen=True, slots=True)
class Task:
    """A Task state.

    Attributes:
        resource: ARN of the integration, such as `arn:aws:states:::lambda:invoke`.
        arguments: What the integration is given.
        result: Steps from `$states.result` to the node's output, such as `.Payload.output`.
        function: The Lambda function that runs it, if one does.
        permissions: IAM actions, each with the resources that it needs.
        ports: Port by the value of a member of the result, for nodes whose outcome decides the way on.
        grace_seconds: Seconds that the state waits longer than the node, which keeps its time limit itself.
        timeout_port: The port that is live when the task's time is up, instead of an error.
        expected_seconds: How long it takes, when nothing better is known.
    """

    resource: str
    arguments: Template
    result: str = ""
    function: str | None = None
    permissions: tuple[tuple[str, str], ...] = ()
    ports: Mapping[str, Port] = field(default_factory=dict[str, Port])
    port_member: str = ""
    timeout_port: Port | None = None
    expected_seconds: float = 1.0
    grace_seconds: int = 0

    @property
    def waits_for_token(self) -> bool:
        """Whether the state ends by a call with its task token."""
        return self.resource.endswith(".waitForTaskToken")


@dataclass(frozen=True, slots=True)
class Pause:
    """A Wait state; exactly one of the two is given."""

    seconds: Template = None
    until: Template = None


@dataclass(frozen=True, slots=True)
class Stop:
    """A Fail state."""

    error: Template
    cause: Template


@dataclass(frozen=True, slots=True)
class Each:
    """A container that runs its body once for each item (Map).

    Attributes:
        collect: One value for each item; None for the outputs of the body's sinks.
        skip_failed: Whether an item's failure is recorded and the others go on.
    """

    items: Template
    concurrency: Template
    collect: Template | None
    skip_failed: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """A container that runs its body while a condition holds (a Choice cycle)."""

    condition: Expression
    limit: Template
    collect: Template | None


@dataclass(frozen=True, slots=True)
class Result:
    """A named value of the run's outputs; the node's own output is the value."""

    name: str
    value: Template


@dataclass(frozen=True, slots=True)
class Gather:
    """The outputs of the live predecessors, brought together; `first` is the node's input."""

    mode: Literal["object", "array", "first"]


@dataclass(frozen=True, slots=True)
class Nothing:
    """No state at all (note)."""


Lowering: TypeAlias = Value | SetVariable | Decide | Task | Pause | Stop | Each | Repeat | Result | Gather | Nothing

LAMBDA_INVOKE: Final = "arn:aws:states:::lambda:invoke"
GRACE_SECONDS: Final = 5
"""Time to start a function and to report its own timeout, which says more than Step Functions' States.Timeout."""
