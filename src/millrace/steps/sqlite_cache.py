"""Outputs kept in one SQLite file, which the threads and processes of one machine share."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from millrace.steps.cache_store import CacheEntry, CacheKey
from millrace.steps.errors import CacheError

LIMIT_BYTES: Final = 64 * 1024 * 1024
"""How large the file may grow."""

_ROW_BYTES: Final = 256
"""What an entry takes beside its output: the key, the times, and their places in three indexes."""

_SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS outputs (
        key TEXT PRIMARY KEY, output BLOB NOT NULL, stored_at REAL NOT NULL, expires_at REAL NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS outputs_by_age ON outputs (stored_at)",
    "CREATE INDEX IF NOT EXISTS outputs_by_expiry ON outputs (expires_at)",
)

_DROP_OLDEST: Final = """
DELETE FROM outputs WHERE key IN (
    SELECT key FROM (
        SELECT key, sum(length(output) + ?) OVER (ORDER BY stored_at DESC, key) AS bytes_up_to_here FROM outputs
    ) WHERE bytes_up_to_here > ?
)
"""


class SqliteCache:
    """A cache in a file, made when it is first used.

    Each call opens the file anew, so that it may be deleted at any time.

    Args:
        path: The file; its folder is made too.
        limit_bytes: How large the file may grow.
        busy_seconds: How long a call waits for another writer, before it fails.
    """

    def __init__(self, path: Path, *, limit_bytes: int = LIMIT_BYTES, busy_seconds: float = 1.0) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._busy_seconds = busy_seconds

    def get(self, key: CacheKey, now: float) -> CacheEntry | None:
        """Give what is kept under a key, unless it has expired."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT output, stored_at, expires_at FROM outputs WHERE key = ? AND expires_at > ?", (key, now)
            ).fetchone()
        return None if row is None else CacheEntry(*row)

    def put(self, key: CacheKey, entry: CacheEntry) -> None:
        """Keep an output, and drop what has expired and the oldest that no longer fit."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")  # else two writers that both read first could not wait for each other
            connection.execute("DELETE FROM outputs WHERE expires_at <= ?", (entry.stored_at,))
            connection.execute(
                "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?)",
                (key, entry.output, entry.stored_at, entry.expires_at),
            )
            if self._used_bytes(connection) > self._limit_bytes:
                # A quarter is left free, so that the sizes are not added up at every call.
                connection.execute(_DROP_OLDEST, (_ROW_BYTES, self._limit_bytes * 3 // 4))
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = sqlite3.connect(self._path, timeout=self._busy_seconds, isolation_level=None)
            with closing(opened) as connection:
                # In WAL mode readers and a writer do not wait for each other. The change to it is refused at once,
                # whatever the timeout, while others make the same new file; the next call tries again.
                with suppress(sqlite3.OperationalError):
                    connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost entries, never the file
                for statement in _SCHEMA:
                    connection.execute(statement)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise CacheError(
                f"the cache {str(self._path)!r} cannot be used ({error}); {self._remedy(error)}"
            ) from error

    @staticmethod
    def _used_bytes(connection: sqlite3.Connection) -> int:
        pages, unused, page_bytes = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - unused) * page_bytes

    def _remedy(self, error: Exception) -> str:
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return f"another process has kept it for more than {self._busy_seconds:g} s"
        return "delete the file, or set MILLRACE_HOME to a folder that can be written"
