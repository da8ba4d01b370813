"""The interpreter: messages in, history events and effects out.

It never sleeps, does no input or output and has no task of its own: time comes with each message, randomness by
its constructor, and all that it must remember is `state`, in plain data. Whoever drives it carries out the effects and
sends what comes of them back as messages; one for what has ended meanwhile is ignored, so none does harm by being late.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from millrace.engine import distributed_states, flow_states, fork_states, redriving, task_states, transitions
from millrace.engine.context import ExecutionInfo, MapItem
from millrace.engine.core import TIMER_KINDS, Core, failure_details
from millrace.engine.definition import ExecutionType, State, StateMachine, TaskState
from millrace.engine.errors import RUNTIME, TIMEOUT, Failure, HistoryFullError
from millrace.engine.frames import ROOT, ExecutionState, Frame, Phase, Purpose
from millrace.engine.history import EVENT_LIMIT
from millrace.engine.inspection import Entry, Inspection
from millrace.engine.messages import (
    CancelTask,
    CancelTimer,
    Effect,
    Finished,
    MapRunFailed,
    MapRunSucceeded,
    Message,
    Redriven,
    Resume,
    Resumed,
    SetTimer,
    Started,
    Status,
    Step,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from millrace.engine.payload import Payload
from millrace.engine.resource import Integration, Pattern, Resource

# How many states one step may enter before others get their turn.
STEP_LIMIT: Final = 200
# How long an Express execution may take.
EXPRESS_SECONDS: Final = 300

_HISTORY_FULL: Final = f"The execution reached the maximum number of history events ({EVENT_LIMIT})."
_RUN: Final[dict[str, Callable[[Core, Frame, Any], None]]] = {
    "Pass": flow_states.run_pass,
    "Succeed": flow_states.run_pass,
    "Fail": flow_states.run_fail,
    "Choice": flow_states.run_choice,
    "Wait": flow_states.run_wait,
    "Task": task_states.run_task,
    "Parallel": fork_states.run_parallel,
    "Map": distributed_states.run_map,
}


class Interpreter:
    """One execution of a state machine.

    Args:
        machine: The loaded definition.
        info: Who the execution is.
        source: Gives task tokens, jitter, $random and $uuid; a seeded one makes executions repeatable.
        state: What `snapshot` gave, to go on from there; None for a new execution.
        inspection: How TestState looks at a state.
        activity_exists: Tells whether there is an activity of an ARN; None: all exist.
        entry: Where a new execution begins; None for the machine's first state.
    """

    def __init__(
        self,
        machine: StateMachine,
        info: ExecutionInfo,
        *,
        source: random.Random | None = None,
        state: Mapping[str, Any] | None = None,
        inspection: Inspection | None = None,
        activity_exists: Callable[[str], bool] | None = None,
        entry: Entry | None = None,
    ) -> None:
        self.machine = machine
        self.info = info
        self.state = ExecutionState() if state is None else ExecutionState.from_json(state)
        self._core = Core(machine, info, source or random.SystemRandom(), self.state, inspection, activity_exists)
        self._entry = entry or Entry(machine.start_at)

    def snapshot(self) -> dict[str, Any]:
        """Give what an interpreter needs to go on in this one's place; to be taken between messages."""
        return self.state.to_json()

    def holds(self, token: str) -> bool:
        """Tell whether a running task has the token."""
        return token in self.state.tokens

    def outstanding(self) -> tuple[Effect, ...]:
        """Give the effects whose outcome is still to come, for whoever goes on from a snapshot.

        Timers keep their moments. Tasks are to be started again, except those that only wait for their token.
        """
        effects: list[Effect] = [
            SetTimer(key, timer.at, TIMER_KINDS[timer.purpose]) for key, timer in self.state.timers.items()
        ]
        for frame in self.state.frames.values():
            if frame.map_run is not None:
                effects.append(distributed_states.start_map_run(frame.state, frame.map_run))
            state = self.machine.states[frame.state]
            if frame.task is None or not isinstance(state, TaskState):
                continue
            if frame.task.submitted is None or not _waits_for_outcome(state.resource):
                effects.append(task_states.start_task(frame.state, state.resource, frame.task))
        if self.state.ready:
            effects.append(Resume())
        return tuple(effects)

    def select_item(self, token: str, item: MapItem, now: float) -> Payload | Failure:
        """Give the input of a Map Run's child for an item; changes nothing.

        Args:
            token: The Map Run's.
            item: The item.
            now: Seconds since the epoch.
        """
        return distributed_states.select_item(self._core, token, item, now)

    def handle(self, message: Message, now: float) -> Step:
        """Take one message.

        Args:
            message: What happened.
            now: Seconds since the epoch.

        Returns:
            The events and the effects that follow from it, in order.
        """
        core = self._core
        core.now, core.events, core.effects = now, [], []
        if self.state.status is Status.RUNNING or isinstance(message, Redriven):
            try:
                self._take(message)
                self._go_on()
            except HistoryFullError:
                self._finish(Status.FAILED, failure=Failure(RUNTIME, _HISTORY_FULL))
        return Step(tuple(core.events), tuple(core.effects))

    # ---- messages

    def _take(self, message: Message) -> None:
        match message:
            case Started():
                self._start(message.input)
            case TimerFired():
                self._fire(message.timer)
            case Stopped():
                self._stop(Status.ABORTED, Failure(message.error, message.cause))
            case MapRunSucceeded() | MapRunFailed():
                self._map_run_message(message)
            case Redriven():
                redriving.redrive(self._core, self._timeout())
            case Resumed():
                pass
            case _:
                self._task_message(message)

    def _start(self, payload: Payload) -> None:
        core, state = self._core, self.state
        state.input, state.started = payload, core.now
        core.emit("ExecutionStarted", 0, {"input": payload.text, "roleArn": self.info.role})
        timeout = self._timeout()
        if timeout is not None:
            core.set_timer(ROOT, Purpose.EXECUTION, timeout)
        # The first state's entry follows no event: AWS gives 0.
        entry = self._entry
        state.frames[ROOT] = frame = Frame(ROOT, None, 0, entry.state, payload, previous=0)
        frame.variables, frame.attempts, frame.retries = dict(entry.variables), dict(entry.attempts), entry.retries
        state.next_frame = ROOT + 1
        state.ready.append(ROOT)

    def _timeout(self) -> float | None:
        """Give the seconds that the execution may take; None without limit."""
        if self.info.type is not ExecutionType.EXPRESS:
            return self.machine.timeout
        return min(self.machine.timeout or EXPRESS_SECONDS, EXPRESS_SECONDS)

    def _task_message(self, message: TaskStarted | TaskSubmitted | TaskSucceeded | TaskFailed | TaskHeartbeat) -> None:
        owner = self.state.tokens.get(message.token)
        if owner is None:
            return
        core, frame = self._core, self.state.frames[owner]

        def act() -> None:
            match message:
                case TaskStarted():
                    task_states.on_started(core, frame, message.worker)
                case TaskSubmitted():
                    task_states.on_submitted(core, frame, message.output)
                case TaskSucceeded():
                    task_states.on_succeeded(core, frame, message.output)
                case TaskFailed():
                    task_states.on_failed(core, frame, Failure(message.error, message.cause))
                case TaskHeartbeat():
                    task_states.on_heartbeat(core, frame)

        self._guarded(frame, act)

    def _map_run_message(self, message: MapRunSucceeded | MapRunFailed) -> None:
        core, frame = self._core, distributed_states.waiting(self._core, message.token)
        if frame is not None:
            self._guarded(frame, lambda: distributed_states.on_ended(core, frame, message))

    def _fire(self, timer: int) -> None:
        fired = self.state.timers.pop(timer, None)
        if fired is None:
            return
        core, frame = self._core, self.state.frames[fired.frame]
        match fired.purpose:
            case Purpose.WAIT:
                frame.timer = None
                self._guarded(frame, lambda: flow_states.end_wait(core, frame))
            case Purpose.RETRY:
                frame.timer, frame.phase = None, Phase.ATTEMPT
                frame.retries += 1
                self.state.ready.append(frame.id)
            case Purpose.TIMEOUT | Purpose.HEARTBEAT:
                task_states.on_timed_out(core, frame, fired.purpose)
            case Purpose.EXECUTION:
                self._stop(Status.TIMED_OUT, Failure(TIMEOUT, None))

    # ---- going on

    def _go_on(self) -> None:
        """Run what is ready, up to the limit of a step."""
        state = self.state
        self._settle()
        for _ in range(STEP_LIMIT):
            if not state.ready or state.status is not Status.RUNNING:
                break
            frame = state.frames.get(state.ready.popleft())
            if frame is not None and not frame.halted:
                self._advance(frame)
                self._settle()
        if state.ready and state.status is Status.RUNNING:
            self._core.effects.append(Resume())

    def _advance(self, frame: Frame) -> None:
        core = self._core
        state: State = self.machine.states[frame.state]
        if frame.phase is Phase.ENTER:
            frame.before = frame.previous
            core.record(frame, f"{state.type}StateEntered", {"name": frame.state, "input": frame.input.text})
            frame.entered, frame.entered_at = frame.previous, core.now
            if core.inspection is not None:
                core.tell("input", frame.input.value)
        frame.phase = Phase.ATTEMPT
        self._guarded(frame, lambda: _RUN[state.type](core, frame, state))

    def _guarded(self, frame: Frame, action: Callable[[], None]) -> None:
        core = self._core
        core.guard(frame, action, lambda failure: transitions.fail(core, frame, failure))

    def _settle(self) -> None:
        """Hand the outcome of scopes that ended to those that wait for them."""
        core = self._core
        while core.ended:
            frame, outcome = core.ended.popleft()
            if frame.halted or frame.id not in self.state.frames:
                continue
            if frame.parent is not None:
                fork_states.on_child_ended(core, self.state.frames[frame.parent], frame, outcome)
            elif isinstance(outcome, Payload):
                self._finish(Status.SUCCEEDED, output=outcome)
            else:
                self._finish(Status.FAILED, failure=outcome)

    # ---- the end

    def _stop(self, status: Status, failure: Failure) -> None:
        """End the execution from outside; open branches are recorded as aborted."""
        root = self.state.frames.get(ROOT)
        if root is not None and (root.fork is not None or root.map_run is not None):
            transitions.abort_children(self._core, root)
            transitions.record_aborted(self._core, root)
        self._finish(status, failure=failure)

    def _finish(self, status: Status, *, output: Payload | None = None, failure: Failure | None = None) -> None:
        core, state = self._core, self.state
        for token in state.tokens:
            core.effects.append(CancelTask(token))
        for timer in state.timers:
            core.effects.append(CancelTimer(timer))
        root = state.frames.get(ROOT)
        previous = root.previous if root is not None else state.events
        details = {"output": output.text} if output is not None else failure_details(failure or Failure(None, None))
        core.emit(_END_EVENTS[status], previous, details)
        state.status = status
        core.ended.clear()
        if status is Status.SUCCEEDED:
            state.frames.clear()
        else:
            redriving.keep(core)
        for left in (state.ready, state.tokens, state.timers):
            left.clear()
        core.effects.append(Finished(self.info, status, output, failure))


def _waits_for_outcome(resource: Resource) -> bool:
    """Tell whether a task that was handed over only waits for its token to come back."""
    return resource.pattern is Pattern.TOKEN or resource.integration is Integration.ACTIVITY


_END_EVENTS: Final = {
    Status.SUCCEEDED: "ExecutionSucceeded",
    Status.FAILED: "ExecutionFailed",
    Status.TIMED_OUT: "ExecutionTimedOut",
    Status.ABORTED: "ExecutionAborted",
}
