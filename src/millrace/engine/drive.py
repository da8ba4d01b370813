"""One execution on an asyncio loop: carries out the interpreter's effects and brings it their outcomes."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from millrace.engine.clock import Clock, SkippingClock
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.messages import (
    CancelTask,
    CancelTimer,
    Effect,
    Finished,
    MapRunFailed,
    MapRunSucceeded,
    Message,
    Resume,
    Resumed,
    SetTimer,
    StartMapRun,
    StartTask,
    StopMapRun,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from millrace.engine.payload import Payload
from millrace.engine.resource import Integration, Pattern
from millrace.engine.tasks import TaskHandler, TaskRequest, perform
from millrace.model.json import Json


class MapRuns(Protocol):
    """Runs the Map Runs of executions that are driven here."""

    async def __call__(self, parent: "Drive", effect: StartMapRun, /) -> MapRunSucceeded | MapRunFailed:
        """Run one to its end; a cancelled call aborts its children."""
        ...


class Drive:
    """Drives one interpreter.

    Args:
        interpreter: The execution.
        tasks: Does the tasks.
        clock: Gives the time; a `SkippingClock` makes delays pass at once.
        map_runs: Runs the Map Runs.
        on_event: Sees each event as it happens; None: the events are not kept either.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        tasks: TaskHandler,
        clock: Clock,
        map_runs: MapRuns,
        on_event: Callable[[HistoryEvent], None] | None = None,
    ) -> None:
        self.interpreter = interpreter
        self.tasks = tasks
        self.clock = clock
        self._map_runs = map_runs
        self._on_event = on_event
        self._inbox: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[asyncio.Task[None]] = set()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._skippable: dict[int, SetTimer] = {}
        self._finished: Finished | None = None

    def send(self, message: Message) -> None:
        """Bring the interpreter a message, in its turn."""
        self._inbox.append(message)
        self._wake.set()

    async def run(self, first: Message) -> Finished:
        """Drive the execution to its end; a cancelled call cancels its tasks."""
        self.send(first)
        try:
            while self._finished is None:
                message = await self._next()
                step = self.interpreter.handle(message, self.clock())
                if self._on_event is not None:
                    for event in step.events:
                        self._on_event(event)
                for effect in step.effects:
                    self._carry_out(effect)
        finally:
            await self._clean_up()
        return self._finished

    async def _next(self) -> Message:
        while not self._inbox:
            if self._skippable:
                # What can end without waiting comes before any time is skipped.
                await asyncio.sleep(0)
                if not self._inbox and self._skip():
                    break
            if not self._inbox:
                self._wake.clear()
                await self._wake.wait()
        message = self._inbox.popleft()
        if isinstance(message, Resumed):
            await asyncio.sleep(0)
        return message

    def _skip(self) -> bool:
        """Set the clock forward to the next delay, or to the execution's deadline when that comes first."""
        if all(timer.kind is not TimerKind.DELAY for timer in self._skippable.values()):
            return False
        assert isinstance(self.clock, SkippingClock)
        due = min(self._skippable.values(), key=lambda timer: (timer.at, timer.timer))
        self.clock.skip_to(due.at)
        self._fire(due.timer)
        return True

    def _fire(self, timer: int) -> None:
        self._forget_timer(timer)
        self.send(TimerFired(timer))

    def _forget_timer(self, timer: int) -> None:
        self._skippable.pop(timer, None)
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()

    # ---- effects

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case StartTask():
                request = self._request(effect)
                self._calls[effect.token] = asyncio.create_task(self._call(request))
            case StartMapRun():
                self._calls[effect.token] = asyncio.create_task(self._run_map(effect))
            case CancelTask() | StopMapRun():
                call = self._calls.pop(effect.token, None)
                if call is not None:
                    self._cancel(call)
            case SetTimer():
                self._set_timer(effect)
            case CancelTimer():
                self._forget_timer(effect.timer)
            case Resume():
                self.send(Resumed())
            case Finished():
                self._finished = effect

    def _set_timer(self, effect: SetTimer) -> None:
        self._forget_timer(effect.timer)
        if isinstance(self.clock, SkippingClock) and effect.kind is not TimerKind.DEADLINE:
            self._skippable[effect.timer] = effect
            if effect.kind is TimerKind.DELAY:
                return
        delay = max(0.0, effect.at - self.clock())
        self._timers[effect.timer] = asyncio.get_running_loop().call_later(delay, self._fire, effect.timer)

    def _request(self, effect: StartTask) -> TaskRequest:
        token = effect.token

        def submit(output: Json) -> None:
            self.send(TaskSubmitted(token, Payload.foreign(output)))

        return TaskRequest(
            resource=effect.resource,
            arguments=effect.parameters.value,
            token=token,
            state=effect.state,
            execution=self.interpreter.info.id,
            credentials=effect.credentials,
            timeout=effect.timeout,
            heartbeat=effect.heartbeat,
            submit=submit,
            submitted=None if effect.submitted is None else effect.submitted.value,
        )

    async def _call(self, request: TaskRequest) -> None:
        if request.resource.integration is Integration.ACTIVITY:
            self.send(TaskStarted(request.token))
        outcome = await perform(self.tasks, request)
        self._calls.pop(request.token, None)
        if outcome.output is None:
            self.send(TaskFailed(request.token, outcome.error, outcome.cause))
        elif request.resource.pattern is Pattern.TOKEN:
            self.send(TaskSubmitted(request.token, outcome.output))
        else:
            self.send(TaskSucceeded(request.token, outcome.output))

    async def _run_map(self, effect: StartMapRun) -> None:
        end = await self._map_runs(self, effect)
        self._calls.pop(effect.token, None)
        self.send(end)

    async def _clean_up(self) -> None:
        for timer in [*self._timers]:
            self._forget_timer(timer)
        for call in self._calls.values():
            self._cancel(call)
        self._calls.clear()
        await asyncio.gather(*self._cancelled, return_exceptions=True)

    def _cancel(self, call: "asyncio.Task[None]") -> None:
        call.cancel()
        self._cancelled.add(call)
        call.add_done_callback(self._cancelled.discard)
