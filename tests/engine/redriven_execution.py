"""An execution that can be redriven, driven without asyncio: time jumps to the next timer."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from millrace.engine import ExecutionInfo, HistoryEvent, Interpreter, StateMachine, Status, load
from millrace.engine.errors import TaskFailure
from millrace.engine.messages import (
    CancelTimer,
    Finished,
    Message,
    Redriven,
    Resume,
    Resumed,
    SetTimer,
    Started,
    StartMapRun,
    StartTask,
    Step,
    StopMapRun,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from millrace.engine.payload import Payload
from millrace.model.json import Json
from tests.engine.simulation import START, Never, Script


@dataclass
class Execution:
    """One execution that is redriven as often as asked; its state is written out and read back before each message.

    Attributes:
        script: Answers tasks, as in a simulation.
        now: Seconds since the epoch.
        started: The tasks that were started.
    """

    machine: StateMachine
    script: Script
    now: float = START
    finished: Finished | None = None
    history: list[HistoryEvent] = field(default_factory=list[HistoryEvent])
    started: list[StartTask] = field(default_factory=list[StartTask])
    map_runs: list[StartMapRun | StopMapRun] = field(default_factory=list[StartMapRun | StopMapRun])
    timers: dict[int, float] = field(default_factory=dict[int, float])
    state: dict[str, Any] | None = None
    info: ExecutionInfo = field(default_factory=lambda: ExecutionInfo("run"))

    def handle(self, message: Message) -> Step:
        interpreter = Interpreter(self.machine, self.info, source=random.Random(len(self.history)), state=self.state)
        step = interpreter.handle(message, self.now)
        self.state = orjson.loads(orjson.dumps(interpreter.snapshot()))
        self.history.extend(step.events)
        return step

    def take(self, first: Message, *, until: float | None = None) -> None:
        """Go on until the end, until nothing can happen any more, or until a moment, in seconds after the start."""
        inbox = [first]
        while inbox or (self.timers and self.finished is None):
            if not inbox:
                due = min(self.timers, key=lambda timer: (self.timers[timer], timer))
                if until is not None and self.timers[due] > START + until:
                    return
                self.now = max(self.now, self.timers.pop(due))
                inbox.append(TimerFired(due))
            for effect in self.handle(inbox.pop(0)).effects:
                match effect:
                    case StartTask():
                        self.started.append(effect)
                        inbox += self._answer(effect)
                    case SetTimer():
                        self.timers[effect.timer] = effect.at
                    case CancelTimer():
                        self.timers.pop(effect.timer, None)
                    case StartMapRun() | StopMapRun():
                        self.map_runs.append(effect)
                    case Resume():
                        inbox.append(Resumed())
                    case Finished():
                        self.finished = effect
                    case _:
                        pass

    def _answer(self, task: StartTask) -> list[Message]:
        try:
            answer = self.script(task)
        except TaskFailure as failure:
            return [TaskFailed(task.token, failure.error, failure.cause)]
        return [] if isinstance(answer, Never) else [TaskSucceeded(task.token, Payload.of(answer))]

    def redrive(self, script: Script | None = None, *, until: float | None = None) -> None:
        assert self.finished is not None
        assert self.timers == {}, "an execution that ended has no timers"
        self.finished, self.script = None, script or self.script
        self.info = replace(self.info, redrives=self.info.redrives + 1)
        self.take(Redriven(), until=until)

    @property
    def status(self) -> Status:
        return Status.RUNNING if self.finished is None else self.finished.status

    @property
    def output(self) -> Json:
        assert self.finished is not None
        assert self.finished.output is not None, self.finished
        return self.finished.output.value

    def types(self, since: str = "ExecutionStarted") -> list[str]:
        """Give the types of the events from the last one of a type on."""
        types = [event.type for event in self.history]
        return types[len(types) - 1 - types[::-1].index(since) :]

    def calls(self) -> dict[str, int]:
        """Count the tasks that were started, by state."""
        return dict(Counter(task.state for task in self.started))


def begin(definition: dict[str, Any], script: Script, value: Json = None, *, until: float | None = None) -> Execution:
    execution = Execution(load(definition), script)
    execution.take(Started(Payload.of(value)), until=until)
    return execution
