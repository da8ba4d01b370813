"""Items of JSON documents and of JSON Lines."""

from collections.abc import AsyncIterator
from typing import Final, cast

import orjson

from millrace.engine.item_lines import lines
from millrace.engine.item_source import ItemReaderError
from millrace.model.json import Json

# Bytes of a JSON document, which is held as a whole; AWS takes 10 GB. JSON Lines and CSV are read an item at a time.
DOCUMENT_LIMIT: Final = 268_435_456


async def json_items(parts: AsyncIterator[bytes], pointer: str) -> AsyncIterator[Json]:
    """Give the members of the array that a JSON document is, or holds.

    Args:
        parts: The document.
        pointer: Where the array is (RFC 6901); empty for the document.

    Raises:
        ItemReaderError: There is no array; worded as AWS does.
    """
    document = bytearray()
    async for part in parts:
        document += part
        if len(document) > DOCUMENT_LIMIT:
            raise ItemReaderError(
                f"expected a JSON document of at most {DOCUMENT_LIMIT} bytes, which is held as a whole; give larger "
                "ones as JSON Lines (InputType JSONL), which are read item by item"
            )
    try:
        value = cast("Json", orjson.loads(document))
    except orjson.JSONDecodeError as error:
        raise ItemReaderError(f"expected a JSON document: {error}") from error
    value = _pointed(value, pointer)
    if not isinstance(value, list):
        raise ItemReaderError("Attempting to map over non-iterable node.")
    for item in value:
        yield item


async def jsonl_items(parts: AsyncIterator[bytes]) -> AsyncIterator[Json]:
    """Give the value of each line; empty lines are none.

    Raises:
        ItemReaderError: A line is not JSON.
    """
    number = 0
    async for fresh in lines(parts):
        for line in fresh:
            number += 1
            if line.isspace():
                continue
            try:
                yield cast("Json", orjson.loads(line))
            except orjson.JSONDecodeError as error:
                raise ItemReaderError(f"expected JSON in line {number}: {error}") from error


def _pointed(value: Json, pointer: str) -> Json:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise ItemReaderError(f"expected ItemsPointer {pointer!r} to lead to an array; there is no {name!r}")
    return value
