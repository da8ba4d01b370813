"""The steps of a run: one for each attempt of each node that it has come to, in each iteration."""

from collections.abc import Iterator
from typing import Final

from millrace.model import Json, NodeId
from millrace.observation.activation import Activation, Attempt
from millrace.observation.cost import attempt_cost, transitions_cost
from millrace.observation.moments import moment
from millrace.observation.report import NodeError, NodeStatus
from millrace.observation.run_map import RunMap
from millrace.observation.run_state import RunState
from millrace.observation.settlement import Settlement, settle
from millrace.store.records import Run, Step, StepStatus

_STATUSES: Final = {
    NodeStatus.RUNNING: StepStatus.RUNNING,
    NodeStatus.COMPLETED: StepStatus.COMPLETED,
    NodeStatus.SKIPPED: StepStatus.SKIPPED,
    NodeStatus.FAILED: StepStatus.FAILED,
    NodeStatus.CANCELLED: StepStatus.CANCELLED,
}


def steps_of(activation: Activation, run: RunState, machine: RunMap, record: Run) -> Iterator[Step]:
    """Give the steps of an activation, in the order in which its nodes depend on each other."""
    is_root = activation is run.root
    ended = run.ended if run.is_final else None
    if activation.ended is not None:
        ended = activation.ended
    settled = settle(activation, machine, final=ended is not None, results=(run.outputs or {}) if is_root else {})
    writer = _Writer(activation, settled, machine, record, ended)
    for node, status in settled.statuses.items():
        yield from writer.steps(node, status)


class _Writer:
    def __init__(
        self, activation: Activation, settled: Settlement, machine: RunMap, record: Run, ended: int | None
    ) -> None:
        self._activation = activation
        self._settled = settled
        self._machine = machine
        self._record = record
        self._ended = ended

    def steps(self, node: NodeId, status: NodeStatus) -> Iterator[Step]:
        attempts = self._activation.attempts.get(node)
        if attempts:
            for number, attempt in enumerate(attempts[:-1], 1):
                yield self._earlier(node, number, attempt)
            yield self._last(node, status, len(attempts), attempts[-1])
        elif status is not NodeStatus.PENDING:
            yield self._computed(node, status)

    def _earlier(self, node: NodeId, number: int, attempt: Attempt) -> Step:
        """Give an attempt that was followed by another."""
        status = StepStatus.CANCELLED if attempt.cancelled else StepStatus.FAILED
        return self._step(node, number, attempt, status, attempt.ended, error=attempt.error)

    def _last(self, node: NodeId, status: NodeStatus, number: int, attempt: Attempt) -> Step:
        known = _STATUSES.get(status)
        if known is None:
            # It is to be tried again, or was given up before it came to its end.
            known = StepStatus.CANCELLED if attempt.cancelled else StepStatus.FAILED
        if known is StepStatus.RUNNING and attempt.waits:
            known = StepStatus.WAITING
        is_open = known in (StepStatus.RUNNING, StepStatus.WAITING)
        ended = None if is_open else attempt.ended if attempt.ended is not None else self._ended
        error = self._activation.failures.get(node, attempt.error) if known is StepStatus.FAILED else None
        return self._step(node, number, attempt, known, ended, error=error, output=self._settled.outputs.get(node))

    def _step(
        self,
        node: NodeId,
        number: int,
        attempt: Attempt,
        status: StepStatus,
        ended: int | None,
        *,
        error: NodeError | None,
        output: Json = None,
    ) -> Step:
        mapped = self._machine.nodes[node]
        return Step(
            run=self._record.id,
            node=node,
            workspace=self._record.workspace,
            status=status,
            path=self._activation.path,
            attempt=number,
            started=moment(attempt.started),
            completed=None if ended is None else moment(ended),
            input=self._settled.inputs.get(node),
            output=output,
            error=None if error is None else error.to_json(),
            console=attempt.console,
            transitions=attempt.transitions,
            cost=attempt_cost(attempt, mapped, self._machine),
        )

    def _computed(self, node: NodeId, status: NodeStatus) -> Step:
        """Give the step of a node that has no state of its own."""
        started, ended = self._settled.moments[node]
        transitions = self._activation.transitions.get(node, 0)
        error = self._activation.failures.get(node)
        return Step(
            run=self._record.id,
            node=node,
            workspace=self._record.workspace,
            status=_STATUSES[status],
            path=self._activation.path,
            started=None if status is NodeStatus.SKIPPED else moment(started),
            completed=moment(ended),
            input=self._settled.inputs.get(node),
            output=self._settled.outputs.get(node),
            error=None if error is None else error.to_json(),
            transitions=transitions,
            cost=transitions_cost(transitions, self._machine),
        )
