"""How TestState looks at one state while the interpreter runs it.

Source: AWS Step Functions API Reference, "TestState" and "InspectionData".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from millrace.engine.definition import MapState, ParallelState
from millrace.engine.errors import Failure
from millrace.engine.expressions import Trace
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.model.json import Json

# Answers for a Parallel's branches, or for a Map's iterations over items, in place of running them.
ForkAnswer: TypeAlias = Callable[[ParallelState | MapState, list[Json] | None], Payload | Failure]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is told of a state, and what is put in the place of its surroundings.

    Attributes:
        trace: Told each stage of the state's data flow and the value there, by inspectionData's names.
        context: The whole context object; None for the usual one.
        fork: None runs branches and iterations.
        items: A Map's items, in place of those that its fields give.
    """

    trace: Trace
    context: Json = None
    fork: ForkAnswer | None = None
    items: list[Json] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an execution begins, when it is not at the machine's first state.

    Attributes:
        attempts: Retries used, by retrier.
        retries: The context object's RetryCount.
    """

    state: StateName
    variables: Mapping[str, Json] = field(default_factory=dict[str, Json])
    attempts: Mapping[int, int] = field(default_factory=dict[int, int])
    retries: int = 0
