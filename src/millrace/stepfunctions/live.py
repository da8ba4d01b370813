"""One execution that runs: its interpreter, and what must be committed before the world may see it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import orjson

from millrace.engine.definition import ExecutionType
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.messages import (
    CancelTask,
    CancelTimer,
    Effect,
    Finished,
    Message,
    Resume,
    Resumed,
    SetTimer,
    StartMapRun,
    StartTask,
    Status,
    StopMapRun,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from millrace.engine.payload import Payload
from millrace.engine.resource import Integration, Pattern
from millrace.engine.tasks import TaskHandler, TaskRequest, perform
from millrace.model.json import Json
from millrace.stepfunctions.records import ExecutionRecord, HistoryBlock, Revision
from millrace.stepfunctions.store.port import Change, Store

# asyncio's timers count seconds of the monotonic clock; a longer wait is looked at again on the way.
LONGEST_TIMER = 86_400.0


class Host(Protocol):
    """What a live execution needs of whoever keeps it."""

    store: Store
    tasks: TaskHandler

    def now(self) -> float:
        """Give seconds since the epoch."""
        ...

    def changed(self, live: "Live", /) -> None:
        """Commit what the execution has pending, soon."""
        ...

    def start_map_run(self, live: "Live", effect: StartMapRun, /) -> None:
        """Start a Map Run, or go on with one."""
        ...

    def stop_map_run(self, token: str, /) -> None:
        """Stop a Map Run, with its children."""
        ...

    def offer(self, live: "Live", task: StartTask, /) -> None:
        """Give an activity task to a worker."""
        ...

    def hold(self, live: "Live", token: str, /) -> None:
        """Lead messages for a token to the execution."""
        ...

    def release(self, token: str, /) -> None:
        """Forget a token."""
        ...

    def logs(self, live: "Live", /) -> bool:
        """Tell whether somebody reads the execution's logs."""
        ...

    def over(self, live: "Live", events: Sequence[HistoryEvent], /) -> None:
        """Take note of events that were committed; the execution may have ended with them."""
        ...


@dataclass(frozen=True, slots=True)
class _Group:
    """What one commit holds of an execution."""

    record: ExecutionRecord
    events: list[HistoryEvent]
    effects: list[Effect]


class Live:
    """An execution in memory.

    Args:
        host: Keeps it.
        record: The execution as it was committed last, or as it is about to be for the first time.
        interpreter: Its state.
        revision: What it runs.
        durable: Commit it; a synchronous Express execution lives in memory only.

    Attributes:
        described: The record as it was committed last.
        begun: It was committed at least once, so the world knows of it.
    """

    def __init__(
        self,
        host: Host,
        record: ExecutionRecord,
        interpreter: Interpreter,
        revision: Revision,
        *,
        durable: bool = True,
        begun: bool = False,
    ) -> None:
        self.described = record
        self.interpreter = interpreter
        self.revision = revision
        self.durable = durable
        self.begun = begun
        self._host = host
        self._events: list[HistoryEvent] = []
        self._effects: list[Effect] = []
        self._committing: _Group = _Group(record, [], [])
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._dropped = False
        self._loop = asyncio.get_running_loop()

    @property
    def pending(self) -> bool:
        """Whether something of it is not committed."""
        return not self.begun or bool(self._events or self._effects)

    def handle(self, message: Message) -> None:
        """Take a message; what follows from it waits for its commit, except timers."""
        if self._dropped:
            return
        step = self.interpreter.handle(message, self._host.now())
        if not step.events and not step.effects:
            return
        self._events.extend(step.events)
        for effect in step.effects:
            match effect:
                case SetTimer():
                    self._set_timer(effect)
                case CancelTimer():
                    self._forget_timer(effect.timer)
                case Resume():
                    self._loop.call_soon(self.handle, Resumed())
                case _:
                    self._effects.append(effect)
        self._host.changed(self)

    def go_on(self) -> None:
        """Take up an execution that was read from the store: its timers, its tokens, its tasks."""
        for token in self.interpreter.state.tokens:
            self._host.hold(self, token)
        for effect in self.interpreter.outstanding():
            match effect:
                case SetTimer():
                    self._set_timer(effect)
                case Resume():
                    self._loop.call_soon(self.handle, Resumed())
                case _:
                    self._carry_out(effect)

    # ---- committing

    def changes(self) -> list[Change]:
        """Give what is to be committed now; `committed` or `not_committed` must follow."""
        events, effects = self._events, self._effects
        self._events, self._effects = [], []
        state = self.interpreter.state
        record = replace(self.described, events=state.events)
        for effect in effects:
            if isinstance(effect, Finished):
                record = ended_record(record, effect, self._host.now())
        self._committing = _Group(record, events, effects)
        if not self.durable:
            return []
        store = self._host.store
        changes = [*store.put_execution(record, self._snapshot())]
        if record.type is not ExecutionType.STANDARD:
            return changes
        if not self.begun and self._host.logs(self):
            changes += store.put_delivered(record.key, 0)
        if events:
            changes += store.put_history(
                HistoryBlock(
                    record.key, events[0].id, events[-1].id, orjson.dumps([stored_event(event) for event in events])
                )
            )
        return changes

    def committed(self) -> None:
        """Carry out what the commit made real."""
        group = self._committing
        self.described, self.begun = group.record, True
        for effect in group.effects:
            self._carry_out(effect)
        self._host.over(self, group.events)

    def not_committed(self) -> None:
        """Put back what could not be committed, to be tried again."""
        self._events[:0] = self._committing.events
        self._effects[:0] = self._committing.effects

    def _snapshot(self) -> bytes | None:
        """Write what is needed to go on: with an execution that runs, or with one that can be redriven."""
        status = self.interpreter.state.status
        redrivable = self.described.type is ExecutionType.STANDARD and status is not Status.SUCCEEDED
        return orjson.dumps(self.interpreter.snapshot()) if status is Status.RUNNING or redrivable else None

    def drop(self) -> None:
        """Stop everything that is under way here, and start nothing more; what was committed stays."""
        self._dropped = True
        for timer in [*self._timers]:
            self._forget_timer(timer)
        for call in self._calls.values():
            call.cancel()

    async def dropped(self) -> None:
        """Wait until the tasks that `drop` cancelled have ended."""
        await asyncio.gather(*self._calls.values(), return_exceptions=True)

    # ---- effects

    def _carry_out(self, effect: Effect) -> None:
        if self._dropped:
            return
        match effect:
            case StartTask():
                self._start(effect)
            case CancelTask():
                self._host.release(effect.token)
                call = self._calls.pop(effect.token, None)
                if call is not None:
                    call.cancel()
            case StartMapRun():
                self._host.start_map_run(self, effect)
            case StopMapRun():
                self._host.stop_map_run(effect.token)
            case Finished():
                pass
            case _:
                raise AssertionError(f"expected an effect that waits for its commit, found {effect!r}")

    def _start(self, effect: StartTask) -> None:
        if not self.interpreter.holds(effect.token):
            return
        self._host.hold(self, effect.token)
        if effect.resource.integration is Integration.ACTIVITY:
            self._host.offer(self, effect)
            return
        call = self._loop.create_task(self._call(effect))
        self._calls[effect.token] = call

    async def _call(self, effect: StartTask) -> None:
        token = effect.token

        def submit(output: Json) -> None:
            self.handle(TaskSubmitted(token, Payload.foreign(output)))

        outcome = await perform(
            self._host.tasks,
            TaskRequest(
                resource=effect.resource,
                arguments=effect.parameters.value,
                token=token,
                state=effect.state,
                execution=self.described.arn,
                credentials=effect.credentials,
                timeout=effect.timeout,
                heartbeat=effect.heartbeat,
                submit=submit,
                submitted=None if effect.submitted is None else effect.submitted.value,
            ),
        )
        self._calls.pop(token, None)
        if outcome.output is None:
            self._host.release(token)
            self.handle(TaskFailed(token, _whole(outcome.error), _whole(outcome.cause)))
        elif effect.resource.pattern is Pattern.TOKEN:
            self.handle(TaskSubmitted(token, outcome.output))
        else:
            self._host.release(token)
            self.handle(TaskSucceeded(token, outcome.output))

    # ---- timers

    def _set_timer(self, timer: SetTimer) -> None:
        self._forget_timer(timer.timer)
        delay = min(max(0.0, timer.at - self._host.now()), LONGEST_TIMER)
        self._timers[timer.timer] = self._loop.call_later(delay, self._fire, timer)

    def _fire(self, timer: SetTimer) -> None:
        if timer.at > self._host.now():
            self._set_timer(timer)
            return
        del self._timers[timer.timer]
        self.handle(TimerFired(timer.timer))

    def _forget_timer(self, timer: int) -> None:
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()


def _whole(text: str | None) -> str | None:
    """Replace halves of surrogate pairs, which Python's texts may have and JSON must not: names of files, say."""
    return None if text is None else text.encode(errors="replace").decode()


def ended_record(record: ExecutionRecord, finished: Finished, now: float) -> ExecutionRecord:
    """Write into a record how its execution ended."""
    failure = finished.failure
    return replace(
        record,
        status=finished.status,
        stopped=now,
        output=None if finished.output is None else finished.output.text,
        error=None if failure is None else failure.error,
        cause=None if failure is None else failure.cause,
    )


def stored_event(event: HistoryEvent) -> dict[str, object]:
    """Give an event as the store keeps it: as the API shows it, but its timestamp in seconds since the epoch."""
    return {**event.to_api(), "timestamp": round(event.timestamp, 3)}
