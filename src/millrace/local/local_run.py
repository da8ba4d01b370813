"""A run of a program in this process."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from millrace.catalogue import LAMBDA_INVOKE, Function
from millrace.catalogue.subworkflow import START_EXECUTION
from millrace.compiler import CompileContext
from millrace.engine import Execution, ExecutionType, FunctionTasks, HistoryEvent, Runner, TaskHandler, TaskRoutes
from millrace.local.function_host import FunctionHost, own_function
from millrace.local.nested import NestedExecutions, Observe
from millrace.local.people import Ask, People
from millrace.local.program import Program
from millrace.model import Json
from millrace.observation import LogEvent, RunObserver, RunReport
from millrace.observation.mapping import map_of

_THREADS: Final = 41
"""Functions at the same time: as many as an inline Map runs iterations (Step Functions quotas), and one person."""


class LocalRun:
    """Runs a program once, on an engine in this process.

    Args:
        program: What runs.
        fast: Waits and the delays of retries take no time.
        answers: What people answer, by node.
        ask: Asks a person for an answer that is not among these; None where nobody can be asked.
    """

    def __init__(
        self,
        program: Program,
        *,
        fast: bool = False,
        answers: Mapping[str, Json] | None = None,
        ask: Ask | None = None,
    ) -> None:
        self.observer = RunObserver(map_of(program.compilation))
        self._program = program
        self._fast = fast
        self._answers = answers or {}
        self._ask = ask

    async def run(self, inputs: Mapping[str, Json]) -> RunReport:
        """Run to the end, and that of the workflows which it started without waiting for them.

        Args:
            inputs: The run's inputs, checked and filled in (`Program.check_inputs`).

        Raises:
            PayloadError: The inputs are larger than an execution's input may be.
        """
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="millrace")
        try:
            return await self._run(inputs, threads)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, inputs: Mapping[str, Json], threads: ThreadPoolExecutor) -> RunReport:
        runner = Runner(fast=self._fast)
        context = CompileContext()
        host = FunctionHost(
            {context.function_name(function.value): own_function(function.value) for function in Function}, threads
        )
        loose: list[Execution] = []
        people = People(runner, self._answers, self._ask, threads)

        def handler_of(program: Program, depth: int, observe: Observe | None) -> TaskHandler:
            return TaskRoutes(
                {
                    f"{LAMBDA_INVOKE}.waitForTaskToken": people,
                    LAMBDA_INVOKE: FunctionTasks(host.functions),
                    START_EXECUTION: NestedExecutions(runner, program, depth, handler_of, observe, loose),
                }
            )

        program = self._program
        await runner.run(
            program.machine,
            {"inputs": dict(inputs), "trigger": {"type": "manual"}},
            tasks=handler_of(program, 0, self._observe),
            machine=program.workflow_id,
            kind=ExecutionType(program.compilation.type),
            on_event=self._observe,
        )
        while loose:
            await loose.pop().result()
        return self.observer.report()

    def _observe(self, event: HistoryEvent, execution: str = "") -> None:
        self.observer.observe((log_event(event, execution),))


def log_event(event: HistoryEvent, execution: str = "") -> LogEvent:
    """Give an event as the execution's log has it.

    Args:
        event: The event.
        execution: ARN of the execution; empty for the run's own.
    """
    return LogEvent(event.id, event.previous, event.type, event.details, round(event.timestamp * 1000), execution)
