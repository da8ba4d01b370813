"""Nested executions: `states:startExecution` within this process.

Source: AWS Step Functions Developer Guide, "Start a new AWS Step Functions execution".
"""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping

from millrace.engine.clock import Clock
from millrace.engine.definition import StateMachine
from millrace.engine.errors import TASK_FAILED, TaskFailure
from millrace.engine.messages import Status
from millrace.engine.payload import text_of
from millrace.engine.runner import Execution, Result, Runner
from millrace.engine.tasks import TaskHandler, TaskRequest
from millrace.model.json import Json

_ERRORS = "StepFunctions"


class ExecutionTasks:
    """Starts executions of other state machines.

    Args:
        runner: Runs them; tokens of their tasks are known to it.
        machines: The state machines, by name or ARN.
        tasks: Does their tasks; None until `tasks` is set, for a handler that leads back here.
    """

    def __init__(
        self,
        runner: Runner,
        machines: Mapping[str, StateMachine],
        tasks: TaskHandler | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.tasks = tasks
        self._runner = runner
        self._machines = machines
        self._clock = clock
        self._loose: set[asyncio.Task[Result]] = set()

    async def __call__(self, task: TaskRequest) -> Json:
        """Start one execution, and with .sync wait for its end."""
        arguments = task.arguments if isinstance(task.arguments, dict) else {}
        arn = arguments.get("StateMachineArn")
        machine = self._machine(arn)
        name = arguments.get("Name") or str(uuid.uuid4())
        given = arguments.get("Input", {})
        if self.tasks is None:
            raise TaskFailure("States.Runtime", "expected `tasks` to be set before an execution starts another")
        started = int(self._clock() * 1000)
        execution = self._runner.start(
            machine, given, tasks=self.tasks, name=str(name), machine=_machine_name(str(arn)), clock=self._clock
        )
        answer: Json = {"ExecutionArn": execution.info.id, "StartDate": started}
        if ".sync" not in task.resource.action:
            self._let_go(execution)
            return answer
        task.submit(answer)
        result = await execution.result()
        as_text = not task.resource.action.endswith(":2")
        described = self._describe(execution, result, given, started, as_text=as_text)
        if result.status is not Status.SUCCEEDED:
            raise TaskFailure(TASK_FAILED, json.dumps(described, separators=(",", ":"), ensure_ascii=False))
        return described

    def _machine(self, arn: Json) -> StateMachine:
        machine = None
        if isinstance(arn, str):
            machine = self._machines.get(arn) or self._machines.get(_machine_name(arn))
        if machine is None:
            raise TaskFailure(f"{_ERRORS}.StateMachineDoesNotExistException", f"State Machine Does Not Exist: '{arn}'")
        return machine

    def _let_go(self, execution: Execution) -> None:
        """Keep an execution that nobody waits for from being collected."""
        waiting = asyncio.ensure_future(execution.result())
        self._loose.add(waiting)
        waiting.add_done_callback(self._loose.discard)

    def _describe(
        self, execution: Execution, result: Result, given: Json, started: int, *, as_text: bool
    ) -> dict[str, Json]:
        """Describe an execution that ended, as DescribeExecution does; .sync:2 gives input and output as JSON."""
        described: dict[str, Json] = {
            "ExecutionArn": execution.info.id,
            "Input": text_of(given) if as_text else given,
            "InputDetails": {"Included": True},
            "Name": execution.info.name,
            "StartDate": started,
            "StateMachineArn": execution.info.machine_arn,
            "Status": result.status.value,
            "StopDate": int(self._clock() * 1000),
        }
        if result.status is Status.SUCCEEDED:
            described["Output"] = text_of(result.output) if as_text else result.output
            described["OutputDetails"] = {"Included": True}
        if result.error is not None:
            described["Error"] = result.error
        if result.cause is not None:
            described["Cause"] = result.cause
        return described


def _machine_name(arn: str) -> str:
    """Take the state machine's name out of its ARN; versions and aliases are ignored."""
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else arn
