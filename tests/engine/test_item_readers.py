"""Items are read from objects as AWS reads them, whatever parts the bytes come in."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.engine.distributed import (
    HeaderLocation,
    InputType,
    ManifestType,
    ReaderConfig,
    ReaderTransformation,
)
from millrace.engine.item_reader import read_items
from millrace.engine.item_source import ItemReaderError, ObjectStoreError, StoredObject
from millrace.engine.map_run_spec import ReaderSpec

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "cases"


class Bucket:
    """An object store in memory; bytes come in small parts."""

    def __init__(self, objects: dict[str, bytes], part: int = 7) -> None:
        self.contents = objects
        self.fetched = 0
        self._part = part

    async def fetch(self, bucket: str, key: str, version: str | None = None) -> AsyncIterator[bytes]:
        del bucket, version
        if key not in self.contents:
            raise ObjectStoreError("NoSuchKey", "The specified key does not exist.", 404)
        body = self.contents[key]
        for start in range(0, len(body), self._part):
            self.fetched += 1
            yield body[start : start + self._part]

    async def objects(self, bucket: str, prefix: str = "") -> AsyncIterator[StoredObject]:
        del bucket
        for key, body in sorted(self.contents.items()):
            if key.startswith(prefix):
                yield StoredObject(key, len(body), '"tag"', 1_700_000_000.5)

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        del bucket
        self.contents[key] = body


def read(reader: ReaderSpec, store: Bucket) -> list[Any]:
    async def collect() -> list[Any]:
        return [item async for item in read_items(reader, store)]

    return asyncio.run(collect())


def read_object(body: bytes | str, config: ReaderConfig, key: str = "file", part: int = 7, limit: int = 0) -> list[Any]:
    content = body.encode() if isinstance(body, str) else body
    reader = ReaderSpec("getObject", {"Bucket": "b", "Key": key}, config, limit)
    return read(reader, Bucket({key: content}, part))


CSV = ReaderConfig(InputType.CSV)
JSON = ReaderConfig(InputType.JSON)
JSONL = ReaderConfig(InputType.JSONL)


def _recorded() -> list[Any]:
    if not CASES.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not there"))]
    found: list[Any] = []
    for path in sorted(CASES.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case.get("buckets") and '"ItemReader"' in json.dumps(case.get("definition")):
            found.append(pytest.param(case, id=case["id"]))
    return found


@pytest.mark.parametrize("case", _recorded())
def test_items_recorded_on_aws_are_read(case: dict[str, Any]) -> None:
    states = case["definition"]["States"].values()
    reader = next(state["ItemReader"] for state in states if "ItemReader" in state)
    config = reader["ReaderConfig"]
    # Every recorded processor passes its item on, so that the execution's output is the items.
    expected = case["expected"]["output"]
    (bucket,) = case["buckets"].values()
    (key, body), *_ = bucket["objects"].items()
    limit = len(expected) if any(name.startswith("MaxItems") for name in config) else 0
    items = read_object(body, ReaderConfig(InputType(config["InputType"])), key, limit=limit)
    assert items == expected


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('a,b\n"x,1","y\nz"\n', [{"a": "x,1", "b": "y\nz"}]),
        ('a,b\n"say ""hi""",2\n', [{"a": 'say "hi"', "b": "2"}]),
        ("a,b\nx\\,1,y\\\\\\q\n", [{"a": "x,1", "b": "y\\q"}]),
        ('a,b\nsix" pipe,2\n3,4\n', [{"a": 'six" pipe', "b": "2"}, {"a": "3", "b": "4"}]),
        ("a,b\r\n1,2\r\n\r\n3,4", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("\ufeffa\n1\n", [{"a": "1"}]),
        ("a,b\n1\n1,2,3\n", [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]),
        ("a,b\n", []),
        ("", []),
        ('a\n"open\n', [{"a": "open\n"}]),
    ],
)
def test_csv_rows_become_objects(text: str, items: list[Any]) -> None:
    for part in (1, 2, 3, 100):
        assert read_object(text, CSV, part=part) == items


def test_csv_takes_given_headers_and_another_delimiter() -> None:
    config = ReaderConfig(InputType.CSV, HeaderLocation.GIVEN, ("x", "y"), "SEMICOLON")
    assert read_object("1;2\n3;4\n", config) == [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_characters="\r\\", blacklist_categories=["Cs"])), min_size=2, max_size=2
        ),
        max_size=6,
    ),
    st.integers(1, 40),
)
def test_csv_gives_back_what_was_quoted(rows: list[list[str]], part: int) -> None:
    text = "".join(
        ",".join('"' + field.replace('"', '""') + '"' for field in row) + "\n" for row in [["a", "b"], *rows]
    )
    assert read_object(text, CSV, part=part) == [{"a": first, "b": second} for first, second in rows]


def test_json_lines_are_read_one_at_a_time() -> None:
    body = b'{"n":1}\n\n {"n":2}\r\n[3]\n"four"'
    assert read_object(body, JSONL, part=3) == [{"n": 1}, {"n": 2}, [3], "four"]


def test_reading_stops_at_max_items_without_fetching_the_rest() -> None:
    store = Bucket({"file": b"1\n" * 10_000}, part=100)
    reader = ReaderSpec("getObject", {"Bucket": "b", "Key": "file"}, JSONL, 3)
    assert read(reader, store) == [1, 1, 1]
    assert store.fetched == 1


def test_packed_objects_are_unpacked_by_their_name() -> None:
    packed = gzip.compress(b"1\n2\n") + gzip.compress(b"3\n")
    for part in (1, 5, 1000):
        assert read_object(packed, JSONL, "file.jsonl.gz", part) == [1, 2, 3]


def test_items_pointer_leads_to_an_array_within_a_document() -> None:
    body = json.dumps({"a/b": {"list": [[0], [1, 2]]}})
    pointer = ReaderConfig(InputType.JSON, pointer="/a~1b/list/1")
    assert read_object(body, pointer) == [1, 2]


@pytest.mark.parametrize(
    ("body", "config", "key", "message"),
    [
        (b'{"a": 1}', JSON, "file", "Attempting to map over non-iterable node."),
        (b"[1", JSON, "file", "expected a JSON document"),
        (b"1\n{", JSONL, "file", "expected JSON in line 2"),
        (b"\xff\n", JSONL, "file", "expected text in UTF-8"),
        (b"[]", ReaderConfig(InputType.JSON, pointer="/x"), "file", "there is no 'x'"),
        (b"PAR1", ReaderConfig(InputType.PARQUET), "file", "Parquet"),
        (b"x", JSONL, "file.gz", "packed by gzip"),
        (b"x", JSONL, "file.zst", "Zstandard"),
    ],
)
def test_what_cannot_be_read_is_told(body: bytes, config: ReaderConfig, key: str, message: str) -> None:
    with pytest.raises(ItemReaderError, match=message):
        read_object(body, config, key)


def test_an_object_that_is_not_there_is_told_in_s3s_words() -> None:
    reader = ReaderSpec("getObject", {"Bucket": "b", "Key": "gone"}, JSON)
    with pytest.raises(ItemReaderError, match=r"The specified key does not exist\..*Error Code: NoSuchKey"):
        read(reader, Bucket({}))


def test_listed_objects_are_items() -> None:
    reader = ReaderSpec("listObjectsV2", {"Bucket": "b", "Prefix": "in/"})
    items = read(reader, Bucket({"in/a": b"12", "out/b": b""}))
    assert items == [
        {"Etag": '"tag"', "Key": "in/a", "LastModified": 1_700_000_000, "Size": 2, "StorageClass": "STANDARD"}
    ]


def test_listed_objects_are_loaded_and_flattened() -> None:
    config = ReaderConfig(InputType.JSONL, transformation=ReaderTransformation.LOAD_AND_FLATTEN)
    store = Bucket({"in/": b"", "in/a": b"1\n2", "in/b.gz": gzip.compress(b"3")})
    assert read(ReaderSpec("listObjectsV2", {"Bucket": "b", "Prefix": "in/"}, config, 2), store) == [1, 2]
    assert read(ReaderSpec("listObjectsV2", {"Bucket": "b", "Prefix": "in/"}, config), store) == [1, 2, 3]


def test_an_inventorys_files_are_read_by_its_schema() -> None:
    manifest = {
        "destinationBucket": "arn:aws:s3:::lists",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz", "size": 1}],
    }
    store = Bucket({"m": json.dumps(manifest).encode(), "data/1.csv.gz": gzip.compress(b'"b","a+b%2F1.txt","5"\n')})
    config = ReaderConfig(InputType.MANIFEST, manifest=ManifestType.S3_INVENTORY)
    assert read(ReaderSpec("getObject", {"Bucket": "b", "Key": "m"}, config), store) == [
        {"Bucket": "b", "Key": "a b/1.txt", "Size": "5"}
    ]


def test_an_athena_manifests_objects_are_read() -> None:
    store = Bucket({"m.csv": b"s3://b/x\ns3://b/y\n", "x": b"1\n", "y": b"2\n"})
    config = ReaderConfig(InputType.JSONL, manifest=ManifestType.ATHENA_DATA)
    assert read(ReaderSpec("getObject", {"Bucket": "b", "Key": "m.csv"}, config), store) == [1, 2]
