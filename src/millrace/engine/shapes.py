"""Which fields the parts of a definition may have, by query language.

Source: Amazon States Language specification, "States" and the table of fields of each type.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

Shape: TypeAlias = frozenset[str]

_EVERY: Final = frozenset({"Type", "Comment", "QueryLanguage"})
_TRANSITION: Final = frozenset({"Next", "End"})
_FALLIBLE: Final = frozenset({"Retry", "Catch"})
_TASK: Final = _FALLIBLE | {"Resource", "Credentials", "TimeoutSeconds", "HeartbeatSeconds"}
_MAP: Final = _FALLIBLE | {
    "ItemProcessor",
    "ItemSelector",
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "Label",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
}

_OUTPUT: Final = frozenset({"Output", "Assign"})
_JSONATA: Final[Mapping[str, Shape]] = {
    "Pass": _EVERY | _TRANSITION | _OUTPUT,
    "Succeed": _EVERY | {"Output"},
    "Fail": _EVERY | {"Error", "Cause"},
    "Choice": _EVERY | _OUTPUT | {"Choices", "Default"},
    "Wait": _EVERY | _TRANSITION | _OUTPUT | {"Seconds", "Timestamp"},
    "Task": _EVERY | _TRANSITION | _OUTPUT | _TASK | {"Arguments"},
    "Parallel": _EVERY | _TRANSITION | _OUTPUT | _FALLIBLE | {"Branches", "Arguments"},
    "Map": _EVERY | _TRANSITION | _OUTPUT | _MAP | {"Items"},
}

_PATHS: Final = frozenset({"InputPath", "OutputPath"})
_RESULT: Final = frozenset({"Assign", "Parameters", "ResultPath"})
_JSONPATH: Final[Mapping[str, Shape]] = {
    "Pass": _EVERY | _TRANSITION | _PATHS | _RESULT | {"Result"},
    "Succeed": _EVERY | _PATHS,
    "Fail": _EVERY | {"Error", "ErrorPath", "Cause", "CausePath"},
    "Choice": _EVERY | _PATHS | {"Assign", "Choices", "Default"},
    "Wait": _EVERY | _TRANSITION | _PATHS | {"Assign", "Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Task": _EVERY
    | _TRANSITION
    | _PATHS
    | _RESULT
    | _TASK
    | {"ResultSelector", "TimeoutSecondsPath", "HeartbeatSecondsPath"},
    "Parallel": _EVERY | _TRANSITION | _PATHS | _RESULT | _FALLIBLE | {"Branches", "ResultSelector"},
    "Map": _EVERY
    | _TRANSITION
    | _PATHS
    | _RESULT
    | _MAP
    | {
        "Iterator",
        "ItemsPath",
        "ResultSelector",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    },
}

STATE_SHAPES: Final[Mapping[str, Mapping[str, Shape]]] = {"JSONata": _JSONATA, "JSONPath": _JSONPATH}
CATCHER_SHAPES: Final[Mapping[str, Shape]] = {
    "JSONata": frozenset({"ErrorEquals", "Next", "Comment"}) | _OUTPUT,
    "JSONPath": frozenset({"ErrorEquals", "Next", "Comment", "ResultPath", "Assign"}),
}
MACHINE_SHAPE: Final = frozenset({"Comment", "StartAt", "States", "QueryLanguage", "Version", "TimeoutSeconds"})
RULE_SHAPE: Final = frozenset({"Condition", "Next", "Comment"}) | _OUTPUT
BRANCH_SHAPE: Final = frozenset({"StartAt", "States", "Comment"})
PROCESSOR_SHAPE: Final = BRANCH_SHAPE | {"ProcessorConfig"}
RETRIER_SHAPE: Final = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
WITHOUT_NEXT: Final = frozenset({"Choice", "Succeed", "Fail"})
PROCESSOR_CONFIG_SHAPE: Final = frozenset({"Mode", "ExecutionType"})
READER_SHAPES: Final[Mapping[str, Shape]] = {
    "JSONata": frozenset({"Resource", "ReaderConfig", "Arguments"}),
    "JSONPath": frozenset({"Resource", "ReaderConfig", "Parameters"}),
}
_READER_CONFIG: Final = frozenset(
    {
        "InputType",
        "CSVHeaderLocation",
        "CSVHeaders",
        "CSVDelimiter",
        "ItemsPointer",
        "ManifestType",
        "Transformation",
        "MaxItems",
    }
)
READER_CONFIG_SHAPES: Final[Mapping[str, Shape]] = {
    "JSONata": _READER_CONFIG,
    "JSONPath": _READER_CONFIG | {"MaxItemsPath"},
}
_BATCHER: Final = frozenset({"MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput"})
BATCHER_SHAPES: Final[Mapping[str, Shape]] = {
    "JSONata": _BATCHER,
    "JSONPath": _BATCHER | {"MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"},
}
WRITER_SHAPES: Final[Mapping[str, Shape]] = {
    "JSONata": frozenset({"Resource", "WriterConfig", "Arguments"}),
    "JSONPath": frozenset({"Resource", "WriterConfig", "Parameters"}),
}
WRITER_CONFIG_SHAPE: Final = frozenset({"Transformation", "OutputType"})
