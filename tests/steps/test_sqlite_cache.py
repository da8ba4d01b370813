import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cache_store_contract import KEY, OTHER, START, CacheStoreContract, entry

from millrace.steps import CacheError, CacheKey, CacheStore
from millrace.steps.sqlite_cache import SqliteCache


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "cache.sqlite3"


class TestSqliteCache(CacheStoreContract):
    @pytest.fixture
    def store(self, path: Path) -> CacheStore:
        return SqliteCache(path)


def keys(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {key for (key,) in connection.execute("SELECT key FROM outputs")}


def test_what_was_kept_outlives_the_process(path: Path) -> None:
    SqliteCache(path).put(KEY, entry())
    assert SqliteCache(path).get(KEY, START) == entry()


def test_readers_and_writers_do_not_wait_for_each_other(path: Path) -> None:
    store = SqliteCache(path)
    store.put(KEY, entry(b"1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE outputs SET output = '2'")
        assert store.get(KEY, START) == entry(b"1")


def test_a_writer_that_is_kept_waiting_says_so(path: Path) -> None:
    store = SqliteCache(path, busy_seconds=0.01)
    store.put(KEY, entry())
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(CacheError, match=r"another process has kept it for more than 0\.01 s"):
            store.put(OTHER, entry())


def test_expired_entries_are_dropped_when_one_is_kept(path: Path) -> None:
    store = SqliteCache(path)
    store.put(KEY, entry(seconds=10))
    store.put(OTHER, entry(stored_at=START + 10))
    assert keys(path) == {OTHER}


def test_the_file_stays_within_its_limit_and_the_newest_entries_stay(path: Path) -> None:
    limit = 400_000
    store = SqliteCache(path, limit_bytes=limit)
    written = [CacheKey(f"{number:064}") for number in range(100)]
    for number, key in enumerate(written):
        store.put(key, entry(b"x" * 10_000, stored_at=START + number, seconds=1_000))
    kept = keys(path)
    assert path.stat().st_size < limit * 1.2
    assert 20 <= len(kept) <= 40
    assert kept == set(written[-len(kept) :])


def test_a_new_key_drops_others_and_not_itself(path: Path) -> None:
    store = SqliteCache(path, limit_bytes=60_000)
    for number in range(5):
        key = CacheKey(f"{number:064}")
        store.put(key, entry(b"x" * 40_000, stored_at=START + number))
        assert store.get(key, START + number) is not None


def test_processes_that_make_the_same_file_share_it(path: Path) -> None:
    script = """
import sys
from pathlib import Path
from millrace.steps import CacheEntry, CacheKey
from millrace.steps.sqlite_cache import SqliteCache

store = SqliteCache(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for turn in range(20):
    store.put(CacheKey(f"{sys.argv[2]}-{turn}"), CacheEntry(b"1", 1.0, 2.0))
    store.put(CacheKey("shared"), CacheEntry(b"1", 1.0, 2.0))
    assert store.get(CacheKey("shared"), 1.0)
"""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    assert keys(path) == {f"{number}-{turn}" for number in range(2) for turn in range(20)} | {"shared"}


def test_a_file_that_is_deleted_is_made_again(path: Path) -> None:
    store = SqliteCache(path)
    store.put(KEY, entry())
    path.unlink()
    assert store.get(KEY, START) is None
    store.put(KEY, entry())
    assert store.get(KEY, START) == entry()


def test_a_file_that_is_not_a_database_is_named_with_the_remedy(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 1_000)
    for call in (lambda: SqliteCache(path).get(KEY, START), lambda: SqliteCache(path).put(KEY, entry())):
        with pytest.raises(CacheError, match="file is not a database") as caught:
            call()
        assert repr(str(path)) in str(caught.value)
        assert "delete the file" in str(caught.value)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CacheError, match="set MILLRACE_HOME"):
        SqliteCache(tmp_path / "file" / "cache.sqlite3").get(KEY, START)
