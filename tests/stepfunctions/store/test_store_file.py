"""Files that cannot be opened: each is refused with what was found and what to do, and is left as it was."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from store_records import commit, execution, machine

from millrace.stepfunctions.store.errors import StoreDamagedError, StoreError, StoreLockedError, StoreNewerError
from millrace.stepfunctions.store.sqlite_store import SqliteStore

PROCESS = Path(__file__).with_name("store_process.py")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data.sqlite3"
    store = SqliteStore.open(path)
    changes = [store.put_execution(execution(key, input="x" * 5_000), b"state") for key in range(1, 60)]
    commit(store, store.put_machine(machine()), *changes)
    asyncio.run(store.close())
    return path


def not_a_database(path: Path) -> None:
    path.write_bytes(b"to whom it may concern" * 1_000)


def damaged_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"\xff" * 20)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name)")
        connection.commit()


@pytest.mark.parametrize("spoil", [not_a_database, damaged_header, cut_short, of_another_program])
def test_a_file_that_is_damaged_is_refused_and_left_as_it_is(path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(StoreDamagedError, match="restore the file from a backup, or start anew") as caught:
        SqliteStore.open(path)
    assert repr(str(path)) in str(caught.value)
    assert path.read_bytes() == before


def test_damage_that_is_met_later_is_reported_by_the_read(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 4 * 3 // 4096 * 4096)
        file.write(b"\xaa" * 60_000)
    store = SqliteStore.open(path)
    with pytest.raises(StoreDamagedError, match="is damaged"):
        list(store.running())
    asyncio.run(store.close())


def test_a_newer_file_is_refused_with_the_versions(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreNewerError, match=r"has schema version 99, and this Millrace knows versions up to \d+"):
        SqliteStore.open(path)
    assert path.read_bytes() == before


def test_a_journal_without_its_file_is_not_thrown_away(tmp_path: Path) -> None:
    journal = tmp_path / "data.sqlite3-wal"
    journal.write_bytes(b"changes")
    with pytest.raises(StoreDamagedError, match="put the file back, or move the journal away"):
        SqliteStore.open(tmp_path / "data.sqlite3")
    assert journal.read_bytes() == b"changes"


def test_a_second_process_is_refused_with_the_number_of_the_first(path: Path) -> None:
    command = [sys.executable, str(PROCESS), str(path), "0", "hold"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().startswith("open")
        with pytest.raises(StoreLockedError, match=rf"is in use by process {owner.pid}; end that process"):
            SqliteStore.open(path)
        owner.kill()
    store = SqliteStore.open(path)
    asyncio.run(store.close())


def test_a_file_can_be_opened_again_after_it_was_closed_or_refused(path: Path) -> None:
    for _ in range(2):
        store = SqliteStore.open(path)
        with pytest.raises(StoreLockedError):
            SqliteStore.open(path)
        asyncio.run(store.close())


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be opened .*choose another file with --data"):
        SqliteStore.open(tmp_path / "file" / "folder" / "data.sqlite3")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="make its folder one that can be written"):
        SqliteStore.open(tmp_path / "data.sqlite3")
    tmp_path.chmod(0o700)
