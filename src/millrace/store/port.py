"""The store's port. DynamoStore implements it: on DynamoDB and S3, or on what stands in for them on one machine.

Every method takes the workspace it acts in; what belongs to another workspace is as good as absent (None, or
RecordNotFoundError from writes). Writes that could lose another's work name the revision that they saw and raise
RevisionConflictError, which carries the record as it is now. Lists give pages with opaque cursors (InvalidCursorError);
on AWS they may lag a write by moments, single records, steps and log lines never do. Bodies above 200 KB go to the
bucket by themselves. StoreUnavailableError, everywhere: table or bucket does not answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from millrace.model import Json, NodeId
from millrace.store.records import (
    Connection,
    ConnectionId,
    LogLine,
    Page,
    Run,
    RunId,
    RunStatus,
    Step,
    Trigger,
    TriggerId,
    Version,
    Waiting,
    Workflow,
    WorkflowId,
    WorkflowSort,
    WorkspaceId,
)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted; `limit` is 1 or more."""

    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowFilter:
    """Which workflows a list shows; of equals, by id.

    Attributes:
        search: Is looked for in names and descriptions, whatever its case.
        folder: None: any; empty: those in no folder.
        tags: Those which have all of them.
        deleted: Only the deleted ones, or only the others.
    """

    search: str = ""
    folder: str | None = None
    tags: tuple[str, ...] = ()
    deleted: bool = False
    sort: WorkflowSort = WorkflowSort.UPDATED
    descending: bool = True


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a list shows, newest first.

    Attributes:
        started_after, started_before: Moments as records have them; the first is included, the second is not.
    """

    workflow: WorkflowId | None = None
    status: RunStatus | None = None
    started_after: str | None = None
    started_before: str | None = None


class Store(Protocol):
    """Everything the product keeps."""

    # ---- workflows and their documents

    def create_workflow(self, workflow: Workflow, document: Json) -> None:
        """Write a new workflow and its draft.

        Raises:
            RecordExistsError: There is one with this id.
        """
        ...

    def workflow(self, workspace: WorkspaceId, workflow: WorkflowId) -> Workflow | None:
        """Find a workflow, also a deleted one."""
        ...

    def document(self, workspace: WorkspaceId, workflow: WorkflowId, revision: int | None = None) -> Json:
        """Give a draft's document as of a revision; None: the latest. Earlier ones are kept for 30 days.

        Raises:
            RecordNotFoundError: There is none.
        """
        ...

    def save_workflow(self, workflow: Workflow, document: Json | None) -> Workflow:
        """Write a workflow whose `revision` is the one that was seen; give it with the next revision.

        None leaves the document as it is. A `deleted` moment moves the workflow to the list of deleted ones, None back.
        `last_run` and `last_status` are not written: see `note_last_run`.

        Raises:
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such workflow.
        """
        ...

    def workflows(self, workspace: WorkspaceId, filter: WorkflowFilter, page: PageRequest) -> Page[Workflow]:  # noqa: A002 - reads best
        """List workflows."""
        ...

    def count_workflows(self, workspace: WorkspaceId) -> int:
        """Give how many workflows are not deleted."""
        ...

    def note_last_run(self, run: Run) -> None:
        """Note how the last run of a workflow stands, unless a later one was noted; changes no revision."""
        ...

    # ---- versions

    def create_version(self, version: Version, workflow: Workflow) -> Workflow:
        """Write a version together with the workflow that names it as published, as `save_workflow` does.

        Raises:
            RecordExistsError: There is a version with this number.
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such workflow.
        """
        ...

    def version(self, workspace: WorkspaceId, workflow: WorkflowId, number: int) -> Version | None:
        """Find a version."""
        ...

    def versions(self, workspace: WorkspaceId, workflow: WorkflowId, page: PageRequest) -> Page[Version]:
        """List versions, newest first, without document and compilation."""
        ...

    def put_compilation(self, machine: str, compilation: Json) -> None:
        """Keep what the observer needs of a machine that runs no published version, by its name, for 90 days."""
        ...

    def compilation(self, machine: str) -> Json:
        """Give what was kept for a machine; None when nothing was."""
        ...

    # ---- runs

    def create_run(self, run: Run) -> None:
        """Write a new run.

        Raises:
            RecordExistsError: There is one with this id.
        """
        ...

    def run(self, workspace: WorkspaceId, run: RunId) -> Run | None:
        """Find a run."""
        ...

    def find_run(self, run: RunId) -> Run | None:
        """Find a run in whichever workspace; for the observer only."""
        ...

    def find_runs(self, runs: Iterable[RunId]) -> Mapping[RunId, Run]:
        """Find runs as `find_run` does, many at once; those that there are."""
        ...

    def put_runs(self, runs: Iterable[Run]) -> None:
        """Write runs that have completed, in batches and whatever stands there; for the observer only."""
        ...

    def save_run(self, run: Run, *, expected: Sequence[RunStatus] | None = None, events: int | None = None) -> bool:
        """Write a run; tell whether it was written.

        Args:
            run: The run as it is to be.
            expected: It is not written when its status is another one.
            events: It is not written when it holds another number of events: two observers took in the same ones.

        Raises:
            RecordNotFoundError: There is no such run.
        """
        ...

    def runs(self, workspace: WorkspaceId, filter: RunFilter, page: PageRequest) -> Page[Run]:  # noqa: A002
        """List runs without inputs and outputs; of what started them, only the type."""
        ...

    def put_steps(self, steps: Iterable[Step]) -> None:
        """Write steps, in batches; writing one again is harmless."""
        ...

    def steps(self, workspace: WorkspaceId, run: RunId, page: PageRequest, *, node: NodeId | None = None) -> Page[Step]:
        """List steps by node, path (loop indexes as numbers) and attempt."""
        ...

    def put_logs(self, lines: Iterable[LogLine]) -> None:
        """Write log lines, in batches; writing one again is harmless."""
        ...

    def logs(
        self,
        workspace: WorkspaceId,
        run: RunId,
        page: PageRequest,
        *,
        level: str | None = None,
        node: NodeId | None = None,
    ) -> Page[LogLine]:
        """List log lines by their sequence."""
        ...

    # ---- observation

    def events(self, run: RunId) -> Sequence[Json]:
        """Give the history events put aside because an earlier one is missing, or is needed again; by their ids."""
        ...

    def put_events(self, run: RunId, events: Iterable[tuple[int, Json]]) -> None:
        """Put history events aside by their ids, for 90 days."""
        ...

    # ---- people

    def put_waiting(self, waiting: Waiting) -> None:
        """Write that a task waits; a new one of the same node takes its place. Gone a day after it expires."""
        ...

    def waiting(self, workspace: WorkspaceId, run: RunId, node: NodeId, path: str = "") -> Waiting | None:
        """Find who is waited for."""
        ...

    def take_waiting(self, waiting: Waiting) -> bool:
        """Remove it; tell whether this call did, so that only one answer counts."""
        ...

    def inbox(self, workspace: WorkspaceId, page: PageRequest) -> Page[Waiting]:
        """List who is waited for, oldest first."""
        ...

    # ---- triggers

    def put_trigger(self, trigger: Trigger) -> Trigger:
        """Write a trigger whose `revision` is the one that was seen, 0 for a new one; give it with the next.

        Raises:
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such trigger any more.
            KeyTakenError: Another trigger has its key.
        """
        ...

    def trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> Trigger | None:
        """Find a trigger."""
        ...

    def trigger_by_key(self, key: str) -> Trigger | None:
        """Find the webhook of a method and path, in whichever workspace."""
        ...

    def triggers(self, workspace: WorkspaceId, workflow: WorkflowId) -> Sequence[Trigger]:
        """List the triggers of a workflow, oldest first."""
        ...

    def triggers_of_type(self, workspace: WorkspaceId, type: str) -> Sequence[Trigger]:  # noqa: A002 - the field's name
        """List the triggers of a type, oldest first."""
        ...

    def delete_trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> bool:
        """Remove a trigger and free its key; tell whether there was one."""
        ...

    # ---- once

    def claim(self, key: str, seconds: int) -> bool:
        """Claim a key for some time; tell whether nobody had it: of two that start the same run one does."""
        ...

    def remember(self, key: str, answer: Json, seconds: int) -> None:
        """Keep the answer to a request under its idempotency key."""
        ...

    def remembered(self, key: str) -> Json:
        """Give the answer that was kept; None: none, or its time is over."""
        ...

    def release(self, key: str) -> None:
        """Give up a claim, and forget the answer kept under its key."""
        ...

    # ---- sockets

    def put_connection(self, connection: Connection) -> None:
        """Write a connection, for a day."""
        ...

    def connection(self, connection: ConnectionId) -> Connection | None:
        """Find a connection."""
        ...

    def delete_connection(self, connection: ConnectionId) -> None:
        """Remove a connection and its subscriptions."""
        ...

    def subscribe(self, connection: ConnectionId, run: RunId) -> None:
        """Let a connection hear of a run, for a day."""
        ...

    def unsubscribe(self, connection: ConnectionId, run: RunId) -> None:
        """Let a connection hear of a run no more."""
        ...

    def subscribers(self, run: RunId) -> Sequence[ConnectionId]:
        """Give the connections that hear of a run."""
        ...
