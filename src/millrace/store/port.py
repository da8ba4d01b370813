"""The store's port. One class implements it: on DynamoDB and S3, or on what stands in for them on one machine.

Every method takes the workspace it acts in; what belongs to another workspace is as good as absent (None, or
RecordNotFoundError from writes). Writes that could lose another's work name the revision that they saw and raise
RevisionConflictError, which carries the record as it is now. Lists give pages with opaque cursors; InvalidCursorError.
Bodies above 200 KB go to the bucket by themselves.
"""

from collections.abc import Iterable, Sequence
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
    """Which part of a list is wanted."""

    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowFilter:
    """Which workflows a list shows. `search` looks into names and descriptions, whatever their case."""

    search: str = ""
    folder: str | None = None
    tags: tuple[str, ...] = ()
    deleted: bool = False
    sort: WorkflowSort = WorkflowSort.UPDATED
    descending: bool = True


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a list shows, newest first."""

    workflow: WorkflowId | None = None
    status: RunStatus | None = None
    started_after: str | None = None
    started_before: str | None = None


class Store(Protocol):
    """Everything the product keeps."""

    # ---- workflows and their documents

    def create_workflow(self, workflow: Workflow, document: Json) -> None: ...
    def workflow(self, workspace: WorkspaceId, workflow: WorkflowId) -> Workflow | None:
        """Find a workflow, also a deleted one."""
        ...

    def document(self, workspace: WorkspaceId, workflow: WorkflowId, revision: int | None = None) -> Json:
        """Give a draft's document; None: the latest. Earlier revisions are kept for 30 days.

        Raises:
            RecordNotFoundError: There is none.
        """
        ...

    def save_workflow(self, workflow: Workflow, document: Json | None) -> Workflow:
        """Write a workflow whose `revision` is the one that was seen; gives it with the next revision.

        Raises:
            RevisionConflictError: Somebody saved meanwhile.
            RecordNotFoundError: There is no such workflow.
        """
        ...

    def workflows(self, workspace: WorkspaceId, filter: WorkflowFilter, page: PageRequest) -> Page[Workflow]: ...  # noqa: A002
    def count_workflows(self, workspace: WorkspaceId) -> int:
        """Give how many workflows are not deleted."""
        ...

    # ---- versions

    def create_version(self, version: Version, workflow: Workflow) -> Workflow:
        """Write a version together with the workflow that names it as published, as `save_workflow` does."""
        ...

    def version(self, workspace: WorkspaceId, workflow: WorkflowId, number: int) -> Version | None: ...
    def versions(self, workspace: WorkspaceId, workflow: WorkflowId, page: PageRequest) -> Page[Version]:
        """List versions, newest first, without document and compilation."""
        ...

    # ---- runs

    def create_run(self, run: Run) -> None: ...
    def run(self, workspace: WorkspaceId, run: RunId) -> Run | None: ...
    def find_run(self, run: RunId) -> Run | None:
        """Find a run in whichever workspace; for the observer only."""
        ...

    def save_run(self, run: Run, *, expected: Sequence[RunStatus] | None = None) -> bool:
        """Write a run unless its status is none of the expected ones; tell whether it was written."""
        ...

    def runs(self, workspace: WorkspaceId, filter: RunFilter, page: PageRequest) -> Page[Run]:  # noqa: A002
        """List runs without inputs and outputs."""
        ...

    def put_steps(self, steps: Iterable[Step]) -> None:
        """Write steps, in batches; writing one again is harmless."""
        ...

    def steps(
        self, workspace: WorkspaceId, run: RunId, page: PageRequest, *, node: NodeId | None = None
    ) -> Page[Step]: ...
    def put_logs(self, lines: Iterable[LogLine]) -> None: ...
    def logs(
        self,
        workspace: WorkspaceId,
        run: RunId,
        page: PageRequest,
        *,
        level: str | None = None,
        node: NodeId | None = None,
    ) -> Page[LogLine]: ...

    # ---- observation

    def events(self, run: RunId) -> Sequence[Json]:
        """Give the history events that were put aside because an earlier one is missing, or is needed again."""
        ...

    def put_events(self, run: RunId, events: Iterable[tuple[int, Json]]) -> None:
        """Put history events aside by their ids, for 90 days."""
        ...

    # ---- people

    def put_waiting(self, waiting: Waiting) -> None: ...
    def waiting(self, workspace: WorkspaceId, run: RunId, node: NodeId, path: str = "") -> Waiting | None: ...
    def take_waiting(self, waiting: Waiting) -> bool:
        """Remove it; tell whether this call did, so that only one answer counts."""
        ...

    def inbox(self, workspace: WorkspaceId, page: PageRequest) -> Page[Waiting]: ...

    # ---- triggers

    def put_trigger(self, trigger: Trigger) -> Trigger:
        """Write a trigger as `save_workflow` writes a workflow.

        Raises:
            KeyTakenError: Another trigger has its key.
        """
        ...

    def trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> Trigger | None: ...
    def trigger_by_key(self, key: str) -> Trigger | None:
        """Find the webhook of a method and path, in whichever workspace."""
        ...

    def triggers(self, workspace: WorkspaceId, workflow: WorkflowId) -> Sequence[Trigger]: ...
    def triggers_of_type(self, workspace: WorkspaceId, type: str) -> Sequence[Trigger]: ...  # noqa: A002
    def delete_trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> bool: ...

    # ---- once

    def claim(self, key: str, seconds: int) -> bool:
        """Claim a key for some time; tell whether nobody had it: of two that start the same run one does."""
        ...

    def remember(self, key: str, answer: Json, seconds: int) -> None:
        """Keep the answer to a request under its idempotency key."""
        ...

    def remembered(self, key: str) -> Json: ...
    def release(self, key: str) -> None:
        """Give up a claim, and forget the answer kept under its key."""
        ...

    # ---- sockets

    def put_connection(self, connection: Connection) -> None: ...
    def connection(self, connection: ConnectionId) -> Connection | None: ...
    def delete_connection(self, connection: ConnectionId) -> None: ...
    def subscribe(self, connection: ConnectionId, run: RunId) -> None: ...
    def unsubscribe(self, connection: ConnectionId, run: RunId) -> None: ...
    def subscribers(self, run: RunId) -> Sequence[ConnectionId]: ...
