"""One test's course: the interpreter runs the state, with a mock in the place of its work."""

import asyncio
import random
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from millrace.engine.context import ExecutionInfo
from millrace.engine.definition import ExecutionType, WaitState
from millrace.engine.errors import TIMEOUT, Failure
from millrace.engine.inspection import Entry, Inspection
from millrace.engine.interpreter import Interpreter
from millrace.engine.messages import (
    Effect,
    Finished,
    Message,
    SetTimer,
    Started,
    StartTask,
    Step,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from millrace.engine.payload import Payload
from millrace.engine.tasks import TaskHandler, TaskRequest, perform
from millrace.model.ids import StateName
from millrace.model.json import Json
from millrace.stepfunctions.testing.context_object import usual_context
from millrace.stepfunctions.testing.map_data import MapData
from millrace.stepfunctions.testing.request import Request
from millrace.stepfunctions.testing.tested_state import NAME

# Seconds that a test may take.
TIME_LIMIT: Final = 300.0

# What the interpreter puts before a cause, and TestState does not (recorded).
_WHERE: Final = re.compile(rf"An error occurred while executing the state '{NAME}' \(entered at the event id #\d+\)\. ")


@dataclass(slots=True)
class Course:
    """What came of a test.

    Attributes:
        stages: The stages of the state's data flow, as inspectionData names them.
        failure: The error of the state; also one that is caught or retried.
        output: The state's output, as JSON text; None when the state was not left.
        next_state: None when the state ends its scope, or was not left.
    """

    stages: dict[str, Json] = field(default_factory=dict[str, Json])
    failure: Failure | None = None
    output: str | None = None
    next_state: StateName | None = None

    @property
    def retriable(self) -> bool:
        """Whether a retrier would try the state again."""
        details = self.stages.get("errorDetails")
        return self.output is None and isinstance(details, dict) and "retryBackoffIntervalSeconds" in details

    def trace(self, stage: str, value: Json) -> None:
        """Take a stage of the data flow."""
        if "variables" in self.stages:
            # The state has been left: what follows is the next one's.
            return
        if stage == "failure":
            assert isinstance(value, dict)
            self.fail(value.get("Error"), value.get("Cause"))
            return
        earlier = self.stages.get(stage)
        if stage == "errorDetails" and isinstance(earlier, dict) and isinstance(value, dict):
            # A retrier that is used up, then a catcher.
            value = {**earlier, **value}
        self.stages[stage] = value

    def fail(self, error: Json, cause: Json) -> None:
        """Take an error of the state."""
        self.failure = Failure(
            error if isinstance(error, str) else None, _WHERE.sub("", cause) if isinstance(cause, str) else None
        )

    def take(self, step: Step) -> None:
        """Take what the interpreter did."""
        events = iter(step.events)
        for event in events:
            if self.output is None and event.type.endswith("StateExited"):
                output = event.details["output"]
                assert isinstance(output, str)
                self.output = output
                entered = [after.state for after in events if after.type.endswith("StateEntered")]
                self.next_state = StateName(entered[0]) if entered else None
        finished = next((effect for effect in step.effects if isinstance(effect, Finished)), None)
        if finished is not None and finished.failure is not None and self.output is None:
            self.fail(finished.failure.error, finished.failure.cause)


async def run(request: Request, tasks: TaskHandler, region: str, account: str) -> Course:
    """Run the state once.

    Args:
        request: The test.
        tasks: Does the task of a test without a mock.
        region: The region's name.
        account: The account's number.
    """
    name = str(uuid.uuid4())
    machine = f"TestState-{name}"
    info = ExecutionInfo(
        name,
        machine,
        ExecutionType.EXPRESS,
        region,
        account,
        request.role or "",
        arn=f"arn:aws:states:{region}:{account}:express:{machine}:{name}:{name}",
    )
    return await _Test(request, tasks, info).run()


def _timers(effects: Iterable[Effect], kind: TimerKind) -> Iterator[SetTimer]:
    return (effect for effect in effects if isinstance(effect, SetTimer) and effect.kind is kind)


class _Test:
    def __init__(self, request: Request, tasks: TaskHandler, info: ExecutionInfo) -> None:
        self._request, self._tasks, self._info = request, tasks, info
        self._course = Course()
        self._now = time.time()
        state, configuration = request.tested.state, request.configuration
        context = request.context
        if context is None:
            context = usual_context(
                request.input.value, info, request.tested, request.role, configuration.retries, self._now
            )
        data = MapData(request, context, self._course.stages)
        self._interpreter = Interpreter(
            request.tested.machine,
            info,
            source=random.SystemRandom(),
            inspection=Inspection(self._course.trace, context, fork=data.answer, items=data.items),
            entry=Entry(
                NAME,
                variables=request.variables or {},
                attempts=dict.fromkeys(range(len(state.retry)), configuration.retries),
                retries=configuration.retries,
            ),
        )

    async def run(self) -> Course:
        effects = self._handle(Started(self._request.input))
        task = next((effect for effect in effects if isinstance(effect, StartTask) and effect.state == NAME), None)
        if self._course.output is None and task is not None:
            self._handle(await self._task_ended(task, effects))
        elif isinstance(self._request.tested.state, WaitState):
            self._end_wait(effects)
        return self._course

    def _handle(self, message: Message) -> tuple[Effect, ...]:
        step = self._interpreter.handle(message, self._now)
        self._course.take(step)
        return step.effects

    def _end_wait(self, effects: Iterable[Effect]) -> None:
        """Leave a Wait without waiting, unless it would take longer than a test may."""
        timer = next(_timers(effects, TimerKind.DELAY), None)
        if timer is None:
            return
        if timer.at - self._now > TIME_LIMIT:
            self._course.fail(TIMEOUT, None)
        else:
            self._handle(TimerFired(timer.timer))

    async def _task_ended(self, task: StartTask, effects: Iterable[Effect]) -> Message:
        match self._request.mock:
            case Payload() as result:
                return TaskSucceeded(task.token, result)
            case Failure(error=error, cause=cause):
                return TaskFailed(task.token, error, cause)
            case None:
                pass
        first = min(_timers(effects, TimerKind.DEADLINE), key=lambda timer: timer.at, default=None)
        seconds = TIME_LIMIT if first is None else min(first.at - self._now, TIME_LIMIT)
        try:
            async with asyncio.timeout(seconds):
                outcome = await perform(self._tasks, self._task_request(task))
        except TimeoutError:
            if first is None or seconds == TIME_LIMIT:
                return TaskFailed(task.token, TIMEOUT, None)
            return TimerFired(first.timer)
        if outcome.output is None:
            return TaskFailed(task.token, outcome.error, outcome.cause)
        return TaskSucceeded(task.token, outcome.output)

    def _task_request(self, task: StartTask) -> TaskRequest:
        return TaskRequest(
            resource=task.resource,
            arguments=task.parameters.value,
            token=task.token,
            state=task.state,
            execution=self._info.id,
            credentials=task.credentials,
            timeout=task.timeout,
            heartbeat=task.heartbeat,
            trace=self._course.trace,
            reveal_secrets=self._request.reveal_secrets,
        )
