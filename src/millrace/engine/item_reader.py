"""Reading the items of a Map Run, one at a time.

Source: AWS Step Functions Developer Guide, "ItemReader (Map)".
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final, cast
from urllib.parse import unquote_plus

import orjson

from millrace.engine.distributed import InputType, ManifestType, ReaderConfig, ReaderTransformation
from millrace.engine.item_csv import csv_items, csv_rows, row_item
from millrace.engine.item_json import json_items, jsonl_items
from millrace.engine.item_lines import lines, unpacked
from millrace.engine.item_source import ItemReaderError, ObjectStore, ObjectStoreError
from millrace.engine.map_run_spec import ReaderSpec
from millrace.model.json import Json

_BUCKET_ARN: Final = "arn:aws:s3:::"
# Bytes of an inventory's manifest.json, which only lists files.
_MANIFEST_LIMIT: Final = 16_777_216


async def read_items(reader: ReaderSpec, store: ObjectStore) -> AsyncIterator[Json]:
    """Give the items that an ItemReader names.

    Raises:
        ItemReaderError: They cannot be read.
    """
    if reader.max_items < 0:
        raise ItemReaderError("field MaxItems must be positive")
    count = 0
    try:
        async with aclosing(cast("AsyncGenerator[Json, None]", _source(reader, store))) as items:
            async for item in items:
                yield item
                count += 1
                if count == reader.max_items:
                    return
    except ObjectStoreError as error:
        raise ItemReaderError(str(error)) from error


def _source(reader: ReaderSpec, store: ObjectStore) -> AsyncIterator[Json]:
    config = reader.config
    bucket = _text(reader, "Bucket")
    if reader.action == "listObjectsV2":
        prefix = reader.arguments.get("Prefix")
        return _listed(store, bucket, prefix if isinstance(prefix, str) else "", config)
    key, version = _text(reader, "Key"), reader.arguments.get("VersionId")
    parts = store.fetch(bucket, key, version if isinstance(version, str) else None)
    match config.manifest:
        case ManifestType.S3_INVENTORY:
            return _inventory(store, parts)
        case ManifestType.ATHENA_DATA:
            return _athena(store, parts, config)
        case None:
            return _contents(parts, key, config)


def _text(reader: ReaderSpec, name: str) -> str:
    value = reader.arguments.get(name)
    if isinstance(value, str) and value:
        return value
    raise ItemReaderError(f"expected the ItemReader's {name} to be a string, found {value!r}")


def _contents(parts: AsyncIterator[bytes], key: str, config: ReaderConfig) -> AsyncIterator[Json]:
    """Give the items that an object holds."""
    match config.input_type:
        case InputType.CSV:
            return csv_items(unpacked(parts, key), config)
        case InputType.JSONL:
            return jsonl_items(unpacked(parts, key))
        case InputType.PARQUET:
            raise ItemReaderError(
                f"expected an object that this engine can read, found the Parquet file {key!r}; "
                "give CSV, JSON or JSON Lines"
            )
        case _:
            return json_items(unpacked(parts, key), config.pointer)


async def _listed(store: ObjectStore, bucket: str, prefix: str, config: ReaderConfig) -> AsyncIterator[Json]:
    """Give the objects of a bucket, or what they hold."""
    async for found in store.objects(bucket, prefix):
        if config.transformation is ReaderTransformation.NONE:
            yield found.item()
        elif found.size or not found.key.endswith("/"):
            async for item in _contents(store.fetch(bucket, found.key), found.key, config):
                yield item


async def _inventory(store: ObjectStore, parts: AsyncIterator[bytes]) -> AsyncIterator[Json]:
    """Give the rows of the files that an S3 Inventory's manifest lists.

    Source: Amazon S3 User Guide, "Locating your inventory list"; keys in CSV inventories are URL-encoded.
    """
    manifest = await _manifest(parts)
    bucket = manifest.get("destinationBucket")
    schema, files = manifest.get("fileSchema"), manifest.get("files")
    if manifest.get("fileFormat") != "CSV" or not isinstance(bucket, str) or not isinstance(schema, str):
        raise ItemReaderError(
            f"expected the manifest of an S3 Inventory in CSV, found fileFormat {manifest.get('fileFormat')!r}; "
            "configure the inventory to write CSV"
        )
    headers = [name.strip() for name in schema.split(",")]
    for file in files if isinstance(files, list) else []:
        key = file.get("key") if isinstance(file, dict) else None
        if not isinstance(key, str):
            raise ItemReaderError(f"expected each of the manifest's files to have a key, found {file!r}")
        stored = store.fetch(bucket.removeprefix(_BUCKET_ARN), key)
        async for row in csv_rows(unpacked(stored, key), ","):
            item = row_item(headers, row)
            if isinstance(item.get("Key"), str):
                item["Key"] = unquote_plus(str(item["Key"]))
            yield item


async def _athena(store: ObjectStore, parts: AsyncIterator[bytes], config: ReaderConfig) -> AsyncIterator[Json]:
    """Give what the objects hold that an Athena manifest lists, an S3 URI a line."""
    async for fresh in lines(parts):
        for line in fresh:
            uri = line.strip()
            if not uri:
                continue
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            async for item in _contents(store.fetch(bucket, key), key, config):
                yield item


async def _manifest(parts: AsyncIterator[bytes]) -> dict[str, Json]:
    text = bytearray()
    async for part in parts:
        text += part
        if len(text) > _MANIFEST_LIMIT:
            raise ItemReaderError(f"expected a manifest of at most {_MANIFEST_LIMIT} bytes")
    try:
        manifest = cast("Json", orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ItemReaderError(f"expected the manifest.json of an S3 Inventory: {error}") from error
    if not isinstance(manifest, dict):
        raise ItemReaderError("expected the manifest.json of an S3 Inventory, found no object")
    return manifest
