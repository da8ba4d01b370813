"""Calls recorded on AWS, made in this process and compared with the kit's own comparer.

The cases lie beside the checkout (../shared/conformance).
"""

import asyncio
import importlib.util
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from millrace.engine import FunctionTasks
from millrace.engine.tasks import Function
from millrace.model.json import Json
from millrace.stepfunctions import testing
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.validation import validate_definition

KIT = Path(__file__).parents[4] / "shared" / "conformance"
REGION = "us-east-1"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/conformance"


def recorded(kind: str) -> list[Any]:
    """List the cases of a kind as test parameters."""
    if not KIT.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not there"))]
    cases = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((KIT / "cases").glob("*.json"))]
    return [pytest.param(case, id=case["id"]) for case in cases if case["kind"] == kind]


def differences(case: Mapping[str, Any]) -> list[str]:
    """Make a case's calls; give what differs from the recording."""
    names: dict[str, str] = {}
    for name in case.get("lambdas", {}):
        names[f"{{{{lambda:{name}}}}}"] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        names[f"{{{{lambda-name:{name}}}}}"] = name
    run: Any = object.__new__(_kit().CaseRun)
    run.b, run.table = _Bench(case), names
    outcomes = [run.call(call) for call in case["calls"]]
    return [text for outcome in outcomes for text in (*outcome["result"], *outcome["history"])]


@cache
def _kit() -> Any:
    spec = importlib.util.spec_from_file_location("conformance_run", KIT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _function(source: str) -> Function:
    namespace: dict[str, Any] = {}
    exec(compile(source, "/var/task/handler.py", "exec"), namespace)
    # A function that is called without a payload gets an empty event.
    return lambda payload: namespace["handler"]({} if payload is None else payload, None)


class _Bench:
    """What the kit's runner wants of its surroundings."""

    role = ROLE

    def __init__(self, case: Mapping[str, Any]) -> None:
        self._case = case

    def client(self, _service: str) -> "_Client":
        return _Client(self._case)


class _Client:
    """Has the two operations that a boto3 client has, without HTTP."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        functions = {name: _function(function["source"]) for name, function in case.get("lambdas", {}).items()}
        self._tasks = FunctionTasks(functions)

    def test_state(self, **parameters: Json) -> dict[str, Json]:
        return self._answer(
            "TestState",
            lambda: asyncio.run(testing.test_state(parameters, tasks=self._tasks, region=REGION, account=ACCOUNT)),
        )

    def validate_state_machine_definition(self, **parameters: Json) -> dict[str, Json]:
        return self._answer("ValidateStateMachineDefinition", lambda: validate_definition(parameters))

    @staticmethod
    def _answer(operation: str, answer: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        try:
            return answer()
        except ApiError as error:
            raise ClientError({"Error": {"Code": error.code, "Message": error.message}}, operation) from error
