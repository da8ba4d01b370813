"""Recording a run: what its events change in what is kept of it, and what subscribers are told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import cast

from millrace.model import Json, NodeId
from millrace.observation.activation import Activation
from millrace.observation.cost import run_cost
from millrace.observation.lines import run_line, step_lines
from millrace.observation.live import Message, progress, run_message, step_messages
from millrace.observation.log_event import LogEvent, json_of
from millrace.observation.moments import moment
from millrace.observation.report import RunError
from millrace.observation.run_map import RunMap
from millrace.observation.run_observer import RunObserver
from millrace.observation.steps import steps_of
from millrace.store.records import LogLine, Run, RunStatus, Step, StepStatus

_ENDED = (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED)
_AT_WORK = (StepStatus.RUNNING, StepStatus.WAITING)

_StepKey = tuple[str, NodeId, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new of a run.

    Attributes:
        run: The run's record as it is now.
        steps: Steps that are new or have changed.
        lines: Log lines that are new.
        messages: What subscribers are told, in order.
    """

    run: Run
    steps: tuple[Step, ...] = ()
    lines: tuple[LogLine, ...] = ()
    messages: tuple[Message, ...] = ()


class RunRecorder:
    """Takes the events of a run and says what is to be written of it.

    Args:
        run: The run's record.
        machine: What the states stand for.
    """

    def __init__(self, run: Run, machine: RunMap) -> None:
        self.observer = RunObserver(machine, run.id)
        self._machine = machine
        self._known: dict[_StepKey, tuple[Step, bool]] = {}
        self._phases = 0

    @property
    def taken(self) -> int:
        """How many events have been taken in without a gap."""
        return self.observer.taken

    @property
    def is_complete(self) -> bool:
        """Whether the run has completed, so that nothing more can come."""
        return self.observer.run.status is RunStatus.COMPLETED

    @property
    def has_changes(self) -> bool:
        """Whether something is known that `changes` has not given yet."""
        return bool(self.observer.run.touched)

    def knows(self, event: LogEvent) -> bool:
        """Whether an event has come before."""
        return self.observer.knows(event)

    def observe(self, events: Iterable[LogEvent]) -> None:
        """Take events, in any order."""
        self.observer.observe(events)

    def changes(self, run: Run) -> Changes:
        """Give what has changed since this was last asked, or all there is when it never was.

        Args:
            run: The run's record as it is kept.
        """
        state = self.observer.run
        record = self._written(run)
        steps: list[Step] = []
        lines: list[LogLine] = []
        messages: list[Message] = []
        for activation in state.touched:
            for step in steps_of(activation, state, self._machine, record):
                attempts = activation.attempts.get(step.node, ())
                is_last = step.attempt >= len(attempts)
                key = (step.path, step.node, step.attempt)
                known = self._known.get(key)
                if known == (step, is_last):
                    continue
                self._known[key] = (step, is_last)
                attempt = attempts[step.attempt - 1] if attempts else None
                lines += step_lines(step, self._machine, is_last=is_last, attempt=attempt)
                if known is None or known[0] != step:
                    steps.append(step)
                    before = None if known is None else known[0]
                    messages += step_messages(step, before, self._machine, _request(activation, step))
        state.touched.clear()
        messages.sort(key=lambda message: str(message["timestamp"]))
        self._tell_run(record, lines, messages)
        return Changes(record, tuple(steps), tuple(lines), tuple(messages))

    def _written(self, run: Run) -> Run:
        state = self.observer.run
        status = RunStatus.WAITING if state.is_waiting else state.status
        return replace(
            run,
            status=run.status if state.started is None else status,
            execution=self.observer.execution or run.execution,
            outputs=cast("Json", state.outputs),
            error=self._error(),
            completed=moment(state.ended) if state.ended is not None and status is not RunStatus.PAUSED else None,
            cost=run_cost(state, self._machine),
            transitions=state.transitions,
            events=self.taken,
            redrives=state.redrives,
        )

    def _error(self) -> Json:
        run = self.observer.run
        return None if run.status is RunStatus.PAUSED else self._shown(run.error)

    def _shown(self, error: RunError | None) -> Json:
        if error is None:
            return None
        node = self._machine.nodes.get(error.node) if error.node is not None else None
        label = node.label if node is not None else None
        return {"node_id": error.node, "label": label, **error.error.to_json(), "state": error.state}

    def _tell_run(self, record: Run, lines: list[LogLine], messages: list[Message]) -> None:
        """Tell of the run as a whole, before and behind what is told of its steps."""
        phases = self.observer.run.phases
        for number, phase in enumerate(phases[self._phases :], self._phases):
            at = moment(phase.at)
            is_last = number == len(phases) - 1
            ends = phase.status is not RunStatus.RUNNING
            then = replace(
                record,
                status=phase.status,
                error=None if phase.status is RunStatus.PAUSED else self._shown(phase.error),
                outputs=record.outputs if is_last else None,
                completed=at if ends else None,
            )
            lines.append(run_line(then, at, resumed=number > 0))
            messages.insert(len(messages) if ends and is_last else 0, run_message(then, at, resumed=number > 0))
        if messages and record.status in (RunStatus.RUNNING, RunStatus.WAITING):
            messages.append(self._progress(record, str(messages[-1]["timestamp"])))
        self._phases = len(phases)

    def _progress(self, record: Run, at: str) -> Message:
        top = {step.node: step.status for step, _ in self._known.values() if not step.path}
        total = len(self._machine.regions[None].order)
        ended = sum(status in _ENDED for status in top.values())
        return progress(record, ended, total, [node for node, status in top.items() if status in _AT_WORK], at)


def _request(activation: Activation, step: Step) -> Json:
    """Give what a person is asked: the part of the task's arguments that the form needs, never the token."""
    attempts = activation.attempts.get(step.node, ())
    if step.status is not StepStatus.WAITING or not attempts:
        return None
    given = json_of(attempts[-1].waits)
    payload = given.get("Payload") if isinstance(given, dict) else None
    if not isinstance(payload, dict):
        return None
    config = payload.get("config")
    asked: dict[str, Json] = config if isinstance(config, dict) else {}
    return {
        "type": payload.get("type"),
        **{name: asked[name] for name in ("title", "message", "schema", "options", "assignees") if name in asked},
    }
