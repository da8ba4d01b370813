"""Making TestState calls with values in the place of their JSON texts."""

import asyncio
import json
from typing import Any

import pytest

from millrace.engine import TaskFailure, TaskHandler, TaskRequest
from millrace.model.json import Json
from millrace.stepfunctions import testing
from millrace.stepfunctions.errors import ApiError

REGION = "eu-west-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tests"
INVOKE: dict[str, Json] = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
JSONATA: dict[str, Json] = {"QueryLanguage": "JSONata"}

# Parameters that are JSON text.
_TEXTS = ("definition", "input", "variables", "context")


async def idle(task: TaskRequest) -> Json:
    """Fail: a test with a mock must not run its task."""
    raise TaskFailure("Unexpected", f"the task of {task.state} ran")


def call(tasks: TaskHandler = idle, **parameters: Any) -> dict[str, Any]:
    """Call TestState; of the answer, texts that are JSON are read."""
    answer = asyncio.run(testing.test_state(_written(parameters), tasks=tasks, region=REGION, account=ACCOUNT))
    return {name: _read(name, value) for name, value in answer.items()}


def refusal(**parameters: Any) -> ApiError:
    """Call TestState; give the error that it answers."""
    with pytest.raises(ApiError) as caught:
        call(**parameters)
    return caught.value


def result(value: Json, mode: str | None = None) -> dict[str, Json]:
    """Make a mock of a result."""
    return {"result": json.dumps(value), **({} if mode is None else {"fieldValidationMode": mode})}


def failure(error: str, cause: str | None = None) -> dict[str, Json]:
    """Make a mock of an error."""
    return {"errorOutput": {"error": error, **({} if cause is None else {"cause": cause})}}


def _written(parameters: dict[str, Any]) -> dict[str, Json]:
    return {
        name: json.dumps(value) if name in _TEXTS and not isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _read(name: str, value: Any) -> Any:
    if name == "output":
        return json.loads(value)
    if name == "inspectionData":
        return {stage: json.loads(found) if isinstance(found, str) else found for stage, found in value.items()}
    return value
