"""Runs that other runs have started: Step Functions starts them by itself, and nobody has written their records."""

from collections.abc import Sequence
from typing import Final

from millrace.model import Json
from millrace.observation import LogEvent, execution_name, machine_name
from millrace.observation.log_event import json_of
from millrace.observation.moments import moment
from millrace.store.errors import RecordExistsError
from millrace.store.port import Store
from millrace.store.records import Run, RunId, RunStatus, WorkflowId

_EXPRESS: Final = "-express"


class Subworkflows:
    """Writes the records of runs that subworkflow nodes have started.

    Args:
        store: Where runs are kept.
        stage: Names the state machines.
    """

    def __init__(self, store: Store, stage: str) -> None:
        self._store = store
        self._prefix = f"millrace-{stage}-"

    def adopt(self, run_id: RunId, events: Sequence[LogEvent]) -> Run | None:
        """Write the record of a run that another run has started; None where it is none, or its first event is missing.

        It belongs to the owner of the run that started it. A published workflow runs; the live version is taken for the
        one that does.
        """
        first = next((event for event in events if event.id == 1 and execution_name(event.execution) == run_id), None)
        given = json_of(first.details.get("input")) if first is not None else None
        if first is None or not isinstance(given, dict):
            return None
        trigger = given.get("trigger")
        if not isinstance(trigger, dict) or trigger.get("type") != "subworkflow":
            return None
        parent = self._store.find_run(RunId(str(trigger.get("runId"))))
        machine = machine_name(first.execution)
        if parent is None or not machine.startswith(self._prefix):
            return None
        return self._written(run_id, first, parent, machine, given)

    def _written(self, run_id: RunId, first: LogEvent, parent: Run, machine: str, given: dict[str, Json]) -> Run | None:
        name = machine.removeprefix(self._prefix).removesuffix(_EXPRESS)
        workflow = self._store.workflow(parent.workspace, WorkflowId(name))
        if workflow is None or workflow.published is None:
            return None
        run = Run(
            id=run_id,
            workflow=workflow.id,
            workspace=parent.workspace,
            owner=parent.owner,
            status=RunStatus.PENDING,
            started=moment(first.time),
            inputs=given.get("inputs"),
            version=workflow.published,
            trigger=given.get("trigger"),
            execution=first.execution,
        )
        try:
            self._store.create_run(run)
        except RecordExistsError:
            return self._store.find_run(run_id)
        return run
