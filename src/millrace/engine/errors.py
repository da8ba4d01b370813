"""What can go wrong in the engine.

    EngineError
    |- DefinitionError        a definition that the engine refuses, with every problem it has
    |- PayloadError           a value that is not JSON, or does not fit a state's payload
    |- EvaluationError        a JSONata expression failed; the state fails with States.QueryEvaluationError
    |- StateError             a state failed by itself, with the error name that Retry and Catch see
    |- TaskFailure            raised by a task handler: the error name and cause that the task failed with
    |- HistoryFullError       a Standard execution has as many events as a history can hold
    `- TaskTokenError         a token that no running task holds

`Failure` is a value, not an exception: how a state, a branch or an execution ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ALL: Final = "States.ALL"
TASK_FAILED: Final = "States.TaskFailed"
TIMEOUT: Final = "States.Timeout"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
RUNTIME: Final = "States.Runtime"
DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"
QUERY_EVALUATION_ERROR: Final = "States.QueryEvaluationError"
EXCEED_TOLERATED_FAILURE_THRESHOLD: Final = "States.ExceedToleratedFailureThreshold"


class EngineError(Exception):
    """The root of the engine's errors."""


class ProblemCode(StrEnum):
    """What is wrong with a definition, as AWS names it in diagnostics."""

    SCHEMA = "SCHEMA_VALIDATION_FAILED"
    TRANSITION = "MISSING_TRANSITION_TARGET"
    NO_END = "MISSING_END_STATE"
    DUPLICATE = "DUPLICATE_STATE_NAME"
    EXPRESSION = "INVALID_JSONATA_EXPRESSION"
    UNSUPPORTED_EXPRESSION = "UNSUPPORTED_JSONATA_EXPRESSION"


class Severity(StrEnum):
    """Whether a problem keeps a definition from being loaded."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a definition.

    Attributes:
        path: Where, as AWS writes it ("/States/Get page/Catch[0]/Next"); empty where AWS names no place.
        message: AWS's message where it is known; else what was expected, what was found and how to mend it.
    """

    path: str
    message: str
    code: ProblemCode = ProblemCode.SCHEMA
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Write the problem as InvalidDefinition's message does."""
        return f"{self.code}: {self.message}{f' at {self.path}' if self.path else ''}"


class DefinitionError(EngineError):
    """A state machine definition has faults; all of them are listed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class PayloadError(EngineError):
    """A value cannot be a state's input or output."""


class HistoryFullError(EngineError):
    """A Standard execution has as many events as a history can hold."""


class TaskTokenError(EngineError):
    """No running task holds the token: it is unknown, or its task has ended."""


class TaskFailure(EngineError):  # noqa: N818 - the name is the history event's: a task fails, it is no fault of the engine
    """Raise in a task handler to fail the task.

    Args:
        error: The name that Retry and Catch match; None for a failure without a name.
        cause: The text for people; JSON by Lambda's custom.
    """

    def __init__(self, error: str | None = None, cause: str | None = None) -> None:
        self.error = error
        self.cause = cause
        super().__init__(f"{error}: {cause}")


class EvaluationError(EngineError):
    """An expression, or a value that one gave, cannot be used.

    Args:
        message: The cause's last sentence, as AWS words it.
        location: The field ("Output/total"); None where AWS names none.
    """

    def __init__(self, message: str, location: str | None) -> None:
        self.message = message
        self.location = location
        super().__init__(message)


class StateError(EngineError):
    """A state fails by itself; `message` follows AWS's "An error occurred while executing the state ..." sentence."""

    def __init__(self, error: str, message: str) -> None:
        self.error = error
        self.message = message
        super().__init__(f"{error}: {message}")


@dataclass(frozen=True, slots=True)
class Failure:
    """How a state, a branch or an execution failed.

    Attributes:
        error: The error name; None when a Fail state or a task gave none.
        cause: The text; None when none was given.
        terminal: States.ALL and States.TaskFailed do not match it.
        heartbeat: The timeout was a missed heartbeat.
    """

    error: str | None
    cause: str | None
    terminal: bool = False
    heartbeat: bool = False

    def matches(self, names: Iterable[str]) -> bool:
        """Tell whether an ErrorEquals list matches.

        Source: Amazon States Language, "Errors"; that States.Runtime is never caught and that a task's own
        States.DataLimitExceeded is caught by States.ALL are AWS's recorded behaviour.
        """
        if self.error == RUNTIME:
            return False
        for name in names:
            if name == self.error:
                return True
            if name == ALL and not self.terminal:
                return True
            if name == TASK_FAILED and not self.terminal and self.error != TIMEOUT:
                return True
            if name == HEARTBEAT_TIMEOUT and self.heartbeat:
                return True
        return False

    def output(self) -> "dict[str, str | None]":
        """Give the error output that a catcher sees as $states.errorOutput."""
        return {"Error": self.error, "Cause": self.cause}
