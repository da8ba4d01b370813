"""What a definition says of a Map in DISTRIBUTED mode.

Source: AWS Step Functions Developer Guide, "Using Map state in Distributed mode" and the pages on ItemReader,
ItemBatcher and ResultWriter.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from millrace.engine.resource import Resource

if TYPE_CHECKING:
    # The definition's states hold these values, so its module cannot be imported here.
    from millrace.engine.dataflow import NumberField
    from millrace.engine.definition import ExecutionType
    from millrace.engine.templates import Template

LABEL_LIMIT: Final = 40


class InputType(StrEnum):
    """What the objects of a reader hold."""

    CSV = "CSV"
    JSON = "JSON"
    JSONL = "JSONL"
    MANIFEST = "MANIFEST"
    PARQUET = "PARQUET"


class HeaderLocation(StrEnum):
    """Where the names of a CSV file's columns are."""

    FIRST_ROW = "FIRST_ROW"
    GIVEN = "GIVEN"


class ManifestType(StrEnum):
    """What kind of list of objects a manifest is."""

    S3_INVENTORY = "S3_INVENTORY"
    ATHENA_DATA = "ATHENA_DATA"


class ReaderTransformation(StrEnum):
    """Whether listed objects are the items themselves, or hold them."""

    NONE = "NONE"
    LOAD_AND_FLATTEN = "LOAD_AND_FLATTEN"


class WriterTransformation(StrEnum):
    """What of each child is written: all about it, its output, or its output's members."""

    NONE = "NONE"
    COMPACT = "COMPACT"
    FLATTEN = "FLATTEN"


class OutputType(StrEnum):
    """How results are written: as an array, or one a line."""

    JSON = "JSON"
    JSONL = "JSONL"


DELIMITERS: Final = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """ReaderConfig, without MaxItems.

    Attributes:
        input_type: None where the resource lists objects.
        headers: CSVHeaders.
        delimiter: The name that CSVDelimiter gives.
        pointer: ItemsPointer: where in a JSON document the array is; empty for the document.
        manifest: None for what is no manifest.
    """

    input_type: InputType | None = None
    header_location: HeaderLocation = HeaderLocation.FIRST_ROW
    headers: tuple[str, ...] = ()
    delimiter: str = "COMMA"
    pointer: str = ""
    transformation: ReaderTransformation = ReaderTransformation.NONE
    manifest: ManifestType | None = None


@dataclass(frozen=True, slots=True)
class ItemReader:
    """Where the items come from."""

    resource: Resource
    config: ReaderConfig = field(default_factory=ReaderConfig)
    arguments: "Template | None" = None
    max_items: "NumberField | None" = None


@dataclass(frozen=True, slots=True)
class ItemBatcher:
    """How many items a child gets."""

    max_items: "NumberField | None" = None
    max_bytes: "NumberField | None" = None
    batch_input: "Template | None" = None


@dataclass(frozen=True, slots=True)
class ResultWriter:
    """Where results go.

    Attributes:
        resource: None: into the state's output.
        transformation: None where the definition names none.
    """

    resource: Resource | None = None
    arguments: "Template | None" = None
    transformation: WriterTransformation | None = None
    output_type: OutputType = OutputType.JSON


@dataclass(frozen=True, slots=True)
class DistributedMap:
    """What a Map has in DISTRIBUTED mode only.

    Attributes:
        child_type: Standard children have a history and may wait for tokens, Express ones are short.
        label: Marks the state in the ARNs of its Map Runs; made of the state's name where the definition has none.
        reader: None where the items are in the state's input.
    """

    child_type: "ExecutionType"
    label: str
    reader: ItemReader | None = None
    batcher: ItemBatcher | None = None
    writer: ResultWriter | None = None
