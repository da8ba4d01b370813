"""Workflows, their drafts and their versions."""

from dataclasses import replace
from typing import Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from millrace.model import Json
from millrace.store import keys
from millrace.store.cursors import Listing
from millrace.store.errors import RecordExistsError, RecordNotFoundError, RevisionConflictError
from millrace.store.items import VERSION, WORKFLOW, Items, indexed, plain_item
from millrace.store.json_text import json_text
from millrace.store.port import PageRequest, WorkflowFilter
from millrace.store.records import (
    Page,
    Run,
    RunId,
    RunStatus,
    Version,
    Workflow,
    WorkflowId,
    WorkflowSort,
    WorkspaceId,
)
from millrace.store.schema import RECORD
from millrace.store.table import (
    Add,
    ConditionFailedError,
    Expire,
    Item,
    Put,
    Write,
    either,
    every,
    integer,
    storable,
    text,
)

_DAY: Final = 24 * 3600
DRAFT_SECONDS: Final = 30 * _DAY
"""How long a draft's revision is kept after the next one."""

_INDEX: Final = {WorkflowSort.CREATED: "by_1", WorkflowSort.UPDATED: "by_2", WorkflowSort.NAME: "by_3"}


class WorkflowItems(Items):
    """Workflows, drafts and versions in the table."""

    def create_workflow(self, workflow: Workflow, document: Json) -> None:
        """Write a new workflow and its draft.

        Raises:
            RecordExistsError: There is one with this id.
        """
        item = self._workflow_item(workflow, draft=workflow.revision)
        try:
            self._table.transact(
                [
                    Put(item, Path("pk").does_not_exist()),
                    Put(self._draft_item(workflow, document)),
                    Add(keys.total_key(workflow.workspace), 1 if workflow.deleted is None else 0),
                ]
            )
        except ConditionFailedError as error:
            raise RecordExistsError("workflow", workflow.id) from error

    def workflow(self, workspace: WorkspaceId, workflow: WorkflowId) -> Workflow | None:
        """Find a workflow, also a deleted one."""
        key = keys.workflow_key(workspace, workflow)
        return self._workflow(self._table.find([key, keys.last_run_key(workspace, workflow)]), key)

    def document(self, workspace: WorkspaceId, workflow: WorkflowId, revision: int | None = None) -> Json:
        """Give a draft's document as of a revision.

        Raises:
            RecordNotFoundError: There is none, or it has expired.
        """
        missing = RecordNotFoundError("document", workflow if revision is None else f"{workflow}, revision {revision}")
        key = keys.workflow_key(workspace, workflow)
        item = self._table.get(key)
        if item is None or not 0 < (revision or 1) <= int(item["revision"]["N"]):
            raise missing
        if revision is None or revision >= int(item["draft"]["N"]):
            draft = self._table.get(keys.draft_key(workspace, workflow, int(item["draft"]["N"])))
        else:
            bounds = (keys.draft_key(workspace, workflow, 0).sk, keys.draft_key(workspace, workflow, revision).sk)
            found, _ = self._table.page(Listing(key.pk, between=bounds, forward=False), PageRequest(1))
            draft = found[0] if found else None
        if draft is None:
            raise missing
        return self._bodies.read([draft])[0].get("document")

    def save_workflow(self, workflow: Workflow, document: Json | None) -> Workflow:
        """Write a workflow on top of the revision that was seen; None leaves the document as it is.

        Raises:
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such workflow.
        """
        current = self._seen(workflow)
        saved = replace(workflow, revision=workflow.revision + 1)
        draft = int(current["draft"]["N"])
        writes = self._writes(current, saved, saved.revision if document is not None else draft)
        if document is not None:
            writes.append(Put(self._draft_item(saved, document)))
            former = keys.draft_key(workflow.workspace, workflow.id, draft)
            writes.append(Expire(former, int(self._clock() + DRAFT_SECONDS)))
        self._save(workflow, writes)
        return saved

    def create_version(self, version: Version, workflow: Workflow) -> Workflow:
        """Write a version together with the workflow that names it.

        Raises:
            RecordExistsError: There is a version with this number.
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such workflow.
        """
        current = self._seen(workflow)
        saved = replace(workflow, revision=workflow.revision + 1)
        key = keys.version_key(version.workspace, version.workflow, version.number)
        item = self._item(VERSION, version, key, _scope(version.workflow))
        writes = self._writes(current, saved, int(current["draft"]["N"]))
        self._save(workflow, [*writes, Put(item, Path("pk").does_not_exist())])
        return saved

    def version(self, workspace: WorkspaceId, workflow: WorkflowId, number: int) -> Version | None:
        """Find a version."""
        return self._found(VERSION, self._table.get(keys.version_key(workspace, workflow, number)))

    def versions(self, workspace: WorkspaceId, workflow: WorkflowId, page: PageRequest) -> Page[Version]:
        """List versions, newest first, without document and compilation."""
        partition = keys.workflow_key(workspace, workflow).pk
        listing = Listing(partition, between=("VERSION#", "VERSION#:"), forward=False, attributes=("pk", "sk", RECORD))
        items, cursor = self._table.page(listing, page)
        return Page(self._records(VERSION, items), cursor)

    def workflows(self, workspace: WorkspaceId, filter: WorkflowFilter, page: PageRequest) -> Page[Workflow]:  # noqa: A002 - the port's name
        """List workflows."""
        search = filter.search.casefold().strip()
        conditions: list[Condition] = [Path("tags").contains(storable(tag)) for tag in filter.tags]
        if search:
            conditions.append(Path("search").contains(storable(search)))
        if filter.folder is not None:
            # An empty folder is no attribute.
            conditions.append(
                Path("folder") == storable(filter.folder) if filter.folder else Path("folder").does_not_exist()
            )
        listing = Listing(
            keys.workflows_partition(workspace, deleted=filter.deleted),
            _INDEX[filter.sort],
            forward=not filter.descending,
            where=every(*conditions),
            identity=json_text([search, filter.folder, filter.tags]).decode(),
        )
        items, cursor = self._table.page(listing, page)
        found = {keys.Key(item["pk"]["S"], item["sk"]["S"]): item for item in items}
        records = {key: self._records(WORKFLOW, [item])[0] for key, item in found.items()}
        last = self._table.find([keys.last_run_key(workspace, record.id) for record in records.values()])
        return Page(tuple(self._with_last_run(record, last) for record in records.values()), cursor)

    def count_workflows(self, workspace: WorkspaceId) -> int:
        """Give how many workflows are not deleted."""
        item = self._table.get(keys.total_key(workspace))
        return 0 if item is None else int(item["total"]["N"])

    def note_last_run(self, run: Run) -> None:
        """Note how the last run of a workflow stands, unless a later one was noted; changes no revision."""
        item = plain_item(
            keys.last_run_key(run.workspace, run.workflow),
            run=text(run.id),
            status=text(run.status.value),
            started=text(run.started),
        )
        earlier = Path("started") <= run.started
        try:
            self._table.put(item, either(Path("pk").does_not_exist(), earlier))
        except ConditionFailedError:
            return

    def _seen(self, workflow: Workflow) -> Item:
        """Give a workflow's item, whose revision is the one that was seen."""
        key = keys.workflow_key(workflow.workspace, workflow.id)
        item = self._table.get(key)
        if item is None:
            raise RecordNotFoundError("workflow", workflow.id)
        if int(item["revision"]["N"]) != workflow.revision:
            raise self._workflow_conflict(workflow)
        return item

    def _writes(self, current: Item, saved: Workflow, draft: int) -> list[Write]:
        """Give the writes of a workflow on top of its current item, itself first."""
        item = self._workflow_item(saved, draft)
        writes: list[Write] = [Put(item, Path("revision") == int(current["revision"]["N"]))]
        if item["pk1"] != current["pk1"]:
            # Deleted, or restored.
            writes.append(Add(keys.total_key(saved.workspace), 1 if saved.deleted is None else -1))
        return writes

    def _save(self, seen: Workflow, writes: list[Write]) -> None:
        """Write a workflow first, then what comes with it."""
        try:
            self._table.transact(writes)
        except ConditionFailedError as error:
            if 0 in error.failed:
                raise self._workflow_conflict(seen) from error
            raise RecordExistsError("version", str(seen.latest_version)) from error

    def _workflow_conflict(self, seen: Workflow) -> RecordNotFoundError | RevisionConflictError:
        current = self.workflow(seen.workspace, seen.id)
        if current is None:
            return RecordNotFoundError("workflow", seen.id)
        return RevisionConflictError("workflow", seen.revision, current, current.revision)

    def _workflow(self, found: dict[keys.Key, Item], key: keys.Key) -> Workflow | None:
        record = self._found(WORKFLOW, found.get(key))
        return None if record is None else self._with_last_run(record, found)

    def _with_last_run(self, record: Workflow, found: dict[keys.Key, Item]) -> Workflow:
        item = found.get(keys.last_run_key(record.workspace, record.id))
        if item is None:
            return record
        return replace(record, last_run=RunId(item["run"]["S"]), last_status=RunStatus(item["status"]["S"]))

    def _workflow_item(self, workflow: Workflow, draft: int) -> Item:
        partition = keys.workflows_partition(workflow.workspace, deleted=workflow.deleted is not None)
        return {
            **self._item(WORKFLOW, workflow, keys.workflow_key(workflow.workspace, workflow.id)),
            **indexed(1, partition, keys.sort_key(workflow.created, workflow.id)),
            **indexed(2, partition, keys.sort_key(workflow.updated, workflow.id)),
            **indexed(3, partition, keys.name_sort(workflow.name, workflow.id)),
            "revision": integer(workflow.revision),
            "draft": integer(draft),
            "search": text(f"{workflow.name}\n{workflow.description}".casefold()),
            **({"folder": text(workflow.folder)} if workflow.folder else {}),
            **({"tags": {"SS": sorted({*map(storable, workflow.tags)})}} if workflow.tags else {}),
        }

    def _draft_item(self, workflow: Workflow, document: Json) -> Item:
        key = keys.draft_key(workflow.workspace, workflow.id, workflow.revision)
        return plain_item(key, **self._bodies.place(_scope(workflow.id), {"document": json_text(document)}))


def _scope(workflow: WorkflowId) -> str:
    return f"workflows/{workflow}"
