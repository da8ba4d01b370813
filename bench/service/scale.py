"""How much one engine holds: waiting executions, finished ones, items of a distributed Map."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from bench.service.endpoint import ROLE, Endpoint, client
from bench.service.machines import distributed_map, pass_chain, waiting
from bench.service.table import Figure
from tests.stepfunctions.soak.client import Client, UnreachableError
from tests.stepfunctions.soak.server import HOST, Server, engine, free_port, python_module

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Status
from millrace.stepfunctions.arns import execution_of
from millrace.stepfunctions.records import (
    ExecutionRecord,
    HistoryBlock,
    MachineArn,
    MachineRecord,
    Revision,
    RevisionId,
)
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.sqlite_store import SqliteStore

_STARTERS: Final = 32
_FINISHED_AT_ONCE: Final = 1_000
_BUCKET: Final = "bench"


def waiting_executions(folder: Path, quick: bool) -> Iterator[Figure]:
    """Start executions that wait, kill the engine, and see when it serves again."""
    count = 1_000 if quick else 10_000
    server = engine(folder).start()
    try:
        machine = Endpoint(server).make(waiting())
        began = time.perf_counter()
        last = asyncio.run(_start_many(server.port, machine, count))
        yield Figure(f"start of {count:,} executions, light clients: starts/s", count / (time.perf_counter() - began))
        yield Figure(f"{count:,} executions in a Wait: resident memory, MiB", server.resident(), 300)
        server.kill()
        began = time.perf_counter()
        server.launch()
        asyncio.run(_serves_again(server.port, machine, last))
        yield Figure("the same after SIGKILL: until it serves again, s", time.perf_counter() - began, 3)
        yield Figure("the same after SIGKILL: resident memory, MiB", server.resident(), 300)
    finally:
        server.kill()


async def _start_many(port: int, machine: str, count: int) -> str:
    calls, numbers, last = Client(port), iter(range(count)), ""

    async def work() -> None:
        nonlocal last
        for number in numbers:
            order = orjson.dumps({"id": number, "lines": [{"article": "A-1", "count": 2}], "note": "x" * 50}).decode()
            last = (await calls.call("StartExecution", stateMachineArn=machine, input=order))["executionArn"]

    await asyncio.gather(*(work() for _ in range(_STARTERS)))
    calls.close()
    return last


async def _serves_again(port: int, machine: str, execution: str) -> None:
    calls = Client(port)
    while True:
        try:
            found = await calls.call("DescribeExecution", executionArn=execution)
            assert found["status"] == "RUNNING", found
            await calls.call("StartExecution", stateMachineArn=machine, input="{}")
        except UnreachableError:
            await asyncio.sleep(0.01)
        else:
            break
    calls.close()


def finished_executions(folder: Path, quick: bool) -> Iterator[Figure]:
    """Start the engine on a file that has many finished executions."""
    count = 10_000 if quick else 100_000
    server = engine(folder)
    asyncio.run(_fill(folder / "engine.sqlite3", count))
    try:
        began = time.perf_counter()
        server.start()
        yield Figure(f"start-up with {count:,} finished executions, s", time.perf_counter() - began, 2)
    finally:
        server.stop()


async def _fill(data: Path, count: int) -> None:
    """Write finished executions of one machine, each with the history of a Pass state."""
    store = SqliteStore.open(data)
    revision = Revision(RevisionId("INITIAL"), json.dumps(pass_chain(1)), ROLE)
    arn = MachineArn("arn:aws:states:us-east-1:000000000000:stateMachine:finished")
    machine = MachineRecord(arn, "finished", ExecutionType.STANDARD, 1.7e9, revision)
    await store.commit(store.put_machine(machine))
    history = orjson.dumps(
        [
            {"timestamp": 1.7e9, "type": kind, "id": number, "previousEventId": max(0, number - 1)}
            for number, kind in enumerate(
                ("ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"), 1
            )
        ]
    )
    for first in range(0, count, _FINISHED_AT_ONCE):
        changes: list[Change] = []
        for number in range(first, min(count, first + _FINISHED_AT_ONCE)):
            record = ExecutionRecord(
                key=store.next_execution_key(),
                arn=execution_of(arn, f"e{number}"),
                name=f"e{number}",
                machine=arn,
                revision=revision.id,
                type=ExecutionType.STANDARD,
                status=Status.SUCCEEDED,
                started=time.time(),
                stopped=time.time(),
                input='{"n": 0}',
                output='{"n": 1}',
                events=4,
            )
            changes += store.put_execution(record, None)
            changes += store.put_history(HistoryBlock(record.key, 1, 4, history))
        await store.commit(changes)
    await store.close()


def distributed_maps(folder: Path, quick: bool) -> Iterator[Figure]:
    """Map many items from S3, in two formats, each with an engine of its own."""
    count = 5_000 if quick else 100_000
    port = free_port()
    aws = Server(
        python_module("moto.server", "-H", HOST, "-p", str(port)), port, folder / "aws.log", "/moto-api/"
    ).start()
    try:
        buckets: Any = client("s3", aws.url)
        buckets.create_bucket(Bucket=_BUCKET)
        lines = "".join(f'{{"id": {number}, "name": "item {number}"}}\n' for number in range(count))
        buckets.put_object(Bucket=_BUCKET, Key="items.jsonl", Body=lines.encode())
        rows = "id,name\n" + "".join(f"{number},item {number}\n" for number in range(count))
        buckets.put_object(Bucket=_BUCKET, Key="items.csv", Body=rows.encode())
        for label, key, reader in (
            ("JSON Lines", "items.jsonl", {"InputType": "JSONL"}),
            ("CSV", "items.csv", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
        ):
            yield from _distributed_map(folder / key, aws.url, label, count, distributed_map(_BUCKET, key, reader))
    finally:
        aws.kill()


def _distributed_map(folder: Path, aws: str, label: str, count: int, definition: dict[str, Any]) -> Iterator[Figure]:
    folder.mkdir()
    server = engine(folder, "--aws-endpoint", aws).start()
    try:
        endpoint = Endpoint(server)
        machine = endpoint.make(definition)
        idle = server.resident()
        began = time.perf_counter()
        endpoint.run(machine)
        took = time.perf_counter() - began
        yield Figure(f"distributed Map over {count:,} items of {label}: items/s", count / took)
        yield Figure("the same: peak of resident memory, MiB", server.resident(peak=True))
        yield Figure("the same: resident memory before it, MiB", idle)
    finally:
        server.stop()
