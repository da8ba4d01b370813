"""The state of a running execution, in plain data: what must be kept for it to go on elsewhere."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from millrace.engine.context import MapItem
from millrace.engine.map_run_spec import MapRunSpec
from millrace.engine.messages import Status
from millrace.engine.payload import EMPTY_OBJECT, Payload, text_of
from millrace.model.ids import StateName
from millrace.model.json import Json

ROOT = 0


class Phase(StrEnum):
    """What a frame does, or waits for."""

    ENTER = "enter"
    ATTEMPT = "attempt"
    WAIT = "wait"
    RETRY = "retry"
    TASK = "task"
    FORK = "fork"
    MAP_RUN = "mapRun"


class Purpose(StrEnum):
    """What follows when a timer fires."""

    WAIT = "wait"
    RETRY = "retry"
    TIMEOUT = "timeout"
    HEARTBEAT = "heartbeat"
    EXECUTION = "execution"


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is set, for a moment in seconds since the epoch."""

    frame: int
    purpose: Purpose
    at: float


@dataclass(slots=True)
class PendingTask:
    """A task that was started, with what is needed to start it again.

    Attributes:
        parameters: The evaluated Arguments.
        timeout: Seconds from its start to its end.
        heartbeat: Seconds between two heartbeats.
        submitted: What the start of its job answered, or handing its token over; None before.
        timers: Its timers, by what they are for.
    """

    token: str
    parameters: Payload
    credentials: Json = None
    timeout: float | None = None
    heartbeat: float | None = None
    submitted: Payload | None = None
    timers: dict[Purpose, int] = field(default_factory=dict[Purpose, int])


@dataclass(slots=True)
class Fork:
    """The open branches of a Parallel, or iterations of a Map.

    Attributes:
        children: Frames of those that run, by branch or iteration number.
        results: What those that ended gave.
        items: A Map's items; None in a Parallel.
        limit: How many may run at once.
        started: How many were started.
        failures: How many iterations failed and were tolerated.
        tolerance: The largest tolerated count and percentage; None when a Map names none.
        strict: The first failure is the Map's own.
    """

    results: list[Payload | None]
    items: list[Json] | None = None
    limit: int = 0
    children: dict[int, int] = field(default_factory=dict[int, int])
    started: int = 0
    ended: int = 0
    failures: int = 0
    tolerance: tuple[float | None, float | None] = (None, None)
    strict: bool = True


@dataclass(slots=True)
class Frame:
    """One scope that is being executed: the machine, a branch, an iteration.

    Attributes:
        index: The branch's or iteration's number within its parent.
        previous: The id of its last event.
        before: The id of the event before its state was entered.
        entered: The id of the event that entered its state.
        entered_at: When, in seconds since the epoch.
        attempts: Retries used, by retrier.
        settled: The state's branches have all succeeded.
        timer: The timer of a wait or of a retry.
        map_run: The Map Run that a distributed Map waits for.
        halted: It failed or was aborted, and is kept in case the execution is redriven.
        failed_run: The Map Run that failed the state, or was aborted; what a redrive goes on with.
    """

    id: int
    parent: int | None
    index: int
    state: StateName
    input: Payload
    previous: int
    item: MapItem | None = None
    variables: dict[str, Json] = field(default_factory=dict[str, Json])
    phase: Phase = Phase.ENTER
    before: int = 0
    entered: int = 0
    entered_at: float = 0.0
    retries: int = 0
    attempts: dict[int, int] = field(default_factory=dict[int, int])
    settled: bool = False
    halted: bool = False
    timer: int | None = None
    task: PendingTask | None = None
    fork: Fork | None = None
    map_run: MapRunSpec | None = None
    failed_run: MapRunSpec | None = None

    def move(self, state: StateName, payload: Payload) -> None:
        """Go to another state."""
        self.state, self.input, self.phase = state, payload, Phase.ENTER
        self.retries, self.settled, self.failed_run = 0, False, None
        if self.attempts:
            self.attempts = {}


@dataclass(slots=True)
class ExecutionState:
    """Everything about a running execution that its definition does not say.

    Attributes:
        started: Seconds since the epoch.
        frames: The open scopes.
        ready: Frames that can go on at once, in order.
        timers: Those that are set.
        tokens: Which frame each task token belongs to.
        events: How many events the history has.
    """

    input: Payload = EMPTY_OBJECT
    started: float = 0.0
    status: Status = Status.RUNNING
    events: int = 0
    next_frame: int = ROOT
    next_timer: int = 1
    frames: dict[int, Frame] = field(default_factory=dict[int, Frame])
    ready: deque[int] = field(default_factory=deque[int])
    timers: dict[int, Timer] = field(default_factory=dict[int, Timer])
    tokens: dict[str, int] = field(default_factory=dict[str, int])

    def to_json(self) -> dict[str, Json]:
        """Write the state as JSON."""
        return {
            "input": self.input.text,
            "started": self.started,
            "status": self.status.value,
            "events": self.events,
            "nextFrame": self.next_frame,
            "nextTimer": self.next_timer,
            "frames": [_frame_to_json(frame) for frame in self.frames.values()],
            "ready": list(self.ready),
            "timers": [[key, timer.frame, timer.purpose.value, timer.at] for key, timer in self.timers.items()],
            "tokens": dict(self.tokens),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ExecutionState":
        """Read what `to_json` wrote."""
        return cls(
            input=Payload.parse(data["input"]),
            started=data["started"],
            status=Status(data["status"]),
            events=data["events"],
            next_frame=data["nextFrame"],
            next_timer=data["nextTimer"],
            frames={frame["id"]: _frame_from_json(frame) for frame in data["frames"]},
            ready=deque(data["ready"]),
            timers={key: Timer(frame, Purpose(purpose), at) for key, frame, purpose, at in data["timers"]},
            tokens=dict(data["tokens"]),
        )


def _frame_to_json(frame: Frame) -> dict[str, Json]:
    written: dict[str, Json] = {
        "id": frame.id,
        "parent": frame.parent,
        "index": frame.index,
        "state": frame.state,
        "input": frame.input.text,
        "previous": frame.previous,
        # As text: values may be nested as deeply as JSON text can be written, and this wraps them.
        "variables": {name: text_of(value) for name, value in frame.variables.items()},
        "phase": frame.phase.value,
        "before": frame.before,
        "entered": frame.entered,
        "enteredAt": frame.entered_at,
        "retries": frame.retries,
        "attempts": [[retrier, used] for retrier, used in frame.attempts.items()],
        "settled": frame.settled,
        "halted": frame.halted,
        "timer": frame.timer,
    }
    if frame.item is not None:
        written["item"] = [frame.item.index, text_of(frame.item.value)]
    if frame.task is not None:
        written["task"] = _task_to_json(frame.task)
    if frame.fork is not None:
        written["fork"] = _fork_to_json(frame.fork)
    if frame.map_run is not None:
        written["mapRun"] = frame.map_run.to_json()
    if frame.failed_run is not None:
        written["failedRun"] = frame.failed_run.to_json()
    return written


def _frame_from_json(data: Mapping[str, Any]) -> Frame:
    task, fork, item = data.get("task"), data.get("fork"), data.get("item")
    map_run, failed_run = data.get("mapRun"), data.get("failedRun")
    return Frame(
        id=data["id"],
        parent=data["parent"],
        index=data["index"],
        state=StateName(data["state"]),
        input=Payload.parse(data["input"]),
        previous=data["previous"],
        item=None if item is None else MapItem(item[0], Payload.parse(item[1]).value),
        variables={name: Payload.parse(text).value for name, text in data["variables"].items()},
        phase=Phase(data["phase"]),
        before=data["before"],
        entered=data["entered"],
        entered_at=data["enteredAt"],
        retries=data["retries"],
        attempts=dict(data["attempts"]),
        settled=data["settled"],
        halted=data["halted"],
        timer=data["timer"],
        task=None if task is None else _task_from_json(task),
        fork=None if fork is None else _fork_from_json(fork),
        map_run=None if map_run is None else MapRunSpec.from_json(map_run),
        failed_run=None if failed_run is None else MapRunSpec.from_json(failed_run),
    )


def _task_to_json(task: PendingTask) -> dict[str, Json]:
    return {
        "token": task.token,
        "parameters": task.parameters.text,
        "credentials": task.credentials,
        "timeout": task.timeout,
        "heartbeat": task.heartbeat,
        "submitted": None if task.submitted is None else task.submitted.text,
        "timers": [[purpose.value, timer] for purpose, timer in task.timers.items()],
    }


def _task_from_json(data: Mapping[str, Any]) -> PendingTask:
    return PendingTask(
        token=data["token"],
        parameters=Payload.parse(data["parameters"]),
        credentials=data["credentials"],
        timeout=data["timeout"],
        heartbeat=data["heartbeat"],
        submitted=None if data["submitted"] is None else Payload.parse(data["submitted"]),
        timers={Purpose(purpose): timer for purpose, timer in data["timers"]},
    )


def _fork_to_json(fork: Fork) -> dict[str, Json]:
    return {
        "results": [None if result is None else result.text for result in fork.results],
        "items": None if fork.items is None else [text_of(item) for item in fork.items],
        "limit": fork.limit,
        "children": [[index, frame] for index, frame in fork.children.items()],
        "started": fork.started,
        "ended": fork.ended,
        "failures": fork.failures,
        "tolerance": list(fork.tolerance),
        "strict": fork.strict,
    }


def _fork_from_json(data: Mapping[str, Any]) -> Fork:
    count, percentage = data["tolerance"]
    return Fork(
        results=[None if result is None else Payload.parse(result) for result in data["results"]],
        items=None if data["items"] is None else [Payload.parse(item).value for item in data["items"]],
        limit=data["limit"],
        children=dict(data["children"]),
        started=data["started"],
        ended=data["ended"],
        failures=data["failures"],
        tolerance=(count, percentage),
        strict=data["strict"],
    )
