"""The data file: one connection, on the event loop's thread.

A thread of its own for the writes was measured and rejected. Python gives its global lock to a thread that waits once
the loop has held it for 5 ms without a pause; a busy loop pauses for some microseconds at each turn, so the thread
starves: under a busy loop it made 0 transactions in 2 s, where the same work on the loop made 94 a second. SQLite's own
work is some microseconds a statement; the sync of a slow disk holds the loop up, but is shared by all who wait for it.
"""

import sqlite3
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from millrace.stepfunctions.faults import reach
from millrace.stepfunctions.store.errors import StoreDamagedError, StoreError, StoreFullError, StoreNewerError
from millrace.stepfunctions.store.file_lock import FileLock
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.schema import APPLICATION_ID, MIGRATIONS

MEMORY: Final = Path(":memory:")
"""In place of a file: everything is gone when it is closed."""

_HEADER: Final = b"SQLite format 3\0"
_RESTORE: Final = "restore the file from a backup, or start anew with another one by --data"
_statement: Final = attrgetter("statement")
# A value that cannot be stored raises these: an integer of more than 64 bits, a text with half a surrogate pair.
_FAILURES: Final = (sqlite3.Error, OverflowError, ValueError)

_SETTINGS: Final = (
    # Every commit is one append to one file. The file keeps this setting.
    "PRAGMA journal_mode = WAL",
    # Each commit is synced: what was acknowledged outlives a power cut.
    "PRAGMA synchronous = FULL",
    # SQLite's default is off. They keep an execution's revision, and remove its input and snapshot with it.
    "PRAGMA foreign_keys = ON",
    # Somebody may look into the file with the sqlite3 shell, or copy it with its .backup.
    "PRAGMA busy_timeout = 5000",
    # Debian builds SQLite to overwrite what is deleted; that would write each page of a removed history once more.
    "PRAGMA secure_delete = OFF",
    # A kibibyte number: the inner pages of the indexes of a million executions.
    "PRAGMA cache_size = -16384",
    # Bytes that the journal keeps after a burst made it grow.
    "PRAGMA journal_size_limit = 67108864",
)


class Database:
    """A data file that is open, with today's schema.

    Raises:
        StoreError: It cannot be opened; says what was found and what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: FileLock | None = None
        try:
            if path != MEMORY:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = FileLock(path)
                self._look_at_file()
            # autocommit: transactions are begun and ended here, not by the sqlite3 module.
            self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        except (OSError, sqlite3.Error) as error:
            self._unlock()
            raise StoreError(
                f"the data file {str(path)!r} cannot be opened ({error}); "
                f"make its folder one that can be written, or choose another file with --data"
            ) from error
        except StoreError:
            self._unlock()
            raise
        try:
            self._prepare()
        except sqlite3.Error as error:
            self.close()
            raise self.failure(error) from error
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; SQLite brings its journal home."""
        self._connection.close()
        self._unlock()

    # ---- reading

    def select(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Give all rows.

        Raises:
            StoreError: The file is damaged, or cannot be read.
        """
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self.failure(error) from error

    def first(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """Give the only row, or None.

        Raises:
            StoreError: The file is damaged, or cannot be read.
        """
        try:
            return self._connection.execute(statement, parameters).fetchone()
        except sqlite3.Error as error:
            raise self.failure(error) from error

    # ---- writing

    def write(self, groups: Sequence[Sequence[Change]]) -> None:
        """Carry out groups of changes in one transaction, in their order.

        Raises:
            StoreError: Nothing of them was kept.
        """
        reach("store.before-begin")
        execute = self._connection.execute
        try:
            # IMMEDIATE: the lock is taken before the first statement, so that no statement can find it taken.
            execute("BEGIN IMMEDIATE")
            for changes in groups:
                for statement, alike in groupby(changes, _statement):
                    self._connection.executemany(statement, [change.parameters for change in alike])
                reach("store.after-statements")
            reach("store.before-commit")
            execute("COMMIT")
        except _FAILURES as error:
            # SQLite has rolled back by itself after some errors, such as a full disk.
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise self.failure(error) from error
        reach("store.after-commit")

    def damage(self, found: str) -> StoreDamagedError:
        """Say what shows that the file is damaged, and what to do."""
        return StoreDamagedError(f"the data file {str(self.path)!r} is damaged ({found}); {_RESTORE}")

    def failure(self, error: Exception) -> StoreError:
        """Say what an error of SQLite's means for the data file, and what to do."""
        file = f"the data file {str(self.path)!r}"
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the low byte is the kind, the rest its details
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return self.damage(str(error))
            case 0 if isinstance(error, sqlite3.OperationalError):  # the sqlite3 module's own, for a text that it reads
                return self.damage("a text in it is not UTF-8")
            case sqlite3.SQLITE_FULL:
                return StoreFullError(
                    f"{file} cannot grow ({error}); make room on its disk: the change was not kept, all before it was"
                )
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return StoreError(
                    f"{file} cannot be read or written ({error}); look at its disk's room, rights and health: "
                    f"the change was not kept, all before it was"
                )
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return StoreError(f"{file} is held by another program ({error}); end that program's transaction")
            case _:
                return StoreError(
                    f"a change does not fit what {file} holds ({type(error).__name__}: {error}); "
                    f"it was not kept: look the record up again"
                )

    # ---- opening

    def _look_at_file(self) -> None:
        """Refuse what SQLite would take for an empty database, or would change before it refuses it."""
        journal = self.path.with_name(self.path.name + "-wal")
        if not self.path.exists() or self.path.stat().st_size == 0:
            if journal.exists() and journal.stat().st_size > 0:
                raise StoreDamagedError(
                    f"expected the data file {str(self.path)!r} beside its journal {journal.name!r}, "
                    f"which holds changes, and found none; put the file back, or move the journal away to start anew"
                )
            return
        with self.path.open("rb") as file:
            header = file.read(len(_HEADER))
        if header != _HEADER:
            raise StoreDamagedError(
                f"expected a data file of Millrace's in {str(self.path)!r}, found one that begins with {header!r}; "
                f"{_RESTORE}"
            )

    def _prepare(self) -> None:
        connection = self._connection
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        application: int = connection.execute("PRAGMA application_id").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application != APPLICATION_ID:
            raise StoreDamagedError(
                f"expected a data file of Millrace's in {str(self.path)!r}, found a database of another program; "
                f"{_RESTORE}"
            )
        if version > len(MIGRATIONS):
            raise StoreNewerError(
                f"the data file {str(self.path)!r} has schema version {version}, and this Millrace knows "
                f"versions up to {len(MIGRATIONS)}: a newer one has written it; install that one, or choose another "
                f"file with --data"
            )
        for setting in _SETTINGS:
            connection.execute(setting)
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            self._migrate(number, *migration)

    def _migrate(self, number: int, name: str, script: str) -> None:
        try:
            self._connection.executescript(f"BEGIN IMMEDIATE;{script}PRAGMA user_version = {number};")
            reach("store.during-migration")
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            error.add_note(f"while the file was brought to schema version {number}: {name}")
            raise

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
