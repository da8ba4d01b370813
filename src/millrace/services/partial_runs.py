"""Partial runs, started: what is known comes from earlier runs of the workflow, from the caller, and from the draft."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, cast

from millrace.model import Json, NodeId
from millrace.services.caller import Caller
from millrace.services.outcomes import outcomes, own_outputs
from millrace.services.partial import Extent, Known, part_of
from millrace.services.programs import Programs
from millrace.services.runs import Launch, Runs, checked
from millrace.services.workflows import Workflows
from millrace.store.port import PageRequest, RunFilter, Store
from millrace.store.records import Run, RunId, RunStatus, StepStatus, WorkflowId

Reuse: TypeAlias = RunId | Literal["latest", "none"]

_PARTIAL: Final = "partial"
_LOOKED_AT: Final = 10
"""Runs in which the latest one of the whole workflow is looked for."""


@dataclass(frozen=True, slots=True)
class PartialStart:
    """Which part of a draft is to run.

    Attributes:
        reuse: The run whose outputs are used; "latest": the latest run's, those of later partial runs first; None:
            "none" for a run up to a node, else "latest".
        pins: Outputs that go before all others.
        inputs: The run's inputs; None: those of the run that is used again.
        wait_seconds: How long to wait for its end.
    """

    extent: Extent
    node: NodeId
    reuse: Reuse | None = None
    pins: Mapping[NodeId, Json] = field(default_factory=dict[NodeId, Json])
    inputs: Mapping[str, Json] | None = None
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PartialRun:
    """A partial run that was started.

    Attributes:
        nodes: The nodes that run.
        reused: The nodes whose known outputs are used.
    """

    run: Run
    nodes: tuple[NodeId, ...]
    reused: tuple[NodeId, ...]


class PartialRuns:
    """Starts runs of parts of drafts.

    Args:
        store: Where earlier runs are.
        programs: What can run.
        runs: Starts them.
    """

    def __init__(self, store: Store, programs: Programs, runs: Runs) -> None:
        self._store = store
        self._programs = programs
        self._runs = runs
        self._workflows = Workflows(store)

    def start(self, caller: Caller, workflow: WorkflowId, start: PartialStart) -> PartialRun:
        """Run a part of a workflow's draft.

        Raises:
            NotFoundError: There is no such workflow, node or run.
            InvalidDocumentError: The part does not compile.
            InvalidRequestError: Outputs that the part needs are not known, or the inputs do not fit.
        """
        found = self._workflows.get(caller, workflow)
        reuse = start.reuse or ("none" if start.extent is Extent.UP_TO else "latest")
        earlier = list(self._earlier(caller, workflow, reuse))
        known = self._known(earlier, start.pins)
        part = part_of(self._workflows.definition(found), start.extent, start.node, known)
        program = self._programs.compiled(found, part.document, part.pins)
        inputs = start.inputs
        if inputs is None:
            inputs = cast("dict[str, Json]", self._runs.get(caller, earlier[0].id).inputs) if earlier else {}
        run = self._runs.launch(
            caller,
            Launch(
                program=program,
                workflow=workflow,
                inputs=checked(program.schema, inputs),
                trigger={"type": "manual"},
                started_by={"type": _PARTIAL, "extent": start.extent.value, "node_id": start.node},
                wait_seconds=start.wait_seconds,
            ),
        )
        return PartialRun(run, part.runs, part.reused)

    def _earlier(self, caller: Caller, workflow: WorkflowId, reuse: Reuse) -> Iterator[Run]:
        """Give the runs whose outputs are used, those that go first in front."""
        if reuse == "none":
            return
        if reuse != "latest":
            yield self._runs.get(caller, reuse)
            return
        page = self._store.runs(caller.workspace, RunFilter(workflow=workflow), PageRequest(_LOOKED_AT))
        for run in page.records:
            if run.status is RunStatus.PENDING:
                continue
            yield run
            if not (isinstance(run.trigger, dict) and run.trigger.get("type") == _PARTIAL):
                return

    def _known(self, earlier: list[Run], pins: Mapping[NodeId, Json]) -> Known:
        outputs: dict[NodeId, Json] = {}
        skipped: set[NodeId] = set()
        for run in reversed(earlier):
            found = outcomes(self._store, run, most=None)
            # A null that was taken over may stand for a node that was skipped.
            taken_over = {node: output for node, output in self._programs.source(run)[1].items() if output is not None}
            completed = {**taken_over, **own_outputs(found)}
            outputs |= completed
            skipped -= completed.keys()
            skipped |= {
                node for node, outcome in found.items() if outcome.status is StepStatus.SKIPPED
            } - outputs.keys()
        return Known(outputs | dict(pins), frozenset(skipped - pins.keys()))
