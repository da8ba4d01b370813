"""One test's course: the state runs on the interpreter's own parts, with a mock in the place of its work."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from millrace.engine import flow_states, task_states, transitions
from millrace.engine.context import ExecutionInfo, MapItem
from millrace.engine.core import Core, Outcome
from millrace.engine.definition import (
    ChoiceState,
    ExecutionType,
    FailState,
    MapState,
    ParallelState,
    PassState,
    SucceedState,
    TaskState,
    WaitState,
)
from millrace.engine.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, TIMEOUT, Failure
from millrace.engine.frames import ROOT, ExecutionState, Frame, Phase, Purpose
from millrace.engine.messages import StartTask
from millrace.engine.payload import Payload
from millrace.engine.tasks import TaskHandler, TaskRequest, perform
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.request import Request
from millrace.stepfunctions.testing.tested_state import NAME

# Seconds that a test may take.
TIME_LIMIT: Final = 300.0


@dataclass(slots=True)
class Course:
    """What came of a test.

    Attributes:
        stages: The stages of the state's data flow, as inspectionData names them.
        failure: The error that the state's work ended with; also one that is caught or retried.
        frame: Where the state's scope stands now.
        ended: How the scope ended, when the state was its last or failed it.
    """

    frame: Frame
    stages: dict[str, Json] = field(default_factory=dict[str, Json])
    failure: Failure | None = None
    ended: Outcome | None = None

    def trace(self, stage: str, value: Json) -> None:
        """Take a stage of the data flow."""
        earlier = self.stages.get(stage)
        if isinstance(earlier, dict) and isinstance(value, dict) and stage == "errorDetails":
            # A retrier that is used up, then a catcher.
            value = {**earlier, **value}
        self.stages[stage] = value


class _Core(Core):
    """The core as TestState shows it: errors name no event, and the context object may be the caller's."""

    request: Request

    def _context(self, frame: Frame, item: MapItem | None, token: str | None) -> Json:
        if self.request.context is not None:
            return dict(self.request.context)
        context = super()._context(frame, item, token)
        assert isinstance(context, dict)
        execution = context["Execution"]
        assert isinstance(execution, dict)
        shown = {**execution, "Id": express_arn(self.info), "RoleArn": self.request.role}
        shown.pop("RedriveCount", None)
        return {**context, "Execution": shown}

    @staticmethod
    def _where(frame: Frame) -> str:
        del frame
        return ""


def express_arn(info: ExecutionInfo) -> str:
    """Give the ARN of the Express execution that a test is to its state."""
    machine = info.machine
    return f"arn:aws:states:{info.region}:{info.account}:express:{machine}:{info.name}:{info.name}"


async def run(request: Request, tasks: TaskHandler, region: str, account: str) -> Course:
    """Run the state once.

    Args:
        request: The test.
        tasks: Does the task of a test without a mock.
        region: The region's name.
        account: The account's number.
    """
    name = str(uuid.uuid4())
    info = ExecutionInfo(
        name, f"TestState-{name}", ExecutionType.EXPRESS, region=region, account=account, role=request.role or ""
    )
    return await _Test(request, tasks, info).run()


class _Test:
    def __init__(self, request: Request, tasks: TaskHandler, info: ExecutionInfo) -> None:
        self._request = request
        self._tasks = tasks
        state = request.tested.state
        configuration = request.configuration
        self._frame = Frame(ROOT, None, 0, NAME, request.input, previous=0)
        self._frame.variables = dict(request.variables or {})
        self._frame.attempts = dict.fromkeys(range(len(state.retry)), configuration.retries)
        self._frame.retries = configuration.retries
        self._course = Course(self._frame)
        now = time.time()
        execution = ExecutionState(input=request.input, started=now, frames={ROOT: self._frame})
        self._core = _Core(request.tested.machine, info, random.SystemRandom(), execution, self._course.trace)
        self._core.request = request
        self._core.now = self._frame.entered_at = now
        self._frame.phase = Phase.ATTEMPT

    async def run(self) -> Course:
        core, frame = self._core, self._frame
        self._guarded(self._work)
        if frame.phase is Phase.TASK:
            await self._finish_task()
        elif frame.phase is Phase.WAIT:
            self._finish_wait()
        if core.ended:
            _, self._course.ended = core.ended[-1]
            if isinstance(self._course.ended, Failure):
                self._course.failure = self._course.ended
        return self._course

    def _work(self) -> None:
        core, frame = self._core, self._frame
        match self._request.tested.state:
            case PassState() | SucceedState() as state:
                flow_states.run_pass(core, frame, state)
            case FailState() as state:
                flow_states.run_fail(core, frame, state)
            case ChoiceState() as state:
                flow_states.run_choice(core, frame, state)
            case WaitState() as state:
                flow_states.run_wait(core, frame, state)
            case TaskState() as state:
                task_states.run_task(core, frame, state)
            case ParallelState() as state:
                scope = core.scope(frame)
                state.flow.arguments(scope, state.flow.enter(scope, frame.input), frame.state)
                self._finish_fork()
            case MapState() as state:
                self._run_map(state)

    def _run_map(self, state: MapState) -> None:
        core, frame = self._core, self._frame
        scope = core.scope(frame)
        entered = state.flow.enter(scope, frame.input)
        items = state.items.items(scope, entered)
        iterations = len(items)
        concurrency = state.concurrency.number(scope) if state.concurrency else 0
        core.tell("maxConcurrency", int(concurrency))
        count = state.tolerated_count.number(scope) if state.tolerated_count else None
        if count is not None:
            core.tell("toleratedFailureCount", int(count))
        percentage = state.tolerated_percentage.number(scope) if state.tolerated_percentage else None
        if percentage is not None:
            core.tell("toleratedFailurePercentage", float(percentage))
        failed = self._request.configuration.failed_iterations or 0
        if failed > iterations:
            raise ApiError(
                "ValidationException",
                "Map iteration failure count must be less than or equal to the number of Map iterations",
            )
        if (count is not None and failed > count) or (
            percentage is not None and failed * 100 > percentage * iterations
        ):
            self._finish_fork(
                Failure(EXCEED_TOLERATED_FAILURE_THRESHOLD, "The specified tolerated failure threshold was exceeded")
            )
        else:
            self._finish_fork()

    def _finish_fork(self, failure: Failure | None = None) -> None:
        """Leave a Map or Parallel with the mock; a mocked error comes before a failure of its own."""
        core, frame, mock = self._core, self._frame, self._request.mock
        if isinstance(mock, Failure):
            failure = mock
        if failure is not None:
            self._fail(failure)
        else:
            assert isinstance(mock, Payload)
            transitions.complete(core, frame, mock, core.scope(frame, result=mock.value))

    def _finish_wait(self) -> None:
        """Leave a Wait without waiting, unless it would take longer than a test may."""
        core, frame = self._core, self._frame
        assert frame.timer is not None
        due = core.state.timers[frame.timer].at
        if due - core.now > TIME_LIMIT:
            self._fail(Failure(TIMEOUT, None))
        else:
            self._guarded(lambda: flow_states.end_wait(core, frame))

    async def _finish_task(self) -> None:
        core, frame, outcome = self._core, self._frame, self._request.mock
        start = next(effect for effect in core.effects if isinstance(effect, StartTask))
        if outcome is None:
            try:
                async with asyncio.timeout(min(start.timeout or TIME_LIMIT, TIME_LIMIT)):
                    outcome = await self._call(start)
            except TimeoutError:
                self._course.failure = Failure(TIMEOUT, None)
                self._guarded(lambda: task_states.on_timed_out(core, frame, Purpose.TIMEOUT))
                return
        if isinstance(outcome, Failure):
            failure = self._course.failure = outcome
            self._guarded(lambda: task_states.on_failed(core, frame, failure))
            return
        result = outcome
        self._course.trace("result", result.value)
        self._guarded(lambda: task_states.on_succeeded(core, frame, result))

    async def _call(self, start: StartTask) -> Payload | Failure:
        request = TaskRequest(
            resource=start.resource,
            arguments=start.parameters.value,
            token=start.token,
            state=start.state,
            execution=express_arn(self._core.info),
            credentials=start.credentials,
            timeout=start.timeout,
            heartbeat=start.heartbeat,
        )
        outcome = await perform(self._tasks, request)
        return Failure(outcome.error, outcome.cause) if outcome.output is None else outcome.output

    def _fail(self, failure: Failure) -> None:
        self._course.failure = failure
        transitions.fail(self._core, self._frame, failure)

    def _guarded(self, action: Callable[[], None]) -> None:
        self._core.guard(self._frame, action, self._fail)
