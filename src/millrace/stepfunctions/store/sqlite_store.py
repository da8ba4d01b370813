"""The store in one SQLite file. How each access pattern finds its rows is listed in schema.py."""

from collections.abc import Sequence
from pathlib import Path

from millrace.stepfunctions.store.database import MEMORY, Database
from millrace.stepfunctions.store.execution_tables import ExecutionTables
from millrace.stepfunctions.store.group_commit import GroupCommit
from millrace.stepfunctions.store.history_table import HistoryTable
from millrace.stepfunctions.store.machine_tables import MachineTables
from millrace.stepfunctions.store.map_run_tables import MapRunTables
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.resource_tables import ResourceTables


class SqliteStore(MachineTables, ResourceTables, ExecutionTables, HistoryTable, MapRunTables):
    """Everything the engine keeps, in one file.

    The room of what is removed is used again; the file itself does not become smaller.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._commits = GroupCommit(database)

    @classmethod
    def open(cls, path: Path) -> "SqliteStore":
        """Open a data file; it is made where there is none, its folder too.

        Raises:
            StoreError: It is damaged, newer than this Millrace, in use by another process, or cannot be opened.
        """
        return cls(Database(path))

    @classmethod
    def in_memory(cls) -> "SqliteStore":
        """Make a store that is gone when it is closed."""
        return cls(Database(MEMORY))

    async def commit(self, changes: Sequence[Change]) -> None:
        """Wait until the changes are durable. Changes handed over meanwhile share the transaction.

        Raises:
            StoreError: The disk is full, or the file cannot be written; nothing of this group was kept.
        """
        await self._commits.commit(changes)

    async def remove_ended(self, before: float, limit: int) -> int:
        """Remove at most `limit` executions that ended before a moment, with their histories; give how many.

        It holds the event loop up for some 50 microseconds an execution, so ask for few at a time.

        Raises:
            StoreError: Nothing was removed.
        """
        removed, changes = self._removal(before, limit)
        await self.commit(changes)
        return removed

    async def close(self) -> None:
        """Commit what was handed over, and close the file."""
        self._commits.close()
        self._database.close()
