"""What a Map Run is to do: a distributed Map's fields, evaluated, in plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from millrace.engine.definition import ExecutionType
from millrace.engine.distributed import (
    HeaderLocation,
    InputType,
    ManifestType,
    OutputType,
    ReaderConfig,
    ReaderTransformation,
    WriterTransformation,
)
from millrace.engine.payload import Payload, text_of
from millrace.model.ids import StateName
from millrace.model.json import Json

# Children at once where MaxConcurrency is 0, and at most; AWS starts 10,000 in either case.
DEFAULT_CONCURRENCY: Final = 1_000
CONCURRENCY_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """An ItemReader, evaluated.

    Attributes:
        action: "getObject" or "listObjectsV2".
        max_items: 0 without limit.
    """

    action: str
    arguments: Mapping[str, Json]
    config: ReaderConfig = field(default_factory=ReaderConfig)
    max_items: int = 0

    def to_json(self) -> dict[str, Json]:
        """Write the reader as JSON."""
        config = self.config
        return {
            "action": self.action,
            "arguments": text_of(dict(self.arguments)),
            "maxItems": self.max_items,
            "inputType": config.input_type,
            "headerLocation": config.header_location.value,
            "headers": list(config.headers),
            "delimiter": config.delimiter,
            "pointer": config.pointer,
            "transformation": config.transformation.value,
            "manifest": config.manifest,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ReaderSpec":
        """Read what `to_json` wrote."""
        input_type, manifest = data["inputType"], data["manifest"]
        arguments = Payload.parse(data["arguments"]).value
        assert isinstance(arguments, dict)
        return cls(
            action=data["action"],
            arguments=arguments,
            config=ReaderConfig(
                input_type=None if input_type is None else InputType(input_type),
                header_location=HeaderLocation(data["headerLocation"]),
                headers=tuple(data["headers"]),
                delimiter=data["delimiter"],
                pointer=data["pointer"],
                transformation=ReaderTransformation(data["transformation"]),
                manifest=None if manifest is None else ManifestType(manifest),
            ),
            max_items=data["maxItems"],
        )


@dataclass(frozen=True, slots=True)
class BatcherSpec:
    """An ItemBatcher, evaluated.

    Attributes:
        max_items: Items of a batch; 0 without limit.
        max_bytes: Bytes of a child's input; 0 for what a payload may have.
        batch_input: What each batch carries beside its items; None without.
    """

    max_items: int = 0
    max_bytes: int = 0
    batch_input: Payload | None = None


@dataclass(frozen=True, slots=True)
class WriterSpec:
    """A ResultWriter, evaluated.

    Attributes:
        bucket: Empty: the results become the state's output.
        prefix: What object keys begin with; without a "/" at its end.
    """

    bucket: str
    prefix: str
    transformation: WriterTransformation
    output_type: OutputType = OutputType.JSON


@dataclass(frozen=True, slots=True)
class MapRunSpec:
    """A Map Run.

    Attributes:
        arn: Its ARN.
        label: What its children's ARNs have after the state machine's name.
        start_at: The first state of each child.
        child_type: The children's type.
        items: An array, or an object whose members are the items; None where a reader gives them.
        concurrency: Children at once; 0 where the definition sets no limit.
        tolerated_count: Failed items that do not fail the run; 0 sets no limit, unless the percentage sets none either.
        tolerated_percentage: The same in percent of all items.
        redrives: How often it was redriven.
    """

    arn: str
    label: str
    start_at: StateName
    child_type: ExecutionType
    items: Payload | None = None
    reader: ReaderSpec | None = None
    batcher: BatcherSpec | None = None
    writer: WriterSpec | None = None
    concurrency: int = 0
    tolerated_count: int = 0
    tolerated_percentage: float = 0.0
    redrives: int = 0

    @property
    def id(self) -> str:
        """The part of the ARN that is the run's own."""
        return self.arn.rsplit(":", 1)[-1]

    def to_json(self) -> dict[str, Json]:
        """Write the run as JSON."""
        written: dict[str, Json] = {
            "arn": self.arn,
            "label": self.label,
            "startAt": self.start_at,
            "childType": self.child_type.value,
            "concurrency": self.concurrency,
            "toleratedCount": self.tolerated_count,
            "toleratedPercentage": self.tolerated_percentage,
            "redrives": self.redrives,
        }
        if self.items is not None:
            written["items"] = self.items.text
        if self.reader is not None:
            written["reader"] = self.reader.to_json()
        if self.batcher is not None:
            batcher = self.batcher
            batch_input = None if batcher.batch_input is None else batcher.batch_input.text
            written["batcher"] = [batcher.max_items, batcher.max_bytes, batch_input]
        if self.writer is not None:
            writer = self.writer
            written["writer"] = [writer.bucket, writer.prefix, writer.transformation.value, writer.output_type.value]
        return written

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MapRunSpec":
        """Read what `to_json` wrote."""
        items, reader = data.get("items"), data.get("reader")
        batcher, writer = data.get("batcher"), data.get("writer")
        return cls(
            arn=data["arn"],
            label=data["label"],
            start_at=StateName(data["startAt"]),
            child_type=ExecutionType(data["childType"]),
            items=None if items is None else Payload.parse(items),
            reader=None if reader is None else ReaderSpec.from_json(reader),
            batcher=None if batcher is None else _batcher(*batcher),
            writer=None if writer is None else _writer(*writer),
            concurrency=data["concurrency"],
            tolerated_count=data["toleratedCount"],
            tolerated_percentage=data["toleratedPercentage"],
            redrives=data["redrives"],
        )


def _batcher(max_items: int, max_bytes: int, batch_input: str | None) -> BatcherSpec:
    return BatcherSpec(max_items, max_bytes, None if batch_input is None else Payload.parse(batch_input))


def _writer(bucket: str, prefix: str, transformation: str, output_type: str) -> WriterSpec:
    return WriterSpec(bucket, prefix, WriterTransformation(transformation), OutputType(output_type))


def labelled(machine: str, label: str) -> str:
    """Name what a distributed Map's children run; a Map within a child counts as one of the machine's own."""
    return f"{machine.split('/', 1)[0]}/{label}"
