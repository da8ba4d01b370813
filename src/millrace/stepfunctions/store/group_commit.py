"""Group commit: changes that are handed over in one turn of the event loop share one transaction, and one sync."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from millrace.stepfunctions.store.database import Database
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Change


@dataclass(frozen=True, slots=True)
class _Group:
    """What one caller wants committed as a whole, and the caller."""

    changes: Sequence[Change]
    waiter: "asyncio.Future[None]"


class GroupCommit:
    """The queue of changes before a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._groups: list[_Group] = []
        self._closed = False

    async def commit(self, changes: Sequence[Change]) -> None:
        """Wait until the changes are durable; they are committed even if the caller is cancelled meanwhile.

        Raises:
            StoreError: Nothing of them was kept.
        """
        if self._closed:
            raise StoreError(f"the data file {str(self._database.path)!r} is closed; open it again to change it")
        if not changes:
            return
        loop = asyncio.get_running_loop()
        if not self._groups:
            loop.call_soon(self.flush)
        group = _Group(changes, loop.create_future())
        self._groups.append(group)
        await group.waiter

    def flush(self) -> None:
        """Commit what is queued. A group that fails is tried alone, so that it does not take others with it."""
        groups, self._groups = self._groups, []
        if not groups:
            return
        try:
            self._database.write([group.changes for group in groups])
        except StoreError as error:
            if len(groups) > 1:
                for group in groups:
                    self._commit_alone(group)
            else:
                _fail(groups[0], error)
        else:
            for group in groups:
                _succeed(group)

    def close(self) -> None:
        """Commit what is queued, and take no more."""
        self._closed = True
        self.flush()

    def _commit_alone(self, group: _Group) -> None:
        try:
            self._database.write([group.changes])
        except StoreError as error:
            _fail(group, error)
        else:
            _succeed(group)


def _succeed(group: _Group) -> None:
    if not group.waiter.done():
        group.waiter.set_result(None)


def _fail(group: _Group, error: StoreError) -> None:
    if not group.waiter.done():
        group.waiter.set_exception(error)
