"""Runs for the tests: real histories, with children, answers of the tests' world, pauses and redrives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from millrace.compiler import Compilation
from millrace.engine import load
from millrace.engine.context import ExecutionInfo
from millrace.engine.definition import ExecutionType
from millrace.engine.history import HistoryEvent
from millrace.engine.interpreter import Interpreter
from millrace.engine.messages import (
    CancelTask,
    CancelTimer,
    Effect,
    Finished,
    Message,
    Redriven,
    Resume,
    Resumed,
    SetTimer,
    Started,
    StartTask,
    Status,
    Stopped,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from millrace.engine.payload import Payload
from millrace.observation import LogEvent
from tests.reference.world import TRANSIENT, Refusal, World

RUN: Final = "11111111-2222-4333-8444-555555555555"
ARN: Final = f"arn:aws:states:us-east-1:000000000000:execution:millrace-test-run-0123456789abcdef:{RUN}"
START: Final = 1_800_000_000.0

Answer = Callable[[dict[str, Any]], Any]
"""Gives the output of a node that runs in a function, or raises Refusal."""


@dataclass(eq=False)
class _Course:
    arn: str
    interpreter: Interpreter
    parent: "tuple[_Course, str] | None" = None


@dataclass
class Courses:
    """Runs one compiled document; what goes on at once comes in a random order.

    Attributes:
        random: Chooses what happens next.
        logged: The events of all executions, as they came, with the engine's own frame of each.
    """

    compilation: Compilation
    random: Random
    answer: Answer | None = None
    logged: list[tuple[LogEvent, HistoryEvent]] = field(default_factory=list[tuple[LogEvent, HistoryEvent]])
    _due: list[tuple[_Course, Message]] = field(default_factory=list[tuple[_Course, Message]])
    _children: dict[tuple[str, str], _Course] = field(default_factory=dict[tuple[str, str], _Course])
    _world: World = field(default_factory=World)
    _now: float = START

    def run(self, inputs: Any, *, pauses: Sequence[int] = (), cause: str = "Paused") -> list[LogEvent]:
        """Run to the end; gives the events of all executions.

        Args:
            inputs: The run's inputs.
            pauses: After how many messages to stop the run, each time to redrive it.
            cause: Why it is stopped.
        """
        root = self._begin(self.compilation.definition, ARN, {"inputs": inputs, "trigger": {"type": "manual"}})
        taken = 0
        while self._due:
            course, message = self._due.pop(self.random.randrange(len(self._due)))
            self._take(course, message)
            taken += 1
            if taken in pauses and root.interpreter.state.status is Status.RUNNING:
                self._due = [(course, message) for course, message in self._due if course is not root]
                self._take(root, Stopped("Paused", cause))
                while self._due:
                    self._take(*self._due.pop(0))
                self._take(root, Redriven())
        return [event for event, _ in self.logged]

    def redrive(self) -> list[LogEvent]:
        """Go on with a run that failed; gives all of its events."""
        root = next(iter(self._roots))
        self._take(root, Redriven())
        while self._due:
            self._take(*self._due.pop(self.random.randrange(len(self._due))))
        return [event for event, _ in self.logged]

    def _begin(self, definition: Any, arn: str, given: Any, parent: "tuple[_Course, str] | None" = None) -> _Course:
        info = ExecutionInfo(arn.rpartition(":")[2], arn.split(":")[6], ExecutionType(self.compilation.type))
        course = _Course(arn, Interpreter(load(definition), info, source=Random(1)), parent)
        if parent is None:
            self._roots = [course]
        self._due.append((course, Started(Payload.of(given))))
        return course

    def _take(self, course: _Course, message: Message) -> None:
        self._now += 0.007
        step = course.interpreter.handle(message, self._now)
        for event in step.events:
            log = LogEvent(
                event.id, event.previous, event.type, event.details, round(event.timestamp * 1000), course.arn
            )
            self.logged.append((log, event))
        for effect in step.effects:
            self._carry_out(course, effect)
        if isinstance(message, TaskSubmitted):
            self._answer_people(course, message.token)

    def _carry_out(self, course: _Course, effect: Effect) -> None:
        match effect:
            case StartTask():
                self._start(course, effect)
            case SetTimer(timer=timer, kind=TimerKind.DELAY):
                self._due.append((course, TimerFired(timer)))
            case CancelTimer(timer=timer):
                self._due = [due for due in self._due if due != (course, TimerFired(timer))]
            case CancelTask(token=token):
                self._due = [due for due in self._due if getattr(due[1], "token", "") != token]
                child = self._children.pop((course.arn, token), None)
                if child is not None:
                    self._due = [due for due in self._due if due[0] is not child]
                    self._due.append((child, Stopped()))
            case Resume():
                self._due.append((course, Resumed()))
            case Finished():
                self._finished(course, effect)
            case _:
                pass

    def _start(self, course: _Course, task: StartTask) -> None:
        arguments: Any = task.parameters.value
        token = task.token
        if "startExecution" in task.resource.arn:
            machine = arguments["StateMachineArn"].rpartition(":")[2]
            if machine in self.compilation.children:
                arn = f"arn:aws:states:us-east-1:000000000000:execution:{machine}:{RUN}-{self.random.getrandbits(64):x}"
                child = self._begin(self.compilation.children[machine], arn, arguments["Input"], (course, token))
                self._children[course.arn, token] = child
                self._due.append((course, TaskSubmitted(token, Payload.of({"ExecutionArn": arn, "StartDate": 1}))))
                return
        self._due.append((course, self._outcome(task, arguments)))

    def _outcome(self, task: StartTask, arguments: Any) -> Message:
        token = task.token
        try:
            if "startExecution" in task.resource.arn:
                answer = self._world.run(arguments["StateMachineArn"], arguments["Input"]["inputs"])
                return TaskSucceeded(token, Payload.of({"Output": answer}))
            event = arguments["Payload"]
            if task.resource.arn.endswith(".waitForTaskToken"):
                self._asked = {**getattr(self, "_asked", {}), token: event}
                return TaskSubmitted(token, Payload.of({}))
            output, console = self._called(event), [f"{event['node']} ran"]
        except Refusal as refusal:
            return TaskFailed(token, refusal.error, refusal.cause)
        result: Any = {"Payload": {"output": output, "console": console}, "StatusCode": 200}
        return TaskSucceeded(token, Payload.of(result))

    def _called(self, event: dict[str, Any]) -> Any:
        if self.answer is not None:
            return self.answer(event)
        if self._world.flaky(event["node"], event["config"]):
            raise Refusal(TRANSIENT, "busy")
        return self._world.call(event["type"], event["node"], event["config"], event.get("input"))

    def _answer_people(self, course: _Course, token: str) -> None:
        event = getattr(self, "_asked", {}).get(token)
        if event is None or not course.interpreter.holds(token):
            return
        try:
            answer = self._world.decide(event["node"], event["config"]["message"], event["input"])
        except Refusal as refusal:
            self._due.append((course, TaskFailed(token, refusal.error, refusal.cause)))
            return
        if answer is None:
            self._due.append((course, TaskFailed(token, "States.Timeout", "nobody answered")))
        else:
            self._due.append((course, TaskSucceeded(token, Payload.of(answer))))

    def _finished(self, course: _Course, end: Finished) -> None:
        if course.parent is None:
            return
        parent, token = course.parent
        self._children.pop((parent.arn, token), None)
        if end.status is Status.SUCCEEDED and end.output is not None:
            described = {"ExecutionArn": course.arn, "Output": end.output.value, "Status": "SUCCEEDED"}
            self._due.append((parent, TaskSucceeded(token, Payload.of(described))))
        elif parent.interpreter.holds(token):
            failure = end.failure
            cause: dict[str, Any] = {"ExecutionArn": course.arn, "Status": end.status.value}
            if failure is not None:
                cause |= {"Error": failure.error or "", "Cause": failure.cause or ""}
            self._due.append((parent, TaskFailed(token, "States.TaskFailed", json.dumps(cause))))
