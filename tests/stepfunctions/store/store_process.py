"""A process of its own that writes to a data file until it is killed or fails; it prints what was acknowledged.

Arguments: the file, how many groups to commit, then one of
    fault POINT PASSING    be killed at a fault point
    bytes LIMIT            let no file grow beyond so many bytes until each caller met an error, then commit once more
    pages LIMIT            the same, with so many pages of the database
    hold                   keep the file open until the input ends
"""

import asyncio
import resource
import sys
from pathlib import Path

from store_records import block, commit, execution, machine

from millrace.stepfunctions import faults
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.sqlite_store import SqliteStore

CALLERS = 4


def say(word: str, what: object) -> None:
    print(word, what, flush=True)


def pair(store: SqliteStore) -> tuple[int, list[Change]]:
    """Make a group of two executions with their histories; give the first one's key too."""
    first, second = store.next_execution_key(), store.next_execution_key()
    return first, [
        *store.put_execution(execution(first, input="x" * 10_000), b"state"),
        *store.put_history(block(first, 1, 3)),
        *store.put_execution(execution(second), b"state"),
        *store.put_history(block(second, 1, 3)),
    ]


async def write(store: SqliteStore, groups: int) -> None:
    """Commit pairs, from several callers at a time."""

    async def call() -> None:
        for _ in range(groups // CALLERS):
            first, changes = pair(store)
            try:
                await store.commit(changes)
            except StoreError as error:
                say("failed", first)
                say("error", f"{type(error).__name__}: {error}")
                return
            say("kept", first)

    await asyncio.gather(*(call() for _ in range(CALLERS)))


def main(path: str, groups: str, how: str, *parameters: str) -> None:
    if how == "fault":
        faults.arm(parameters[0], int(parameters[1]))
    store = SqliteStore.open(Path(path))
    commit(store, store.put_machine(machine()))
    database = store._database._connection  # pyright: ignore[reportPrivateUsage] - only SQLite can limit its pages
    match how, parameters:
        case "bytes", (limit,):
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
        case "pages", (limit,):
            database.execute(f"PRAGMA max_page_count = {int(limit)}")
        case "hold", ():
            say("open", "")
            sys.stdin.read()
        case _:
            pass
    asyncio.run(write(store, int(groups)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    database.execute("PRAGMA max_page_count = 1073741823")
    first, changes = pair(store)
    commit(store, changes)
    say("kept", first)
    asyncio.run(store.close())


if __name__ == "__main__":
    main(*sys.argv[1:])
