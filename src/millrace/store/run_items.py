"""Runs, their steps, log lines and the history events put aside."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pynamodb.expressions.operand import Path

from millrace.model import Json, NodeId
from millrace.store import keys
from millrace.store.cursors import Listing
from millrace.store.errors import RecordExistsError, RecordNotFoundError
from millrace.store.items import LOG_LINE, RUN, STEP, Items, indexed, plain_item
from millrace.store.json_text import json_text
from millrace.store.port import PageRequest, RunFilter
from millrace.store.records import LogLine, Page, Run, RunId, RunStatus, Step, WorkspaceId
from millrace.store.table import ConditionFailedError, Item, every, integer, text

OBSERVATION_SECONDS: Final = 90 * 24 * 3600
"""How long history events and compilations of drafts are kept."""

_LAST: Final = "\uffff"


class RunItems(Items):
    """Runs and what they leave behind in the table."""

    def create_run(self, run: Run) -> None:
        """Write a new run.

        Raises:
            RecordExistsError: There is one with this id.
        """
        try:
            self._table.put(self._run_item(run), Path("pk").does_not_exist())
        except ConditionFailedError as error:
            raise RecordExistsError("run", run.id) from error

    def run(self, workspace: WorkspaceId, run: RunId) -> Run | None:
        """Find a run."""
        found = self.find_run(run)
        return found if found is not None and found.workspace == workspace else None

    def find_run(self, run: RunId) -> Run | None:
        """Find a run in whichever workspace."""
        return self._found(RUN, self._table.get(keys.run_key(run)))

    def find_runs(self, runs: Iterable[RunId]) -> Mapping[RunId, Run]:
        """Find runs in whichever workspace, many at once; those that there are."""
        items = self._table.find([keys.run_key(run) for run in dict.fromkeys(runs)])
        return {run.id: run for run in self._records(RUN, items.values())}

    def put_runs(self, runs: Iterable[Run]) -> None:
        """Write runs that have completed, in batches and whatever stands there."""
        self._table.write([self._run_item(run) for run in runs])

    def save_run(self, run: Run, *, expected: Sequence[RunStatus] | None = None, events: int | None = None) -> bool:
        """Write a run if it is as expected; tell whether it was written.

        Args:
            run: What to write.
            expected: The statuses, one of which the run must have.
            events: How many history events the observer must have taken in.

        Raises:
            RecordNotFoundError: There is no such run.
        """
        condition = every(
            Path("workspace") == run.workspace,
            Path("status").is_in(*(status.value for status in expected)) if expected is not None else None,
            Path("events") == events if events is not None else None,
        )
        try:
            self._table.put(self._run_item(run), condition)
        except ConditionFailedError as error:
            if self.run(run.workspace, run.id) is None:
                raise RecordNotFoundError("run", run.id) from error
            return False
        return True

    def runs(self, workspace: WorkspaceId, filter: RunFilter, page: PageRequest) -> Page[Run]:  # noqa: A002 - the port's name
        """List runs, newest first, without inputs and outputs."""
        index, which, where = "by_1", None, None
        if filter.workflow is not None:
            index, which = "by_2", filter.workflow
            where = Path("status") == filter.status.value if filter.status is not None else None
        elif filter.status is not None:
            index, which = "by_3", filter.status
        bounds = (filter.started_after or keys.SEPARATOR, filter.started_before or _LAST)
        if bounds[0] > bounds[1]:
            return Page(())
        listing = Listing(
            keys.runs_partition(workspace, which),
            index,
            between=bounds,
            forward=False,
            where=where,
            identity=filter.status or "",
        )
        items, cursor = self._table.page(listing, page)
        return Page(self._records(RUN, items), cursor)

    def put_compilation(self, machine: str, compilation: Json) -> None:
        """Keep what the observer needs of a machine that runs no published version, by its name, for 90 days."""
        bodies = self._bodies.place(f"machines/{machine}", {"compilation": json_text(compilation)})
        self._table.put(plain_item(keys.machine_key(machine), expires=self._expiry(OBSERVATION_SECONDS), **bodies))

    def compilation(self, machine: str) -> Json:
        """Give what was kept for a machine; None when nothing was."""
        item = self._table.get(keys.machine_key(machine))
        return None if item is None else self._bodies.read([item])[0].get("compilation")

    def put_steps(self, steps: Iterable[Step]) -> None:
        """Write steps; writing one again is harmless."""
        self._table.write([self._step_item(step) for step in steps])

    def steps(self, workspace: WorkspaceId, run: RunId, page: PageRequest, *, node: NodeId | None = None) -> Page[Step]:
        """List steps by node, path (loop indexes as numbers) and attempt."""
        bounds = (keys.sort_key(node, ""), keys.sort_key(node, _LAST)) if node is not None else None
        items, cursor = self._table.page(Listing(keys.steps_partition(workspace, run), between=bounds), page)
        return Page(self._records(STEP, items), cursor)

    def put_logs(self, lines: Iterable[LogLine]) -> None:
        """Write log lines; writing one again is harmless."""
        self._table.write([self._line_item(line) for line in lines])

    def logs(
        self,
        workspace: WorkspaceId,
        run: RunId,
        page: PageRequest,
        *,
        level: str | None = None,
        node: NodeId | None = None,
    ) -> Page[LogLine]:
        """List log lines in order."""
        listing = Listing(
            keys.logs_partition(workspace, run),
            where=every(
                Path("level") == level if level is not None else None,
                Path("node") == node if node is not None else None,
            ),
            identity=json_text([level, node]).decode(),
        )
        items, cursor = self._table.page(listing, page)
        return Page(self._records(LOG_LINE, items), cursor)

    def events(self, run: RunId) -> Sequence[Json]:
        """Give the history events that were put aside, by their ids."""
        items = list(self._table.all(Listing(keys.events_partition(run))))
        return [bodies.get("event") for bodies in self._bodies.read(items)]

    def put_events(self, run: RunId, events: Iterable[tuple[int, Json]]) -> None:
        """Put history events aside by their ids, for 90 days."""
        expires = self._expiry(OBSERVATION_SECONDS)
        self._table.write(
            [
                plain_item(
                    keys.Key(keys.events_partition(run), keys.event_sort(identity)),
                    expires=expires,
                    **self._bodies.place(_scope(run), {"event": json_text(event)}),
                )
                for identity, event in events
            ]
        )

    def _run_item(self, run: Run) -> Item:
        sort = keys.sort_key(run.started, run.id)
        return {
            **self._item(RUN, run, keys.run_key(run.id), _scope(run.id)),
            **indexed(1, keys.runs_partition(run.workspace), sort),
            **indexed(2, keys.runs_partition(run.workspace, run.workflow), sort),
            **indexed(3, keys.runs_partition(run.workspace, run.status), sort),
            "workspace": text(run.workspace),
            "status": text(run.status.value),
            "events": integer(run.events),
        }

    def _step_item(self, step: Step) -> Item:
        partition = keys.steps_partition(step.workspace, step.run)
        key = keys.Key(partition, keys.step_sort(step.node, step.path, step.attempt))
        return self._item(STEP, step, key, _scope(step.run))

    def _line_item(self, line: LogLine) -> Item:
        key = keys.Key(keys.logs_partition(line.workspace, line.run), line.sequence)
        node: Any = text(line.node) if line.node is not None else None
        return self._item(LOG_LINE, line, key, _scope(line.run), level=text(line.level), node=node)


def _scope(run: RunId) -> str:
    return f"runs/{run}"
