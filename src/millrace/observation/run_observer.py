"""Following a run by the log events of its executions.

The run map says what the states stand for. Nothing else is needed: a run can be followed while it goes on, or
afterwards, and what comes of it depends neither on the order in which events come, nor on how often each does.
"""

from collections.abc import Iterable
from typing import Final

from millrace.model import NodeId
from millrace.observation.activation import Activation
from millrace.observation.execution import Execution, Fold
from millrace.observation.failures import UNKNOWN, error_of
from millrace.observation.log_event import LogEvent, json_of
from millrace.observation.report import NodeError, NodeReport, RunError, RunReport
from millrace.observation.run_map import RunMap
from millrace.observation.run_state import Phase, RunState
from millrace.observation.settlement import settle
from millrace.observation.tally import Tally
from millrace.store.records import RunStatus

PAUSED: Final = "Paused"
"""The cause with which StopExecution pauses a run; any other cancels it."""


class RunObserver:
    """Takes the events of a run and says at any moment how the run and its nodes stand.

    Args:
        machine: What the states stand for.
        name: The name of the run's own execution.
    """

    def __init__(self, machine: RunMap, name: str = "") -> None:
        self.machine = machine
        self.run = RunState()
        self._fold = Fold(machine, self.run, name)

    @property
    def execution(self) -> str | None:
        """The ARN of the run's own execution; None before its first event."""
        return None if self._fold.own is None else self._fold.own.arn

    @property
    def taken(self) -> int:
        """How many events have been taken in without a gap, over all executions."""
        return sum(execution.next - 1 for execution in self._fold.executions.values())

    def knows(self, event: LogEvent) -> bool:
        """Whether an event has come before, in its turn or not."""
        execution = self._fold.executions.get(event.execution)
        return execution is not None and (event.id < execution.next or event.id in execution.held)

    def observe(self, events: Iterable[LogEvent]) -> None:
        """Take events, in any order; those that others must come before are held."""
        executions = self._fold.executions
        for event in events:
            execution = self._fold.execution(event.execution)
            if event.id >= execution.next:
                execution.held[event.id] = event
        # What one execution's events tell may be what another's are waiting for.
        advanced = True
        while advanced:
            advanced = any([self._advance(execution) for execution in [*executions.values()]])  # noqa: C419 - all of them

    def report(self) -> RunReport:
        """Say how the run and its nodes stand."""
        run, machine = self.run, self.machine
        settled = settle(run.root, machine, final=run.is_final, results=run.outputs or {})
        reports = {
            node: NodeReport(
                status, settled.outputs.get(node), run.root.failures.get(node), console=run.root.console(node)
            )
            for node, status in settled.statuses.items()
        }
        tallies: dict[NodeId, Tally] = {}
        for activation in run.closed:
            self._count(activation, tallies, final=True)
        for activation in run.open:
            self._count(activation, tallies, final=run.is_final)
        for node in sorted(machine.nodes, key=lambda node: sum(1 for _ in machine.enclosing(node))):
            if node not in reports:
                around = [reports[container].status for container in machine.enclosing(node)]
                reports[node] = tallies.get(node, Tally()).report(around)
        return RunReport(run.status, run.outputs, run.error, {node: reports[node] for node in machine.nodes})

    def _count(self, activation: Activation, tallies: dict[NodeId, Tally], *, final: bool) -> None:
        settled = settle(activation, self.machine, final=final, results={})
        for node, status in settled.statuses.items():
            failure, console = activation.failures.get(node), activation.console(node)
            tallies.setdefault(node, Tally()).add(status, settled.outputs.get(node), failure, console)

    def _advance(self, execution: Execution) -> bool:
        """Take the events of an execution that are due; tell whether there were any."""
        first = execution.next
        while execution.activation is not None and execution.next in execution.held:
            event = execution.held[execution.next]
            if self._fold.must_wait(event, execution):
                break
            del execution.held[execution.next]
            execution.next += 1
            self._fold.take(event, execution)
            if execution is self._fold.own and event.type.startswith("Execution"):
                self._take_own(event, execution)
        return execution.next > first

    def _take_own(self, event: LogEvent, execution: Execution) -> None:
        """Take an event of the run's own execution as a whole."""
        run = self.run
        match event.type:
            case "ExecutionStarted":
                given = json_of(event.details.get("input"))
                run.root.given = given.get("inputs") if isinstance(given, dict) else given
                run.started = run.root.started = event.time
                run.phases.append(Phase(RunStatus.RUNNING, event.time))
                run.touch(run.root)
            case "ExecutionRedriven":
                run.status, run.outputs, run.error, run.ended = RunStatus.RUNNING, None, None, None
                run.redrives += 1
                run.phases.append(Phase(RunStatus.RUNNING, event.time))
            case "ExecutionSucceeded":
                output = json_of(event.details.get("output"))
                run.status = RunStatus.COMPLETED
                run.outputs = output if isinstance(output, dict) else {}
                self._end(event)
            case _:
                self._fail(event, execution)
                self._end(event)

    def _end(self, event: LogEvent) -> None:
        run = self.run
        run.ended = event.time
        run.phases.append(Phase(run.status, event.time, run.error))
        for activation in (run.root, *run.open):
            run.touch(activation)

    def _fail(self, event: LogEvent, execution: Execution) -> None:
        """Take the end of a run that did not complete."""
        run = self.run
        error = error_of(event.details)
        if event.type == "ExecutionAborted":
            run.status = RunStatus.PAUSED if event.details.get("cause") == PAUSED else RunStatus.CANCELLED
        else:
            run.status = RunStatus.FAILED
        if event.type != "ExecutionFailed":
            reason = (
                f"the run took longer than {self.machine.timeout_seconds} seconds"
                if event.type == "ExecutionTimedOut"
                else error.message
            )
            run.error = RunError(None, NodeError(error.type or "States.Timeout", reason))
            return
        failure = execution.failure
        if failure is None:
            run.error = RunError(None, error)
            return
        if failure.error == UNKNOWN:
            run.name_error(error)
        run.error = RunError(failure.node, error if failure.error == UNKNOWN else failure.error, failure.state)
