"""A state machine after loading: one frozen value a state, with its templates compiled.

What a state's query language decides is in values made at load: its data flow and its fields (see `dataflow`).

Source: Amazon States Language specification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from millrace.engine.dataflow import Condition, DataFlow, ItemsField, MomentField, NumberField, TextField
from millrace.engine.distributed import DistributedMap
from millrace.engine.resource import Resource
from millrace.engine.templates import Template
from millrace.model.ids import StateName

INLINE_CONCURRENCY: Final = 40


class ExecutionType(StrEnum):
    """Which kind of workflow runs the machine: only Standard limits the length of a history."""

    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


@dataclass(frozen=True, slots=True)
class Retrier:
    """A rule of when and how often to try a state again.

    Attributes:
        interval: Seconds before the first retry.
        backoff: Factor by which each further delay grows.
        longest: Seconds that no delay exceeds; None without limit.
        jitter: Draw each delay at random between 0 and its value.
    """

    errors: tuple[str, ...]
    interval: float = 1
    attempts: int = 3
    backoff: float = 2.0
    longest: float | None = None
    jitter: bool = False

    def delay(self, attempt: int) -> float:
        """Give the seconds before retry number `attempt`, counted from 0, without jitter."""
        try:
            seconds = self.interval * self.backoff**attempt
        except OverflowError:
            seconds = float("inf")
        return seconds if self.longest is None else min(seconds, self.longest)


@dataclass(frozen=True, slots=True)
class Catcher:
    """A rule of where to go on after an error."""

    errors: tuple[str, ...]
    next: StateName
    flow: DataFlow


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """One rule of a Choice."""

    condition: Condition
    next: StateName
    flow: DataFlow


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What every state has.

    Attributes:
        next: The following state; None ends the scope.
    """

    type: ClassVar[str]

    name: StateName
    flow: DataFlow
    next: StateName | None = None

    @property
    def retry(self) -> tuple[Retrier, ...]:
        return ()

    @property
    def catch(self) -> tuple[Catcher, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PassState(_State):
    """Passes its input on, or makes an output of it."""

    type: ClassVar[str] = "Pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class SucceedState(_State):
    """Ends its scope with success."""

    type: ClassVar[str] = "Succeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailState(_State):
    """Ends its scope with a failure."""

    type: ClassVar[str] = "Fail"

    error: TextField | None = None
    cause: TextField | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceState(_State):
    """Goes on by the first rule whose condition holds; `flow` is that of the default."""

    type: ClassVar[str] = "Choice"

    rules: tuple[ChoiceRule, ...]
    default: StateName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitState(_State):
    """Waits some seconds, or until a moment; exactly one is given."""

    type: ClassVar[str] = "Wait"

    seconds: NumberField | None = None
    timestamp: MomentField | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _FallibleState(_State):
    """A state that may retry and catch."""

    retriers: tuple[Retrier, ...] = ()
    catchers: tuple[Catcher, ...] = ()

    @property
    def retry(self) -> tuple[Retrier, ...]:
        return self.retriers

    @property
    def catch(self) -> tuple[Catcher, ...]:
        return self.catchers


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState(_FallibleState):
    """Has something outside do work.

    Attributes:
        timeout, heartbeat: Give seconds.
    """

    type: ClassVar[str] = "Task"

    resource: Resource
    credentials: Template | None = None
    timeout: NumberField | None = None
    heartbeat: NumberField | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """A scope of states: the machine, a branch of a Parallel, or the processor of a Map."""

    start_at: StateName


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelState(_FallibleState):
    """Runs branches side by side."""

    type: ClassVar[str] = "Parallel"

    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapState(_FallibleState):
    """Runs one processor for each item.

    Attributes:
        selector: Makes the input of an iteration; None gives it the item.
        concurrency: 0 stands for no limit of its own.
        distributed: What there is more of in DISTRIBUTED mode; None in INLINE mode.
    """

    type: ClassVar[str] = "Map"

    processor: Branch
    items: ItemsField
    concurrency: NumberField
    selector: Template | None = None
    tolerated_count: NumberField | None = None
    tolerated_percentage: NumberField | None = None
    distributed: DistributedMap | None = None


State: TypeAlias = PassState | SucceedState | FailState | ChoiceState | WaitState | TaskState | ParallelState | MapState


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A loaded definition; state names are unique in the whole machine, so one table holds the nested ones too.

    Attributes:
        timeout: Seconds that an execution may take; None without limit.
    """

    start_at: StateName
    states: Mapping[StateName, State]
    timeout: float | None = None
    comment: str = ""
