"""The machines that are measured."""

from typing import Any, Final

FUNCTION: Final = "bench-step"


def pass_chain(length: int) -> dict[str, Any]:
    """Chain Pass states that assign a variable each, in JSONata."""
    return _chained(
        [
            {
                "Type": "Pass",
                "Assign": {"total": "{% $states.input.n + " + str(index) + " %}"},
                "Output": {"n": "{% $states.input.n + 1 %}", "name": "{% $states.input.name & '.' %}"},
            }
            for index in range(length)
        ]
    )


def function_chain(length: int) -> dict[str, Any]:
    """Chain tasks that call a function each."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": FUNCTION, "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
    }
    return _chained([task] * length)


def wide_map(items: int) -> dict[str, Any]:
    """Map many items over a Pass state."""
    return _chained(
        [{"Type": "Map", "Items": f"{{% [1..{items}] %}}", "ItemProcessor": {"StartAt": "P", "States": _PASS}}]
    )


def waiting() -> dict[str, Any]:
    """Remember an order, and wait for a day."""
    remember = {"Type": "Pass", "Assign": {"order": "{% $states.input %}"}}
    return _chained([remember, {"Type": "Wait", "Seconds": 86_400}])


def distributed_map(bucket: str, key: str, reader: dict[str, Any]) -> dict[str, Any]:
    """Map the items of an object of S3 over Express executions, and write their results to S3."""
    return _chained(
        [
            {
                "Type": "Map",
                "MaxConcurrency": 100,
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": reader,
                    "Arguments": {"Bucket": bucket, "Key": key},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                    "StartAt": "P",
                    "States": _PASS,
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Arguments": {"Bucket": bucket, "Prefix": "results"},
                },
            }
        ]
    )


_PASS: Final = {"P": {"Type": "Pass", "End": True}}


def _chained(states: list[dict[str, Any]]) -> dict[str, Any]:
    names = [f"S{index}" for index in range(len(states))]
    nexts: list[dict[str, Any]] = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {
        "QueryLanguage": "JSONata",
        "StartAt": names[0],
        "States": {name: {**state, **way} for name, state, way in zip(names, states, nexts, strict=True)},
    }
