"""One execution of a run, folded event by event, in the order of their ids."""

from dataclasses import dataclass, field
from typing import Final

from millrace.observation.activation import Activation
from millrace.observation.failures import Failure, error_of, state_named_in
from millrace.observation.frames import Frames
from millrace.observation.log_event import LogEvent, execution_name
from millrace.observation.run_map import RunMap
from millrace.observation.run_state import RunState
from millrace.observation.state_fold import StateFold

_ENDINGS: Final = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


@dataclass(slots=True, eq=False)
class Execution:
    """An execution of the run's machine, or of a child.

    Attributes:
        arn: Its ARN.
        activation: What its own scope belongs to; None while its parent has not named it.
        held: Events that came, and that others must come before.
        next: The id of the next event.
        over: Whether it has ended.
        failure: How it failed.
    """

    arn: str
    activation: Activation | None = None
    frames: Frames | None = None
    held: dict[int, LogEvent] = field(default_factory=dict[int, LogEvent])
    next: int = 1
    over: bool = False
    ended: int = 0
    failure: Failure | None = None


class Fold:
    """Takes the events of a run's executions, each execution's in order.

    Args:
        machine: What the states stand for.
        run: What is known of the run; grows.
        name: The name of the run's own execution.

    Attributes:
        executions: Those of which an event has come, or which another one has named.
        own: The run's own; None before its first event.
    """

    def __init__(self, machine: RunMap, run: RunState, name: str) -> None:
        self._machine = machine
        self._run = run
        self._name = name
        self.executions: dict[str, Execution] = {}
        self.own: Execution | None = None

    def execution(self, arn: str) -> Execution:
        """Give an execution; a child's first events may come before the one by which its parent names it."""
        execution = self.executions.get(arn)
        if execution is None:
            execution = self.executions[arn] = Execution(arn)
            if execution_name(arn) == self._name:
                self.own, execution.activation = execution, self._run.root
        return execution

    def must_wait(self, event: LogEvent, execution: Execution) -> bool:
        """Whether an event cannot be taken yet: how a child fared explains how the task that started it did."""
        if event.type not in ("TaskSucceeded", "TaskFailed") or execution.frames is None:
            return False
        frame = execution.frames.before(event)
        return frame is not None and bool(frame.child) and not self.execution(frame.child).over

    def take(self, event: LogEvent, execution: Execution) -> None:
        """Take the next event of an execution whose activation is known."""
        assert execution.activation is not None
        if execution.frames is None:
            execution.frames = Frames(self._machine, execution.activation, self._run.open)
        if event.type == "ExecutionRedriven":
            self._redriven(event, execution, execution.frames)
            return
        frame = execution.frames.of(event)
        if event.type in _ENDINGS:
            execution.over, execution.ended = True, event.time
            if event.type != "ExecutionSucceeded":
                root = execution.frames.root
                execution.failure = root.failure or self._unrecorded(event, execution.frames)
        elif not event.type.startswith("Execution"):
            StateFold(self._machine, self._run, execution.frames, self.execution).take(event, frame)
            for around in frame.outwards():
                self._run.touch(around.current)

    # ---- failures without an event of their own

    def unhandled(self, frames: Frames, now: int) -> Failure | None:
        """Find the failure that went through all scopes without an event of them, as States.Runtime does."""
        frame = frames.failing()
        while frame is not None and frame is not frames.root and frame.parent is not None:
            StateFold(self._machine, self._run, frames, self.execution).hand_on(frame, frame.parent, now)
            frame = frame.parent
        return frames.root.failure

    def _unrecorded(self, event: LogEvent, frames: Frames) -> Failure | None:
        """Find the state whose failure no event of its own tells of."""
        unhandled = self.unhandled(frames, event.time) if event.type == "ExecutionFailed" else None
        state = state_named_in(event.details)
        if unhandled is not None or state is None or state not in self._machine.states:
            return unhandled
        frame = frames.within(state) or frames.root
        failure = Failure(event.id, self._machine.culprit(state, ""), state, error_of(event.details))
        StateFold(self._machine, self._run, frames, self.execution).fail(frame, failure, event.time)
        return self.unhandled(frames, event.time)

    # ---- redrives

    def _redriven(self, event: LogEvent, execution: Execution, frames: Frames) -> None:
        execution.over, execution.failure = False, None
        for frame in frames.live():
            self._run.reopen(frame.current)
            if not frame.inside or frame.state is None:
                continue
            failed = frame.failure.node if frame.failure is not None else None
            for around in frame.outwards():
                if failed is not None and around.current is not None:
                    around.current.failures.pop(failed, None)
            state = self._machine.states.get(frame.state)
            if state is not None and state.node is not None and frame.current is not None:
                frame.current.interrupt(state.node, execution.ended)
                if frame.type != "Task":
                    frame.current.begin(state.node, event.time)
        frames.redriven(event)
