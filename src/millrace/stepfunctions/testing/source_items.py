"""The items of a Map under test, out of what its ItemReader would read: TestState's mapItemReaderData."""

from collections.abc import AsyncIterator
from typing import TypeVar

from millrace.engine.distributed import InputType, ReaderConfig
from millrace.engine.item_csv import csv_items
from millrace.engine.item_json import json_items, jsonl_items
from millrace.model.json import Json

T = TypeVar("T")


def source_items(data: str, config: ReaderConfig) -> list[Json]:
    """Read items as they stand in their source.

    Raises:
        ItemReaderError: The data is not what the ReaderConfig says.
    """
    part = each(data.encode())
    match config.input_type:
        case InputType.CSV:
            return gathered(csv_items(part, config))
        case InputType.JSONL:
            return gathered(jsonl_items(part))
        case _:
            return gathered(json_items(part, config.pointer))


async def each(*values: T) -> AsyncIterator[T]:
    """Give values that are in memory to who takes an asynchronous iterator."""
    for value in values:
        yield value


def gathered(values: AsyncIterator[T]) -> list[T]:
    """Take all values of an asynchronous iterator that never waits, since its source is in memory."""

    async def gather() -> list[T]:
        return [value async for value in values]

    coroutine = gather()
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise AssertionError("expected an iterator that never waits")
