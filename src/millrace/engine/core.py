"""What every state needs of the execution: its events, timers, scopes and payloads."""

import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from millrace.engine.context import ExecutionInfo, MapItem, context_object, map_member
from millrace.engine.definition import ExecutionType, StateMachine
from millrace.engine.errors import (
    DATA_LIMIT_EXCEEDED,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    EvaluationError,
    Failure,
    HistoryFullError,
    PayloadError,
    StateError,
)
from millrace.engine.expressions import Scope
from millrace.engine.frames import ExecutionState, Frame, Purpose, Timer
from millrace.engine.history import EVENT_LIMIT, HistoryEvent
from millrace.engine.inspection import Inspection
from millrace.engine.jsonpath import PathError
from millrace.engine.messages import CancelTask, CancelTimer, Effect, SetTimer, StopMapRun, TimerKind
from millrace.engine.payload import Payload
from millrace.engine.variables import VariableSizes
from millrace.model.ids import StateName
from millrace.model.json import Json

Outcome: TypeAlias = Payload | Failure

TIMER_KINDS: Final = {
    Purpose.WAIT: TimerKind.DELAY,
    Purpose.RETRY: TimerKind.DELAY,
    Purpose.TIMEOUT: TimerKind.DEADLINE,
    Purpose.HEARTBEAT: TimerKind.DEADLINE,
    Purpose.EXECUTION: TimerKind.EXECUTION,
}
_ENDS: Final = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"})
_WITH_RETRY_COUNT: Final = frozenset({"Task", "Parallel", "Map"})


class Core:
    """An execution's state and the record of the step that is being taken.

    Attributes:
        inspection: How TestState looks at it; None costs nothing.
        activity_exists: Tells whether there is an activity of an ARN; None: all exist.
    """

    def __init__(
        self,
        machine: StateMachine,
        info: ExecutionInfo,
        source: random.Random,
        state: ExecutionState,
        inspection: Inspection | None = None,
        activity_exists: Callable[[str], bool] | None = None,
    ) -> None:
        self.machine = machine
        self.info = info
        self.random = source
        self.state = state
        self.inspection = inspection
        self.activity_exists = activity_exists
        self._trace = None if inspection is None else inspection.trace
        self.sizes = VariableSizes(counted=not state.frames)
        self.now = 0.0
        self.events: list[HistoryEvent] = []
        self.effects: list[Effect] = []
        self.ended: deque[tuple[Frame, Outcome]] = deque()
        self._limited = info.type is ExecutionType.STANDARD

    # ---- events

    def emit(
        self,
        event_type: str,
        previous: int,
        details: Mapping[str, Json],
        state: StateName | Literal[""] = "",
        frame: int = 0,
    ) -> int:
        """Add an event to the history and give its id."""
        event = self.state.events + 1
        if event >= EVENT_LIMIT and self._limited and event_type not in _ENDS:
            raise HistoryFullError(f"expected fewer than {EVENT_LIMIT} events")
        self.state.events = event
        self.events.append(HistoryEvent(event, previous, self.now, event_type, details, state, frame))
        return event

    def record(self, frame: Frame, event_type: str, details: Mapping[str, Json]) -> None:
        """Add an event about a frame's state, after the frame's last one."""
        frame.previous = self.emit(event_type, frame.previous, details, frame.state, frame.id)

    # ---- timers and tasks

    def set_timer(self, frame: int, purpose: Purpose, seconds: float, timer: int | None = None) -> int:
        """Set a timer, or set it anew."""
        if timer is None:
            timer = self.state.next_timer
            self.state.next_timer += 1
        self.state.timers[timer] = Timer(frame, purpose, self.now + seconds)
        self.effects.append(SetTimer(timer, self.now + seconds, TIMER_KINDS[purpose]))
        return timer

    def cancel_timer(self, timer: int | None) -> None:
        """Forget a timer, if it is still set."""
        if timer is not None and self.state.timers.pop(timer, None) is not None:
            self.effects.append(CancelTimer(timer))

    def drop_task(self, frame: Frame, *, cancel: bool) -> None:
        """Stop waiting for a frame's task."""
        task, frame.task = frame.task, None
        if task is None:
            return
        self.state.tokens.pop(task.token, None)
        for timer in task.timers.values():
            self.cancel_timer(timer)
        if cancel:
            self.effects.append(CancelTask(task.token))

    def drop_map_run(self, frame: Frame) -> None:
        """Abort a frame's Map Run."""
        run, frame.map_run = frame.map_run, None
        if run is not None:
            frame.failed_run = run
            self.record(frame, "MapRunAborted", {})
            self.effects.append(StopMapRun(run.arn))

    def token(self) -> str:
        """Make a task token."""
        return f"{self.random.getrandbits(256):064x}"

    # ---- evaluation

    def scope(self, frame: Frame, item: MapItem | None = None, token: str | None = None, **states: Json) -> Scope:
        """Make what the expressions of a frame's state can see, beside its input.

        Args:
            frame: The frame.
            item: A Map's item that is not a frame's yet.
            token: The token of the task that is about to start.
            states: Further members of $states.
        """
        chain = [frame.variables]
        parent = frame.parent
        while parent is not None:
            outer = self.state.frames[parent]
            chain.append(outer.variables)
            parent = outer.parent
        states["input"] = frame.input.value
        return Scope(chain, states, lambda: self._context(frame, item, token), self.now, self.random, None, self._trace)

    def variables(self, frame: Frame) -> dict[str, Json]:
        """Give all variables that a frame sees."""
        outer = {} if frame.parent is None else self.variables(self.state.frames[frame.parent])
        return {**outer, **frame.variables}

    def tell(self, stage: str, value: Json) -> None:
        """Tell the trace of a stage, if there is one."""
        if self._trace is not None:
            self._trace(stage, value)

    def _context(self, frame: Frame, item: MapItem | None, token: str | None) -> Json:
        replaced = None if self.inspection is None else self.inspection.context
        if replaced is not None:
            return replaced if item is None or not isinstance(replaced, dict) else {**replaced, **map_member(item)}
        state = self.machine.states[frame.state]
        return context_object(
            self.info,
            input=self.state.input.value,
            started=self.state.started,
            state=frame.state,
            entered=frame.entered_at,
            retries=frame.retries if state.type in _WITH_RETRY_COUNT else None,
            token=token,
            item=item or self._item(frame),
        )

    def _item(self, frame: Frame) -> MapItem | None:
        while frame.item is None and frame.parent is not None:
            frame = self.state.frames[frame.parent]
        return frame.item

    # ---- failing

    def guard(self, frame: Frame, action: Callable[[], None], fail: Callable[[Failure], None]) -> None:
        """Do something for a frame's state, and fail the state when that raises."""
        try:
            action()
        except EvaluationError as error:
            fail(self._evaluation_failed(frame, error))
        except StateError as error:
            fail(self.state_failed(frame, error))
        except PathError as error:
            fail(self.state_failed(frame, StateError(error.error, error.message)))
        except PayloadError as error:
            fail(self.state_failed(frame, StateError(RUNTIME, str(error))))

    def _evaluation_failed(self, frame: Frame, error: EvaluationError) -> Failure:
        """Record that an expression failed."""
        cause = f"{self.where(frame)}{error.message}"
        details: dict[str, Json] = {"error": QUERY_EVALUATION_ERROR, "cause": cause, "state": frame.state}
        if error.location is not None:
            details["location"] = error.location
        if frame.previous == frame.entered:
            # AWS counts a state that never got anywhere from before its entry (recorded).
            frame.previous = frame.before
        self.record(frame, "EvaluationFailed", details)
        return Failure(QUERY_EVALUATION_ERROR, cause)

    def state_failed(self, frame: Frame, error: StateError) -> Failure:
        """Say how a state failed by itself."""
        if error.error != RUNTIME:
            return Failure(error.error, error.message, terminal=error.error == DATA_LIMIT_EXCEEDED)
        return Failure(RUNTIME, f"{self.where(frame)}{error.message}", terminal=True)

    @staticmethod
    def where(frame: Frame) -> str:
        """Word the sentence that AWS begins a cause with."""
        return (
            f"An error occurred while executing the state '{frame.state}' (entered at the event id #{frame.entered}). "
        )


def failure_details(failure: Failure) -> dict[str, Json]:
    """Write a failure as event details; AWS leaves an empty member out."""
    details: dict[str, Json] = {}
    if failure.error:
        details["error"] = failure.error
    if failure.cause:
        details["cause"] = failure.cause
    return details
