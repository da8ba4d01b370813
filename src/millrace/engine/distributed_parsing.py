"""Reading what a Map has in DISTRIBUTED mode.

Source: AWS Step Functions Developer Guide, "ItemReader (Map)", "ItemBatcher (Map)" and "ResultWriter (Map)".
"""

import uuid
from typing import Final

from millrace.engine.definition import ExecutionType
from millrace.engine.dialect import Dialect
from millrace.engine.distributed import (
    DELIMITERS,
    LABEL_LIMIT,
    DistributedMap,
    HeaderLocation,
    InputType,
    ItemBatcher,
    ItemReader,
    ManifestType,
    OutputType,
    ReaderConfig,
    ReaderTransformation,
    ResultWriter,
    WriterTransformation,
)
from millrace.engine.fields import COUNT_LIMIT, Fields, found
from millrace.engine.payload import PAYLOAD_LIMIT
from millrace.engine.resource import Resource
from millrace.engine.shapes import (
    BATCHER_SHAPES,
    PROCESSOR_CONFIG_SHAPE,
    READER_CONFIG_SHAPES,
    READER_SHAPES,
    WRITER_CONFIG_SHAPE,
    WRITER_SHAPES,
)
from millrace.model.ids import StateName

MAX_ITEMS_LIMIT: Final = 100_000_000

_ONLY_DISTRIBUTED: Final = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_MODES: Final = ("INLINE", "DISTRIBUTED")
_READING: Final = "a resource that reads items (arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2)"
_WRITING: Final = "the resource that writes results (arn:aws:states:::s3:putObject)"
_NO_RESOURCE: Final = Resource.parse("arn:aws:states:::s3:getObject")


def read_distributed(name: StateName, fields: Fields, processor: Fields, dialect: Dialect) -> DistributedMap | None:
    """Read a Map's fields beyond those of INLINE mode; None in INLINE mode.

    Args:
        name: The Map's name.
        fields: Its fields.
        processor: Its processor's.
        dialect: Its query language.
    """
    config = _config(processor)
    if config is None or config.choice("Mode", _MODES, "INLINE") == "INLINE":
        for field in _ONLY_DISTRIBUTED:
            if field in fields.values:
                fields.fault(field, f"{field} needs a processor in DISTRIBUTED mode; set ProcessorConfig.Mode")
        return None
    return DistributedMap(
        child_type=ExecutionType(config.choice("ExecutionType", tuple(ExecutionType), ExecutionType.STANDARD)),
        label=_label(name, fields),
        reader=_reader(fields, dialect),
        batcher=_batcher(fields, dialect),
        writer=_writer(fields, dialect),
    )


def _config(processor: Fields) -> Fields | None:
    config = _part(processor, "ProcessorConfig", "an object with Mode")
    if config is not None:
        config.only(PROCESSOR_CONFIG_SHAPE)
    return config


def _part(fields: Fields, name: str, what: str, location: str = "") -> Fields | None:
    """Read a member that is an object; None when it is absent."""
    return fields.object(name, what, location) if name in fields.values else None


def _label(name: StateName, fields: Fields) -> str:
    label = fields.values.get("Label")
    if isinstance(label, str) and 0 < len(label) <= LABEL_LIMIT:
        return label
    if label is not None:
        fields.fault("Label", f"expected a string of 1 to {LABEL_LIMIT} characters, found {found(label)}")
    # Of the name alone, so that the ARNs of every revision's children look alike.
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def _resource(fields: Fields, actions: tuple[str, ...], what: str) -> Resource:
    arn = fields.values.get("Resource")
    try:
        resource = Resource.parse(arn) if isinstance(arn, str) else None
    except ValueError:
        resource = None
    if resource is not None and resource.service in ("s3", "aws-sdk:s3") and resource.action in actions:
        return resource
    fields.fault("Resource", f"expected {what}, found {found(arn)}")
    return _NO_RESOURCE


def _reader(fields: Fields, dialect: Dialect) -> ItemReader | None:
    reader = _part(fields, "ItemReader", "an object with Resource", "ItemReader/")
    if reader is None:
        return None
    reader.only(READER_SHAPES[dialect.name])
    resource = _resource(reader, ("getObject", "listObjectsV2"), _READING)
    arguments = dialect.arguments(reader)
    config = _part(reader, "ReaderConfig", "an object with InputType", "ItemReader/ReaderConfig/")
    if config is None:
        return ItemReader(resource, ReaderConfig(), arguments)
    config.only(READER_CONFIG_SHAPES[dialect.name])
    # A path to a negative number fails the Map Run, not the state (recorded).
    low = 0 if "MaxItems" in config.values else -COUNT_LIMIT
    high = MAX_ITEMS_LIMIT if "MaxItems" in config.values else COUNT_LIMIT
    return ItemReader(resource, _reader_config(config), arguments, dialect.count(config, "MaxItems", low, high))


def _reader_config(config: Fields) -> ReaderConfig:
    values = config.values
    given = config.choice("InputType", tuple(InputType), InputType.JSON) if "InputType" in values else None
    input_type = None if given is None else InputType(given)
    manifest = None
    if input_type is InputType.MANIFEST or "ManifestType" in values:
        manifest = ManifestType(config.choice("ManifestType", tuple(ManifestType), ManifestType.S3_INVENTORY))
    location = HeaderLocation(config.choice("CSVHeaderLocation", tuple(HeaderLocation), HeaderLocation.FIRST_ROW))
    headers = values.get("CSVHeaders", [])
    names = tuple(name for name in headers if isinstance(name, str)) if isinstance(headers, list) else ()
    if not isinstance(headers, list) or len(names) < len(headers):
        config.fault("CSVHeaders", f"expected a list of strings, found {found(headers)}")
    if location is HeaderLocation.GIVEN and not names:
        config.fault("CSVHeaders", "expected the columns' names, since CSVHeaderLocation is GIVEN; found none")
    pointer = values.get("ItemsPointer", "")
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        config.fault("ItemsPointer", f"expected a JSON Pointer that starts with '/', found {found(pointer)}")
        pointer = ""
    return ReaderConfig(
        input_type=input_type,
        header_location=location,
        headers=names,
        delimiter=config.choice("CSVDelimiter", tuple(DELIMITERS), "COMMA"),
        pointer=pointer,
        transformation=ReaderTransformation(
            config.choice("Transformation", tuple(ReaderTransformation), ReaderTransformation.NONE)
        ),
        manifest=manifest,
    )


def _batcher(fields: Fields, dialect: Dialect) -> ItemBatcher | None:
    batcher = _part(fields, "ItemBatcher", "an object with MaxItemsPerBatch or MaxInputBytesPerBatch", "ItemBatcher/")
    if batcher is None:
        return None
    batcher.only(BATCHER_SHAPES[dialect.name])
    max_items = dialect.count(batcher, "MaxItemsPerBatch")
    max_bytes = dialect.count(
        batcher,
        "MaxInputBytesPerBatch",
        high=PAYLOAD_LIMIT if "MaxInputBytesPerBatch" in batcher.values else COUNT_LIMIT,
    )
    if max_items is None and max_bytes is None:
        batcher.fault("", "expected MaxItemsPerBatch, MaxInputBytesPerBatch or both, found neither")
    return ItemBatcher(max_items, max_bytes, dialect.template(batcher, "BatchInput"))


def _writer(fields: Fields, dialect: Dialect) -> ResultWriter | None:
    writer = _part(fields, "ResultWriter", "an object with Resource or WriterConfig", "ResultWriter/")
    if writer is None:
        return None
    writer.only(WRITER_SHAPES[dialect.name])
    resource = _resource(writer, ("putObject",), _WRITING) if "Resource" in writer.values else None
    config = _part(writer, "WriterConfig", "an object with Transformation and OutputType")
    if resource is None and config is None:
        writer.fault("", "expected Resource with its arguments, WriterConfig or both, found neither")
    arguments = dialect.arguments(writer)
    if config is None:
        return ResultWriter(resource, arguments)
    config.only(WRITER_CONFIG_SHAPE)
    given = "Transformation" in config.values
    transformation = config.choice("Transformation", tuple(WriterTransformation), WriterTransformation.NONE)
    return ResultWriter(
        resource,
        arguments,
        WriterTransformation(transformation) if given else None,
        OutputType(config.choice("OutputType", tuple(OutputType), OutputType.JSON)),
    )
