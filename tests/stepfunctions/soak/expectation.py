"""What is to become of an execution, computed without the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any


@dataclass(frozen=True, slots=True)
class Expectation:
    """How an execution ends.

    Attributes:
        visits: How often each state is entered, by name; a retry enters no state.
        calls: How many calls of functions its history has.
    """

    status: str = "SUCCEEDED"
    output: Any = None
    error: str | None = None
    cause: str | None = None
    visits: Mapping[str, int] = field(default_factory=dict[str, int])
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """An execution to be started.

    Attributes:
        scenario: Which machine it runs.
        name: Its name.
        input: Its input.
        expected: How it is to end.
    """

    scenario: str
    name: str
    input: dict[str, Any]
    expected: Expectation


@dataclass(frozen=True, slots=True)
class Scenario:
    """A machine, and how its executions come out.

    Attributes:
        name: The machine's.
        definition: The machine.
        plan: Draws an input, and computes how it ends.
    """

    name: str
    definition: dict[str, Any]
    plan: Callable[[Random], tuple[dict[str, Any], Expectation]]
