"""Executions recorded on AWS, run in this process and compared with the kit's own comparer.

The cases and their comparer lie beside the checkout (../shared/conformance); without them the tests are skipped. Here
run those that need no AWS service, with Lambda functions at most.
"""

import asyncio
import dataclasses
import datetime as dt
import importlib.util
import json
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from millrace.engine import FunctionTasks, Runner, StateMachine, Status, TaskRequest, load
from millrace.engine.tasks import Function, function_failure
from millrace.model.json import Json

KIT = Path(__file__).parents[3] / "shared" / "conformance"
RESOURCES = ("queues", "topics", "tables", "buckets", "activities", "machines", "actors")
SERVICES = (
    "states:::aws-sdk:",
    "states:::dynamodb:",
    "states:::events:",
    "states:::sns:",
    "states:::sqs:",
    "states:::states:",
)
ODD = {
    "errorhandling.task_service_lambda.no_such_function": "asks Lambda for a function that is not there",
    "services-lambda.lambda_task_service.invoke_unsupported_param": "asks Lambda for a tail of the log",
    "scenarios.base_scenarios.lambda_invoke_with_retry_extended_input": "recorded before contexts had RedriveCount",
    "scenarios.base_scenarios.lambda_service_invoke_with_retry_extended_input": "recorded before RedriveCount",
}
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


def _definitions(case: dict[str, Any]) -> Iterator[Any]:
    for run in case.get("runs") or [case]:
        yield run.get("definition", case.get("definition"))


def _eligible() -> list[Any]:
    if not KIT.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not there"))]
    parameters: list[Any] = []
    for path in sorted((KIT / "cases").glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["kind"] != "execution":
            continue
        needed = [name for name in RESOURCES if case.get(name)]
        marks: list[pytest.MarkDecorator] = []
        if needed:
            marks.append(pytest.mark.skip(reason=f"needs {', '.join(needed)}"))
        elif any(service in json.dumps([*_definitions(case)]) for service in SERVICES):
            marks.append(pytest.mark.skip(reason="calls an AWS service"))
        elif "time.sleep" in json.dumps(case.get("lambdas", {})):
            marks.append(pytest.mark.skip(reason="waits some seconds for a time-out"))
        elif case["id"] in ODD:
            marks.append(pytest.mark.skip(reason=ODD[case["id"]]))
        elif case.get("stop_after_state"):
            marks.append(pytest.mark.skip(reason="is stopped from outside"))
        parameters.append(pytest.param(case, id=case["id"], marks=marks))
    return parameters


def _filled(value: Any, case: dict[str, Any]) -> Any:
    """Put names where a case has placeholders."""
    text = json.dumps(value, ensure_ascii=False)
    for name in case.get("lambdas", {}):
        text = text.replace(f"{{{{lambda:{name}}}}}", f"{ARN}{name}").replace(f"{{{{lambda-name:{name}}}}}", name)
    later = dt.datetime.now(dt.UTC)
    text = re.sub(
        r"\{\{now\+(\d+)d\}\}",
        lambda match: f"{later + dt.timedelta(days=int(match[1])):%Y-%m-%dT%H:%M:%S.000Z}",
        text,
    )
    return json.loads(text)


@pytest.fixture(scope="module")
def kit() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("conformance_run", KIT / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _function(source: str) -> Function:
    namespace: dict[str, Any] = {}
    code = compile(source, "/var/task/handler.py", "exec")
    exec(code, namespace)

    def invoke(payload: Any) -> Any:
        try:
            return namespace["handler"](payload, None)
        except Exception as error:
            raise function_failure(error) from error

    return invoke


class LambdaService:
    """Invokes functions as Lambda's API does: a Payload that is a text is the JSON itself, none is an empty object."""

    def __init__(self, functions: dict[str, Function]) -> None:
        self._tasks = FunctionTasks(functions)

    async def __call__(self, task: TaskRequest) -> Json:
        arguments = task.arguments
        if task.resource.service == "lambda" and isinstance(arguments, dict):
            payload = arguments.get("Payload")
            read = json.loads(payload) if isinstance(payload, str) else {} if payload is None else payload
            task = dataclasses.replace(task, arguments={**arguments, "Payload": read})
        return await self._tasks(task)


@pytest.mark.parametrize("case", _eligible())
def test_execution_recorded_on_aws_is_reproduced(case: dict[str, Any], kit: Any) -> None:
    functions = {name: _function(function["source"]) for name, function in case.get("lambdas", {}).items()}
    for run in case.get("runs") or [case]:
        machine: StateMachine = load(_filled(run.get("definition", case.get("definition")), case))
        result = asyncio.run(
            Runner(fast=True).run(machine, _filled(run.get("input", {}), case), tasks=LambdaService(functions))
        )
        expected = run["expected"]
        assert result.status == expected["status"], (result.error, result.cause)
        if result.status is Status.SUCCEEDED:
            assert kit.difference(expected.get("output"), result.output, None, True) is None
        else:
            assert (result.error or None) == expected.get("error")
            assert kit.cause_ok(expected.get("cause"), result.cause, True)
            if isinstance(expected.get("cause"), str):
                assert kit.wild_re(expected["cause"]).fullmatch(result.cause)
        if "history" in expected:
            events = kit.normalise([event.to_api() for event in result.history])
            assert kit.compare_history(expected["history"], events, expected.get("racy", False)) is None
