"""Map Runs with their items or results in buckets, and what is said when these cannot be used."""

from typing import Any

import orjson
import pytest

from millrace.engine import Result
from millrace.engine.item_source import ObjectStoreError
from millrace.engine.tasks import Function
from millrace.model.json import Json
from tests.engine.test_distributed_map import READER, WRITER, call, distributed, fail_on_two, run
from tests.engine.test_item_readers import Bucket


def test_items_that_cannot_be_read_fail_the_map_run() -> None:
    reader = {"Resource": READER, "ReaderConfig": {"InputType": "JSON"}, "Arguments": {"Bucket": "b", "Key": "k"}}
    result = run(distributed(ItemReader=reader), None, objects=Bucket({"k": b'{"a": 1}'}))
    assert (result.error, result.cause) == ("States.ItemReaderFailed", "Attempting to map over non-iterable node.")
    types = [event.type for event in result.history]
    assert types[-4:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_without_an_object_store_a_reader_says_what_is_missing() -> None:
    reader = {"Resource": READER, "Arguments": {"Bucket": "b", "Key": "k"}}
    result = run(distributed(ItemReader=reader))
    assert result.error == "States.ItemReaderFailed"
    assert "expected an object store" in str(result.cause)


@pytest.mark.parametrize(
    ("value", "error", "cause"),
    [
        (-1, "States.ItemReaderFailed", "field MaxItems must be positive"),
        ("x", "States.Runtime", 'The MaxItemsPath field refers to value "x" which is not a valid integer: $.n'),
    ],
)
def test_max_items_path_must_lead_to_a_count(value: Json, error: str, cause: str) -> None:
    reader = {
        "Resource": READER,
        "ReaderConfig": {"InputType": "JSON", "MaxItemsPath": "$.n"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    }
    definition = {**distributed(ItemReader=reader), "QueryLanguage": "JSONPath"}
    result = run(definition, {"n": value}, objects=Bucket({"k": b"[1]"}))
    assert result.error == error
    assert str(result.cause).endswith(cause)


def written(definition: dict[str, Any], given: Json, functions: dict[str, Function]) -> tuple[Result, dict[str, Any]]:
    """Run a machine, and give what it wrote, by the part of the key after the Map Run's id."""
    bucket = Bucket({})
    result = run(definition, given, functions, objects=bucket)
    return result, {key.split("/")[-1]: body for key, body in bucket.contents.items()}


def test_results_are_written_by_status_with_a_manifest() -> None:
    definition = distributed(
        call("f"),
        ResultWriter={"Resource": WRITER, "Arguments": {"Bucket": "b", "Prefix": "out"}},
        ToleratedFailureCount=1,
    )
    result, files = written(definition, [1, 2, 3], {"f": fail_on_two})
    assert sorted(files) == ["FAILED_0.json", "SUCCEEDED_0.json", "manifest.json"]
    output: Any = result.output
    run_id = output["MapRunArn"].rsplit(":", 1)[-1]
    assert output["ResultWriterDetails"] == {"Bucket": "b", "Key": f"out/{run_id}/manifest.json"}
    manifest = orjson.loads(files["manifest.json"])
    assert manifest["DestinationBucket"] == "b"
    assert manifest["MapRunArn"] == output["MapRunArn"]
    assert manifest["ResultFiles"]["PENDING"] == []
    assert manifest["ResultFiles"]["SUCCEEDED"] == [
        {"Key": f"out/{run_id}/SUCCEEDED_0.json", "Size": len(files["SUCCEEDED_0.json"])}
    ]
    first, third = orjson.loads(files["SUCCEEDED_0.json"])
    assert (first["Input"], first["Output"], third["Output"]) == ("1", "1", "3")
    assert first["RedriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    (failed,) = orjson.loads(files["FAILED_0.json"])
    assert (failed["Error"], failed["Status"], failed["RedriveStatus"]) == ("Two", "FAILED", "REDRIVABLE_BY_MAP_RUN")


@pytest.mark.parametrize(
    ("config", "file", "text"),
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, "SUCCEEDED_0.json", b"[[1],[2,3]]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "SUCCEEDED_0.jsonl", b"1\n2\n3\n"),
    ],
)
def test_results_are_written_as_the_writer_is_configured(config: dict[str, str], file: str, text: bytes) -> None:
    writer = {"Resource": WRITER, "Arguments": {"Bucket": "b"}, "WriterConfig": config}
    _, files = written(distributed(ResultWriter=writer), [[1], [2, 3]], {})
    assert files[file] == text


def test_a_writer_without_a_bucket_shapes_the_output() -> None:
    writer = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    assert run(distributed(ResultWriter=writer), [[1], [2, 3], 4]).output == [1, 2, 3, 4]


def test_results_of_a_map_run_that_failed_are_written_as_well() -> None:
    writer = {"Resource": WRITER, "Arguments": {"Bucket": "b"}}
    result, files = written(
        distributed(call("f"), ResultWriter=writer, MaxConcurrency=1), [1, 2, 3], {"f": fail_on_two}
    )
    assert result.error == "States.ExceedToleratedFailureThreshold"
    assert sorted(files) == ["FAILED_0.json", "SUCCEEDED_0.json", "manifest.json"]


def test_a_bucket_that_takes_no_results_fails_the_map() -> None:
    class Full(Bucket):
        async def put(self, bucket: str, key: str, body: bytes) -> None:
            del bucket, key, body
            raise ObjectStoreError("NoSuchBucket", "The specified bucket does not exist", 404)

    writer = {"Resource": WRITER, "Arguments": {"Bucket": "b"}}
    result = run(distributed(ResultWriter=writer), [1], objects=Full({}))
    assert result.error == "States.ResultWriterFailed"
    assert "The specified bucket does not exist" in str(result.cause)


def test_a_fault_of_the_object_store_fails_the_map_rather_than_hangs() -> None:
    class Faulty(Bucket):
        async def put(self, bucket: str, key: str, body: bytes) -> None:
            del bucket, key, body
            raise KeyError("ETag")

    writer = {"Resource": WRITER, "Arguments": {"Bucket": "b"}}
    result = run(distributed(ResultWriter=writer), [1], objects=Faulty({}))
    assert (result.error, result.cause) == ("States.TaskFailed", "KeyError: 'ETag'")
