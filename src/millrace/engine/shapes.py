"""Which fields the parts of a JSONata definition may have.

Source: Amazon States Language specification, "States" and the table of fields of each type.
"""

from typing import Final

_EVERY: Final = frozenset({"Type", "Comment", "QueryLanguage"})
_TRANSITION: Final = frozenset({"Next", "End"})
_OUTPUT: Final = frozenset({"Output", "Assign"})
_FALLIBLE: Final = frozenset({"Retry", "Catch"})

MACHINE_FIELDS: Final = frozenset({"Comment", "StartAt", "States", "QueryLanguage", "Version", "TimeoutSeconds"})
FIELDS: Final[dict[str, frozenset[str]]] = {
    "Pass": _EVERY | _TRANSITION | _OUTPUT,
    "Succeed": _EVERY | _OUTPUT,
    "Fail": _EVERY | {"Error", "Cause"},
    "Choice": _EVERY | _OUTPUT | {"Choices", "Default"},
    "Wait": _EVERY | _TRANSITION | _OUTPUT | {"Seconds", "Timestamp"},
    "Task": _EVERY
    | _TRANSITION
    | _OUTPUT
    | _FALLIBLE
    | {"Resource", "Arguments", "Credentials", "TimeoutSeconds", "HeartbeatSeconds"},
    "Parallel": _EVERY | _TRANSITION | _OUTPUT | _FALLIBLE | {"Branches", "Arguments"},
    "Map": _EVERY
    | _TRANSITION
    | _OUTPUT
    | _FALLIBLE
    | {
        "ItemProcessor",
        "Items",
        "ItemSelector",
        "MaxConcurrency",
        "ToleratedFailureCount",
        "ToleratedFailurePercentage",
        "Label",
    },
}
NESTED_FIELDS: Final[dict[str, frozenset[str]]] = {
    "Choices": frozenset({"Condition", "Next", "Comment"}) | _OUTPUT,
    "Catch": frozenset({"ErrorEquals", "Next", "Comment"}) | _OUTPUT,
    "Branches": frozenset({"StartAt", "States", "Comment", "ProcessorConfig"}),
}
RETRIER_FIELDS: Final = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
WITHOUT_NEXT: Final = frozenset({"Choice", "Succeed", "Fail"})
NOT_YET: Final = frozenset({"ItemReader", "ItemBatcher", "ResultWriter"})
JSONPATH_FIELDS: Final[dict[str, str]] = {
    "InputPath": "$states.input where it is needed",
    "Parameters": "Arguments (of a Task or Parallel), ItemSelector (of a Map) or Output",
    "Result": "Output",
    "ResultSelector": "Output with $states.result",
    "ResultPath": "Output, or Assign to keep the result in a variable",
    "OutputPath": "Output",
    "ItemsPath": "Items",
    "SecondsPath": "Seconds with an expression",
    "TimestampPath": "Timestamp with an expression",
    "TimeoutSecondsPath": "TimeoutSeconds with an expression",
    "HeartbeatSecondsPath": "HeartbeatSeconds with an expression",
    "MaxConcurrencyPath": "MaxConcurrency with an expression",
    "ToleratedFailureCountPath": "ToleratedFailureCount with an expression",
    "ToleratedFailurePercentagePath": "ToleratedFailurePercentage with an expression",
    "ErrorPath": "Error with an expression",
    "CausePath": "Cause with an expression",
    "Iterator": "ItemProcessor",
}
