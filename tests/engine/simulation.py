"""Drives the interpreter without asyncio: time jumps to the next timer, tasks answer from a script."""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from millrace.engine import ExecutionInfo, ExecutionType, HistoryEvent, Interpreter, StateMachine, Status, load
from millrace.engine.errors import TaskFailure
from millrace.engine.messages import (
    CancelTask,
    CancelTimer,
    Effect,
    Finished,
    Message,
    Resume,
    Resumed,
    SetTimer,
    Started,
    StartMapRun,
    StartTask,
    StopMapRun,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from millrace.engine.payload import Payload
from millrace.model.json import Json

START = 1_700_000_000.0
INVOKE = "arn:aws:states:::lambda:invoke"

Script = Callable[[StartTask], Any]


class Never:
    """A script's answer for a task that does not end."""


NEVER = Never()


@dataclass
class Run:
    """What a simulated execution came to."""

    status: Status = Status.RUNNING
    output: Json = None
    error: str | None = None
    cause: str | None = None
    history: list[HistoryEvent] = field(default_factory=list[HistoryEvent])
    seconds: float = 0.0
    started: list[StartTask] = field(default_factory=list[StartTask])
    cancelled: list[str] = field(default_factory=list[str])

    def types(self) -> list[str]:
        return [event.type for event in self.history]

    def details(self, event_type: str) -> list[dict[str, Json]]:
        return [dict(event.details) for event in self.history if event.type == event_type]


def jsonata(states: dict[str, Any], start: str | None = None, **fields: Any) -> dict[str, Any]:
    """Make a definition; its first state starts it."""
    return {"QueryLanguage": "JSONata", "StartAt": start or next(iter(states)), "States": states, **fields}


def echo(task: StartTask) -> Any:
    return task.parameters.value


def simulate(
    definition: dict[str, Any] | StateMachine,
    value: Json = None,
    *,
    script: Script = echo,
    kind: ExecutionType = ExecutionType.STANDARD,
    messages: list[tuple[float, Message]] | None = None,
    restart: bool = False,
    seed: int = 1,
) -> Run:
    """Run a definition to its end, or until nothing can happen any more.

    Args:
        definition: What to run.
        value: The input.
        script: Answers tasks; `NEVER` leaves one open, a raised `TaskFailure` fails it.
        kind: The type of workflow.
        messages: Messages that come at given seconds after the start.
        restart: Write the state out and read it back after every message.
        seed: Of the randomness.
    """
    machine = definition if isinstance(definition, StateMachine) else load(definition)
    info, source = ExecutionInfo("run", type=kind), random.Random(seed)
    interpreter = Interpreter(machine, info, source=source)
    run, now = Run(), START
    timers: dict[int, float] = {}
    inbox: list[tuple[float, int, Message]] = [(START, 0, Started(Payload.of(value)))]
    order = 1
    for seconds, message in messages or []:
        heapq.heappush(inbox, (START + seconds, order, message))
        order += 1
    while run.status is Status.RUNNING and (inbox or timers):
        due = min(timers, key=lambda timer: (timers[timer], timer), default=None)
        if due is not None and (not inbox or timers[due] < inbox[0][0]):
            now, message = max(now, timers.pop(due)), TimerFired(due)
        else:
            moment, _, message = heapq.heappop(inbox)
            now = max(now, moment)
        if restart:
            written = orjson.loads(orjson.dumps(interpreter.snapshot()))
            interpreter = Interpreter(machine, info, source=source, state=written)
        step = interpreter.handle(message, now)
        run.history.extend(step.events)
        for effect in step.effects:
            for reply in _replies(effect, run, timers, script):
                heapq.heappush(inbox, (now, order, reply))
                order += 1
    run.seconds = now - START
    return run


def _replies(effect: Effect, run: Run, timers: dict[int, float], script: Script) -> Iterator[Message]:
    """Carry out an effect; give the messages that come of it at once."""
    match effect:
        case StartTask():
            run.started.append(effect)
            yield from _answer(effect, script)
        case SetTimer():
            timers[effect.timer] = effect.at
        case CancelTimer():
            timers.pop(effect.timer, None)
        case CancelTask():
            run.cancelled.append(effect.token)
        case StartMapRun() | StopMapRun():
            raise AssertionError(f"expected a definition without distributed Maps, found {effect!r}")
        case Resume():
            yield Resumed()
        case Finished():
            _finish(run, effect)


def _answer(effect: StartTask, script: Script) -> Iterator[Message]:
    try:
        answer = script(effect)
    except TaskFailure as failure:
        yield TaskFailed(effect.token, failure.error, failure.cause)
        return
    if not isinstance(answer, Never):
        yield TaskSucceeded(effect.token, Payload.of(answer))


def _finish(run: Run, effect: Finished) -> None:
    run.status = effect.status
    if effect.output is not None:
        run.output = effect.output.value
    if effect.failure is not None:
        run.error, run.cause = effect.failure.error, effect.failure.cause
