"""The world around the engine: it answers task tokens, works on activities, stops and redrives executions."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson

from tests.stepfunctions.soak.client import CallError
from tests.stepfunctions.soak.expectation import Plan
from tests.stepfunctions.soak.line import Line
from tests.stepfunctions.soak.task_scenarios import ACTIVITY_ARN, REFUSAL

_WORKERS: Final = 3
_LOOK_SECONDS: Final = 0.02
# What an answer gets when an earlier one, whose acknowledgement was lost, had been taken.
_ANSWERED: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class Outside:
    """Everyone who acts on executions.

    Args:
        line: Leads to the engine.
        calls: The file of function calls.
        random: Draws how long they take.
    """

    def __init__(self, line: Line, calls: Path, random: Random) -> None:
        self._line = line
        self._calls = calls
        self._random = random
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    @asynccontextmanager
    async def acting(self) -> AsyncGenerator[None, None]:
        """Let them act in the background, once they have begun.

        Raises:
            CallError: The engine refused what one of them wanted.
        """
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failures:
            raise self._failures[0]

    def begin(self) -> None:
        """Look for task tokens and for the activity's tasks; the activity must be there."""
        self._spawn(self._answer_tokens())
        for number in range(_WORKERS):
            self._spawn(self._work(f"worker {number}"))

    def knows(self, plan: Plan, execution: str) -> None:
        """Tell them of an execution that is there."""
        if plan.scenario == "stopped":
            self._spawn(self._stop(execution, plan.input["cause"]))
        if plan.scenario == "redriven":
            self._spawn(self._redrive(execution))

    def _spawn(self, action: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(action)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failures.append(error)

    async def _answer_tokens(self) -> None:
        read, answered = 0, set[str]()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._calls.exists():
                continue
            with self._calls.open("rb") as calls:
                calls.seek(read)
                lines = calls.read()
            lines = lines[: lines.rfind(b"\n") + 1]
            read += len(lines)
            for call in map(orjson.loads, lines.splitlines()):
                if call["function"] == "ask" and call["token"] not in answered:
                    answered.add(call["token"])
                    self._spawn(self._answer(call))

    async def _answer(self, call: dict[str, Any]) -> None:
        await asyncio.sleep(self._random.uniform(0, 0.5))
        token, value = call["token"], call["value"]
        try:
            if call["refuse"]:
                await self._line.call("SendTaskFailure", taskToken=token, error=REFUSAL, cause=f"no to {value}")
            else:
                await self._line.call("SendTaskSuccess", taskToken=token, output=f'{{"doubled": {value * 2}}}')
        except CallError as error:
            if error.code not in _ANSWERED:
                raise

    async def _work(self, name: str) -> None:
        while True:
            task = await self._line.call("GetActivityTask", activityArn=ACTIVITY_ARN, workerName=name)
            if not task.get("taskToken"):
                continue
            worked = {"worked": orjson.loads(task["input"])["value"] + 1}
            await asyncio.sleep(self._random.uniform(0, 0.1))
            try:
                await self._line.call(
                    "SendTaskSuccess", taskToken=task["taskToken"], output=orjson.dumps(worked).decode()
                )
            except CallError as error:
                if error.code not in _ANSWERED:
                    raise

    async def _stop(self, execution: str, cause: str) -> None:
        await asyncio.sleep(self._random.uniform(0, 1))
        await self._line.call("StopExecution", executionArn=execution, error="Stopped", cause=cause)

    async def _redrive(self, execution: str) -> None:
        status = "RUNNING"
        while status == "RUNNING":
            await asyncio.sleep(_LOOK_SECONDS)
            status = (await self._line.call("DescribeExecution", executionArn=execution))["status"]
        try:
            await self._line.call("RedriveExecution", executionArn=execution, clientToken=execution[-60:])
        except CallError as error:
            # An earlier call, whose answer was lost, had redriven it; it may have succeeded since.
            if error.code != "ExecutionNotRedrivable":
                raise
