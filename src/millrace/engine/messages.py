"""What goes into the interpreter and what comes out: the whole of its contact with the world."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from millrace.engine.context import ExecutionInfo
from millrace.engine.errors import Failure
from millrace.engine.history import HistoryEvent
from millrace.engine.map_run_spec import MapRunSpec
from millrace.engine.payload import Payload
from millrace.engine.resource import Resource
from millrace.model.ids import StateName
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class Started:
    """The execution begins."""

    input: Payload


@dataclass(frozen=True, slots=True)
class Resumed:
    """The interpreter goes on with what it had left for later."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer that the interpreter set is due."""

    timer: int


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """A worker took an activity task."""

    token: str
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSubmitted:
    """The job of a .sync task was started, or the callback task was handed over."""

    token: str
    output: Payload


@dataclass(frozen=True, slots=True)
class TaskSucceeded:
    """A task has its result."""

    token: str
    output: Payload


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """A task failed."""

    token: str
    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class TaskHeartbeat:
    """A task is still at work."""

    token: str


@dataclass(frozen=True, slots=True)
class MapRunSucceeded:
    """A Map Run has its output."""

    token: str
    output: Payload


@dataclass(frozen=True, slots=True)
class MapRunFailed:
    """A Map Run failed."""

    token: str
    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Redriven:
    """RedriveExecution: an execution that failed goes on from the states that failed."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """StopExecution."""

    error: str | None = None
    cause: str | None = None


Message: TypeAlias = (
    Started
    | Resumed
    | TimerFired
    | TaskStarted
    | TaskSubmitted
    | TaskSucceeded
    | TaskFailed
    | TaskHeartbeat
    | MapRunSucceeded
    | MapRunFailed
    | Stopped
    | Redriven
)


class TimerKind(StrEnum):
    """What a timer is for; a driver that skips waits lets only delays pass at once."""

    DELAY = "delay"
    DEADLINE = "deadline"
    EXECUTION = "execution"


@dataclass(frozen=True, slots=True)
class StartTask:
    """Have a task done.

    Attributes:
        parameters: The evaluated Arguments.
        timeout, heartbeat: Seconds that the interpreter waits; None without limit.
        submitted: What the start of its job answered, when it is started again; None for the first time.
    """

    token: str
    state: StateName
    resource: Resource
    parameters: Payload
    credentials: Json = None
    timeout: float | None = None
    heartbeat: float | None = None
    submitted: Payload | None = None


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Nobody waits for the task any more."""

    token: str


@dataclass(frozen=True, slots=True)
class StartMapRun:
    """Start the children of a distributed Map, or go on with them.

    Attributes:
        token: The Map Run's ARN, for the messages about it.
    """

    token: str
    state: StateName
    spec: MapRunSpec


@dataclass(frozen=True, slots=True)
class StopMapRun:
    """Nobody waits for the Map Run any more: abort its children."""

    token: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire the timer at a moment, in seconds since the epoch; an earlier setting of it is replaced."""

    timer: int
    at: float
    kind: TimerKind


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget the timer."""

    timer: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Send Resumed soon: a step does only so much, that other executions get their turn."""


class Status(StrEnum):
    """An execution's status, as DescribeExecution gives it."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


@dataclass(frozen=True, slots=True)
class Finished:
    """The execution ended; timers and tasks that were left have been cancelled."""

    info: ExecutionInfo
    status: Status
    output: Payload | None = None
    failure: Failure | None = None


Effect: TypeAlias = StartTask | CancelTask | StartMapRun | StopMapRun | SetTimer | CancelTimer | Resume | Finished


@dataclass(frozen=True, slots=True)
class Step:
    """What one message led to, in order."""

    events: tuple[HistoryEvent, ...]
    effects: tuple[Effect, ...]
