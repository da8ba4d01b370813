"""What a Map Run gives: its children's results as the state's output, or as objects in a bucket.

Source: AWS Step Functions Developer Guide, "ResultWriter (Map)".
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from millrace.engine.dataflow import data_limit_cause
from millrace.engine.distributed import OutputType, WriterTransformation
from millrace.engine.errors import DATA_LIMIT_EXCEEDED
from millrace.engine.item_source import ObjectStore, ObjectStoreError
from millrace.engine.map_run_children import ChildResult
from millrace.engine.map_run_errors import RESULT_WRITER_FAILED, MapRunError
from millrace.engine.map_run_spec import MapRunSpec, WriterSpec
from millrace.engine.messages import Status
from millrace.engine.payload import PAYLOAD_LIMIT, Payload, encode, text_of
from millrace.model.ids import StateName
from millrace.model.json import Json

# Bytes of one object of results; there are as many as are needed.
OBJECT_LIMIT: Final = 16_777_216

_FILES: Final = {Status.SUCCEEDED: "SUCCEEDED", Status.RUNNING: "PENDING"}


async def collect(results: AsyncIterator[ChildResult], spec: MapRunSpec, state: StateName) -> Payload:
    """Join the results into the output of a state.

    Raises:
        MapRunError: They are larger than a payload.
    """
    writer = spec.writer
    transformation = WriterTransformation.COMPACT if writer is None else writer.transformation
    parts: list[str] = []
    size = 2
    async for result in results:
        for part in _texts(result, transformation):
            parts.append(part)
            size += len(part) + 1
            if size > PAYLOAD_LIMIT + 1:
                raise MapRunError(DATA_LIMIT_EXCEEDED, data_limit_cause(state))
    if writer is not None and writer.output_type is OutputType.JSONL:
        payload = Payload.of("\n".join(parts))
    else:
        payload = Payload.parse(f"[{','.join(parts)}]")
    if payload.size > PAYLOAD_LIMIT:
        raise MapRunError(DATA_LIMIT_EXCEEDED, data_limit_cause(state))
    return payload


@dataclass(slots=True)
class _File:
    """Results of one status, as far as they are not written yet."""

    status: str
    parts: list[str] = field(default_factory=list[str])
    size: int = 0
    written: list[Json] = field(default_factory=list[Json])


class ResultObjects:
    """Writes results to a bucket, in objects of one status each, and a manifest that lists them.

    Args:
        spec: The Map Run.
        store: Where they go.
        wrote: Told how many items and children of each object were written.
    """

    def __init__(self, spec: MapRunSpec, store: ObjectStore, wrote: Callable[[ChildResult], None]) -> None:
        assert spec.writer is not None
        self._spec = spec
        self._writer: WriterSpec = spec.writer
        self._store = store
        self._wrote = wrote
        self._folder = f"{spec.writer.prefix}/{spec.id}" if spec.writer.prefix else spec.id
        self._files = {name: _File(name) for name in ("FAILED", "PENDING", "SUCCEEDED")}

    async def write(self, results: AsyncIterator[ChildResult]) -> Payload:
        """Write the results; give the state's output, which says where the manifest is.

        Raises:
            MapRunError: The bucket does not take them.
        """
        try:
            async for result in results:
                await self._add(result)
            for file in self._files.values():
                await self._flush(file)
            key = f"{self._folder}/manifest.json"
            await self._store.put(self._writer.bucket, key, encode(self._manifest()))
        except ObjectStoreError as error:
            raise MapRunError(RESULT_WRITER_FAILED, str(error)) from error
        return Payload.of(
            {"MapRunArn": self._spec.arn, "ResultWriterDetails": {"Bucket": self._writer.bucket, "Key": key}}
        )

    async def _add(self, result: ChildResult) -> None:
        file = self._files[_FILES.get(result.status, "FAILED")]
        for part in _texts(result, self._writer.transformation):
            file.parts.append(part)
            file.size += len(part) + 1
        self._wrote(result)
        if file.size > OBJECT_LIMIT:
            await self._flush(file)

    async def _flush(self, file: _File) -> None:
        if not file.parts:
            return
        if self._writer.output_type is OutputType.JSONL:
            body = "".join([f"{part}\n" for part in file.parts]).encode()
        else:
            body = f"[{','.join(file.parts)}]".encode()
        ending = self._writer.output_type.value.lower()
        key = f"{self._folder}/{file.status}_{len(file.written)}.{ending}"
        await self._store.put(self._writer.bucket, key, body)
        file.written.append({"Key": key, "Size": len(body)})
        file.parts, file.size = [], 0

    def _manifest(self) -> Json:
        return {
            "DestinationBucket": self._writer.bucket,
            "MapRunArn": self._spec.arn,
            "ResultFiles": {file.status: file.written for file in self._files.values()},
        }


def _texts(result: ChildResult, transformation: WriterTransformation) -> Iterator[str]:
    """Give what stands for a child, as JSON texts; one that did not succeed is described as a whole."""
    if result.output is None or transformation is WriterTransformation.NONE:
        yield text_of(result.described())
    elif transformation is WriterTransformation.FLATTEN and result.output.startswith("["):
        members = Payload.parse(result.output).value
        assert isinstance(members, list)
        for member in members:
            yield text_of(member)
    else:
        yield result.output
