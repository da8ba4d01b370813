"""What was acknowledged is kept, nothing in part: after a kill at any moment of a commit, and on a full disk."""

import asyncio
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from store_records import commit, execution, machine

from millrace.stepfunctions import faults
from millrace.stepfunctions.store.port import ExecutionFilter, PageRequest
from millrace.stepfunctions.store.sqlite_store import SqliteStore

PROCESS = Path(__file__).with_name("store_process.py")


def run(path: Path, *arguments: object) -> tuple[int, dict[str, list[str]]]:
    """Write to a file in a process of its own; give its exit code, and what it said by first word."""
    command = [sys.executable, str(PROCESS), str(path), *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said: defaultdict[str, list[str]] = defaultdict(list)
    for line in process.stdout.splitlines():
        word, _, rest = line.partition(" ")
        said[word].append(rest)
    assert "Traceback" not in process.stderr, process.stderr
    return process.returncode, said


def kept(path: Path) -> set[int]:
    """Open a file after a mishap; give the first executions of the pairs that are there, each wholly."""
    store = SqliteStore.open(path)
    there = {record.key for record in store.executions(ExecutionFilter(), PageRequest(limit=10_000)).records}
    assert {record.key for record, _ in store.running()} == there
    assert all(len(store.history(key, 1, 10)) == 3 for key in there)
    asyncio.run(store.close())
    first = {key for key in there if key % 2}
    assert there == first | {key + 1 for key in first}
    return {*first}


@pytest.mark.parametrize("passing", [3, 7])
@pytest.mark.parametrize(
    "point", [point for point in faults.POINTS if point.startswith("store.") and "migr" not in point]
)
def test_after_a_kill_all_that_was_acknowledged_is_there(tmp_path: Path, point: str, passing: int) -> None:
    path = tmp_path / "data.sqlite3"
    code, said = run(path, 40, "fault", point, passing)
    assert code == -signal.SIGKILL
    assert {int(key) for key in said["kept"]} <= kept(path)


def test_a_migration_that_was_interrupted_is_done_when_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "data.sqlite3"
    code, _ = run(path, 4, "fault", "store.during-migration", 1)
    assert code == -signal.SIGKILL
    store = SqliteStore.open(path)
    commit(store, store.put_machine(machine()), store.put_execution(execution(1), b""))
    assert store.execution(execution(1).arn) == execution(1)
    asyncio.run(store.close())


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        pytest.param(("bytes", 1_000_000), "StoreError: the data file", id="a write fails"),
        pytest.param(("pages", 150), "StoreFullError: the data file", id="no page is left"),
    ],
)
def test_a_full_disk_is_reported_harms_nothing_and_goes_on_when_it_has_room(
    tmp_path: Path, limit: tuple[str, int], error: str
) -> None:
    path = tmp_path / "data.sqlite3"
    code, said = run(path, 400, *limit)
    assert code == 0
    assert len(said["kept"]) > 10
    assert said["error"]
    assert all(line.startswith(error) and "disk" in line and "was not kept" in line for line in said["error"])
    assert kept(path) == {int(key) for key in said["kept"]}
