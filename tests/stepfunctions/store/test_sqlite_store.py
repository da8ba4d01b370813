import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_contract import ExecutionContract, MachineContract
from store_records import commit, ended, execution, machine

from millrace.stepfunctions.store.port import Store
from millrace.stepfunctions.store.sqlite_store import SqliteStore


class TestMachinesInSqlite(MachineContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = SqliteStore.in_memory()
        yield store
        asyncio.run(store.close())


class TestExecutionsInSqlite(ExecutionContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = SqliteStore.open(tmp_path / "data.sqlite3")
        yield store
        asyncio.run(store.close())


def test_what_was_committed_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "data.sqlite3"
    store = SqliteStore.open(path)
    commit(store, store.put_machine(machine()), store.put_execution(execution(store.next_execution_key()), b"state"))
    commit(store, store.put_execution(ended(execution(store.next_execution_key())), None))
    commit(store, store.delete_execution(execution(2).key))
    asyncio.run(store.close())

    again = SqliteStore.open(path)
    assert list(again.running()) == [(execution(1), b"state")]
    assert again.next_execution_key() == 3
    asyncio.run(again.close())
