"""The store's port: reads see what is committed; writes are changes, committed in the order they are handed over in.

One process owns a store, so a check that is followed by a change holds as long as the event loop was not given away in
between and no change of the same record is under way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from millrace.engine.messages import Status
from millrace.stepfunctions.records import (
    ActivityArn,
    ActivityRecord,
    AliasArn,
    AliasRecord,
    ExecutionArn,
    ExecutionKey,
    ExecutionRecord,
    HistoryBlock,
    MachineArn,
    MachineRecord,
    MapRunArn,
    MapRunRecord,
    Page,
    Revision,
    RevisionId,
    VersionArn,
    VersionRecord,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One write: a statement of the store's own, with its parameters."""

    statement: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted: at most `limit` records, after those that a token stands for."""

    limit: int = 100
    token: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a list shows; None does not filter. Without `map_run`, children of Map Runs are left out."""

    machine: MachineArn | None = None
    version: VersionArn | None = None
    alias: AliasArn | None = None
    map_run: MapRunArn | None = None
    status: Status | None = None
    redriven: bool | None = None


class Store(Protocol):
    """Everything the engine keeps. All lists are newest first.

    Reads raise StoreError for a damaged file, and lists InvalidPageTokenError for a token that is not one of theirs.
    """

    # ---- machines, versions, aliases, activities, tags

    def machine(self, arn: MachineArn) -> MachineRecord | None:
        """Find a machine."""
        ...

    def machines(self, page: PageRequest) -> Page[MachineRecord]:
        """List machines."""
        ...

    def revision(self, machine: MachineArn, revision: RevisionId) -> Revision | None:
        """Find a revision."""
        ...

    def put_machine(self, machine: MachineRecord) -> Sequence[Change]:
        """Write a machine, new or with a new current revision.

        A machine that is made again under the ARN of a deleted one may use its revision ids again: revisions of the old
        one that executions name get other ids.
        """
        ...

    def delete_machine(self, arn: MachineArn) -> Sequence[Change]:
        """Remove a machine, its versions, aliases and tags; `remove_ended` removes revisions that nothing names."""
        ...

    def version(self, arn: VersionArn) -> VersionRecord | None:
        """Find a version."""
        ...

    def versions(self, machine: MachineArn, page: PageRequest) -> Page[VersionRecord]:
        """List versions."""
        ...

    def latest_version(self, machine: MachineArn) -> VersionRecord | None:
        """Find the newest version that is left."""
        ...

    def next_version_number(self, machine: MachineArn) -> int:
        """Give the number of the next version; a deleted one's is not used again."""
        ...

    def put_version(self, version: VersionRecord) -> Sequence[Change]:
        """Write a new version, of a revision that the machine has."""
        ...

    def delete_version(self, arn: VersionArn) -> Sequence[Change]:
        """Remove a version."""
        ...

    def alias(self, arn: AliasArn) -> AliasRecord | None:
        """Find an alias."""
        ...

    def aliases(self, machine: MachineArn, version: VersionArn | None, page: PageRequest) -> Page[AliasRecord]:
        """List aliases: all of a machine, or those that lead to a version."""
        ...

    def put_alias(self, alias: AliasRecord) -> Sequence[Change]:
        """Write an alias, new or with other routes."""
        ...

    def delete_alias(self, arn: AliasArn) -> Sequence[Change]:
        """Remove an alias."""
        ...

    def activity(self, arn: ActivityArn) -> ActivityRecord | None:
        """Find an activity."""
        ...

    def activities(self, page: PageRequest) -> Page[ActivityRecord]:
        """List activities."""
        ...

    def put_activity(self, activity: ActivityRecord) -> Sequence[Change]:
        """Write an activity."""
        ...

    def delete_activity(self, arn: ActivityArn) -> Sequence[Change]:
        """Remove an activity and its tags."""
        ...

    def tags(self, resource: str) -> dict[str, str]:
        """Give a resource's tags, by key."""
        ...

    def put_tags(self, resource: str, tags: dict[str, str]) -> Sequence[Change]:
        """Add tags, or change their values."""
        ...

    def delete_tags(self, resource: str, keys: Sequence[str]) -> Sequence[Change]:
        """Remove tags."""
        ...

    # ---- executions

    def next_execution_key(self) -> ExecutionKey:
        """Give a number that no execution has had."""
        ...

    def execution(self, arn: ExecutionArn) -> ExecutionRecord | None:
        """Find an execution."""
        ...

    def executions(self, filter: ExecutionFilter, page: PageRequest) -> Page[ExecutionRecord]:  # noqa: A002 - it is one
        """List executions without their payloads: the inputs are empty and the outputs None."""
        ...

    def running(self) -> Iterator[tuple[ExecutionRecord, bytes]]:
        """Give every execution that has not ended, oldest first, each with its snapshot."""
        ...

    def snapshot(self, key: ExecutionKey) -> bytes | None:
        """Give the last snapshot of an execution that runs, or that can be redriven."""
        ...

    def put_execution(self, execution: ExecutionRecord, snapshot: bytes | None) -> Sequence[Change]:
        """Write an execution, new or changed; None drops the snapshot.

        Of one that is there, what its start settled stays: its names, revision, input, and where it belongs.
        """
        ...

    def delete_execution(self, key: ExecutionKey) -> Sequence[Change]:
        """Remove an execution, its history and its Map Runs' records; not their children."""
        ...

    def put_history(self, block: HistoryBlock) -> Sequence[Change]:
        """Write a block of events that follows the last one."""
        ...

    def history(self, key: ExecutionKey, first: int, limit: int, *, reverse: bool = False) -> Sequence[dict[str, Any]]:
        """Give at most `limit` events, from number `first` on; in reverse, from `first` back."""
        ...

    # ---- logs that are still to be delivered

    def put_delivered(self, key: ExecutionKey, event: int) -> Sequence[Change]:
        """Remember that an execution's log events were delivered up to one; 0 when they are to be, at its start."""
        ...

    def undelivered(self) -> Iterator[tuple[ExecutionRecord, int]]:
        """Give executions whose delivered mark, once set, is behind their history, oldest first, with the mark."""
        ...

    # ---- map runs

    def map_run(self, arn: MapRunArn) -> MapRunRecord | None:
        """Find a Map Run."""
        ...

    def map_runs(self, execution: ExecutionArn, page: PageRequest) -> Page[MapRunRecord]:
        """List the Map Runs of an execution."""
        ...

    def orphaned_map_runs(self) -> Sequence[MapRunRecord]:
        """Give the Map Runs that go on although their execution has ended."""
        ...

    def put_map_run(self, map_run: MapRunRecord) -> Sequence[Change]:
        """Write a Map Run, new or changed; its execution is written before it."""
        ...

    def children(self, map_run: MapRunArn, first: int, limit: int) -> Sequence[ExecutionRecord]:
        """Give children of a Map Run by index, from `first` on; of a redriven index the latest."""
        ...

    # ---- committing

    async def commit(self, changes: Sequence[Change]) -> None:
        """Wait until the changes are durable. Changes handed over meanwhile share the transaction.

        They are committed even if the caller is cancelled meanwhile.

        Raises:
            StoreError: The disk is full, or the file cannot be written; nothing of this group was kept.
        """
        ...

    async def remove_ended(self, before: float, limit: int) -> int:
        """Remove at most `limit` executions that ended before a moment, with their histories; give how many.

        Children of a Map Run that goes on stay, and so does what was redriven.

        Raises:
            StoreError: Nothing was removed.
        """
        ...

    async def close(self) -> None:
        """Commit what was handed over, and close the file."""
        ...
