"""How each node of a run fared, from the steps that are kept of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from millrace.model import Json, NodeId
from millrace.store.port import PageRequest, Store
from millrace.store.records import Run, Step, StepStatus

STEPS_READ: Final = 2_000
"""Steps that a summary looks at; of a larger run it counts the first items of loops only."""

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a node of a run stands.

    Attributes:
        step: Its latest attempt; of a node in a loop, of the last item.
        items: For a node in a loop, how many items are in which status.
    """

    step: Step
    items: Mapping[StepStatus, int] = field(default_factory=dict[StepStatus, int])

    @property
    def status(self) -> StepStatus:
        """The status of its latest attempt; of a node in a loop, the one that asks most for attention."""
        for status in (StepStatus.RUNNING, StepStatus.WAITING, StepStatus.FAILED, StepStatus.CANCELLED):
            if status in self.items:
                return status
        return self.step.status

    def to_json(self) -> dict[str, Json]:
        """Give it as a run's `current_state` shows it."""
        step = self.step
        shown: dict[str, Json] = {
            "status": self.status.value,
            "attempt": step.attempt,
            "started_at": step.started,
            "completed_at": step.completed,
        }
        if step.error is not None:
            shown["error"] = step.error
        if self.items:
            shown["items"] = {status.value: count for status, count in self.items.items()}
        return shown


def outcomes(store: Store, run: Run, *, most: int | None = STEPS_READ) -> dict[NodeId, Outcome]:
    """Give how each node stands that the run has come to."""
    latest: dict[tuple[NodeId, str], Step] = {}
    for step in _steps(store, run, most):
        known = latest.get((step.node, step.path))
        if known is None or known.attempt <= step.attempt:
            latest[step.node, step.path] = step
    return _by_node(latest.values())


def own_outputs(found: Mapping[NodeId, Outcome]) -> dict[NodeId, Json]:
    """Give the outputs of the nodes outside of loops that have completed."""
    return {
        node: outcome.step.output
        for node, outcome in found.items()
        if not outcome.step.path and outcome.step.status is StepStatus.COMPLETED
    }


def _steps(store: Store, run: Run, most: int | None) -> Iterator[Step]:
    page = PageRequest(_PAGE)
    count = 0
    while True:
        found = store.steps(run.workspace, run.id, page)
        yield from found.records
        count += len(found.records)
        if found.cursor is None or (most is not None and count >= most):
            return
        page = PageRequest(_PAGE, found.cursor)


def _by_node(steps: Iterable[Step]) -> dict[NodeId, Outcome]:
    found: dict[NodeId, Outcome] = {}
    for step in sorted(steps, key=lambda step: (step.started or "", step.path)):
        before = found.get(step.node)
        if not step.path:
            found[step.node] = Outcome(step)
            continue
        items = dict(before.items) if before is not None else {}
        items[step.status] = items.get(step.status, 0) + 1
        found[step.node] = replace(before, step=step, items=items) if before is not None else Outcome(step, items)
    return found
