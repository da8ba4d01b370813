"""Executions that a run starts: parts of its own machine, and other workflows."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from millrace.engine import (
    Execution,
    ExecutionTasks,
    HistoryEvent,
    Runner,
    StateMachine,
    TaskFailure,
    TaskHandler,
    TaskRequest,
)
from millrace.local.errors import InputError
from millrace.local.program import Program
from millrace.model import Json

MAX_DEPTH: Final = 10
"""How deep workflows may start each other."""

Observe: TypeAlias = Callable[[HistoryEvent, str], None]
HandlerOf: TypeAlias = Callable[[Program, int, Observe | None], TaskHandler]


class NestedExecutions:
    """Starts what one program's `startExecution` tasks name.

    Args:
        runner: Runs the executions.
        program: The program whose tasks these are.
        depth: How many workflows have started each other to get here.
        handler_of: Gives the handler of a program's tasks at a depth.
        observe: Takes the events of the machines that do parts of the program's own work.
        loose: Takes the executions that no task waits for.
    """

    def __init__(
        self,
        runner: Runner,
        program: Program,
        depth: int,
        handler_of: HandlerOf,
        observe: Observe | None,
        loose: list[Execution],
    ) -> None:
        self._runner = runner
        self._loose = loose
        self._program = program
        self._depth = depth
        self._handler_of = handler_of
        self._observe = observe

    async def __call__(self, task: TaskRequest) -> Json:
        """Start one execution, and with .sync wait for its end."""
        arguments = task.arguments if isinstance(task.arguments, dict) else {}
        arn = str(arguments.get("StateMachineArn"))
        part = self._program.children.get(arn.rpartition(":")[2])
        if part is not None:
            return await self._start(
                part, self._handler_of(self._program, self._depth, self._observe), task, self._observe
            )
        program = self._program.subworkflows.get(arn.partition(":")[0])
        if program is None:
            raise TaskFailure(
                "StepFunctions.StateMachineDoesNotExistException", f"State Machine Does Not Exist: '{arn}'"
            )
        if self._depth >= MAX_DEPTH:
            raise TaskFailure(
                "States.Runtime",
                f"{program.name} is {MAX_DEPTH} workflows deep; make the condition under which workflows start "
                "each other end earlier",
            )
        _check(program, arguments)
        return await self._start(program.machine, self._handler_of(program, self._depth + 1, None), task, None)

    async def _start(
        self, machine: StateMachine, handler: TaskHandler, task: TaskRequest, observe: Observe | None
    ) -> Json:
        waits = ".sync" in task.resource.action
        runner = _WatchedRunner(self._runner, observe, None if waits else self._loose)
        arguments = task.arguments if isinstance(task.arguments, dict) else {}
        return await ExecutionTasks(runner, {str(arguments.get("StateMachineArn")): machine}, handler)(task)


def _check(program: Program, arguments: dict[str, Json]) -> None:
    """Check the inputs of a workflow that is to start, and fill in its defaults."""
    given = arguments.get("Input")
    inputs = given.get("inputs") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(inputs, dict):
        return
    try:
        given["inputs"] = program.check_inputs(inputs)
    except InputError as error:
        raise TaskFailure(
            "Inputs.Invalid", f"the inputs of {program.name} are not valid: {' '.join(error.faults)}"
        ) from None


class _WatchedRunner(Runner):
    """Starts executions on another runner, has their events observed, and notes those that nobody waits for."""

    def __init__(self, runner: Runner, observe: Observe | None, loose: list[Execution] | None) -> None:
        super().__init__()
        self._inner = runner
        self._observe_event = observe
        self._loose = loose

    def start(self, definition: Any, input: Json = None, **options: Any) -> Execution:  # noqa: A002 - as the runner's
        """Start an execution."""
        observe, execution = self._observe_event, None

        def on_event(event: HistoryEvent) -> None:
            if observe is not None and execution is not None:
                observe(event, execution.info.id)

        execution = self._inner.start(definition, input, **options, on_event=on_event)
        if self._loose is not None:
            self._loose.append(execution)
        return execution
