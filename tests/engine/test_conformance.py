"""Executions recorded on AWS, run in this process and compared with the kit's own comparer.

The cases and their comparer lie beside the checkout (../shared/conformance); without them the tests are skipped. Here
run those that need no AWS service: JSONata only, with Lambda functions at most.
"""

import asyncio
import importlib.util
import inspect
import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from millrace.engine import DefinitionError, FunctionTasks, Runner, StateMachine, Status, load
from millrace.engine.tasks import Function, function_failure

KIT = Path(__file__).parents[3] / "shared" / "conformance"
RESOURCES = ("queues", "topics", "tables", "buckets", "activities", "machines", "actors")
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
        if case["kind"] != "execution" or '"JSONata"' not in json.dumps([*_definitions(case)]):
            continue
        needed = [name for name in RESOURCES if case.get(name)]
        marks: list[pytest.MarkDecorator] = []
        if needed:
            marks.append(pytest.mark.skip(reason=f"needs {', '.join(needed)}"))
        elif any(_has_jsonpath(definition, case) for definition in _definitions(case)):
            marks.append(pytest.mark.skip(reason="has JSONPath states, which are not supported yet"))
        parameters.append(pytest.param(case, id=case["id"], marks=marks))
    return parameters


def _has_jsonpath(definition: dict[str, Any], case: dict[str, Any]) -> bool:
    try:
        load(_filled(definition, case))
    except DefinitionError as error:
        return any("JSONPath, which is not supported yet" in problem.message for problem in error.problems)
    return False


def _filled(value: Any, case: dict[str, Any]) -> Any:
    """Put names where a case has placeholders."""
    text = json.dumps(value, ensure_ascii=False)
    for name in case.get("lambdas", {}):
        text = text.replace(f"{{{{lambda:{name}}}}}", f"{ARN}{name}").replace(f"{{{{lambda-name:{name}}}}}", name)
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

    async def invoke(payload: Any) -> Any:
        handler = namespace["handler"]
        try:
            result = handler(payload, None)
            return await result if inspect.isawaitable(result) else result
        except Exception as error:
            raise function_failure(error) from error

    return invoke


@pytest.mark.parametrize("case", _eligible())
def test_execution_recorded_on_aws_is_reproduced(case: dict[str, Any], kit: Any) -> None:
    functions = {name: _function(function["source"]) for name, function in case.get("lambdas", {}).items()}
    for run in case.get("runs") or [case]:
        machine: StateMachine = load(_filled(run.get("definition", case.get("definition")), case))
        result = asyncio.run(
            Runner(fast=True).run(machine, _filled(run.get("input", {}), case), tasks=FunctionTasks(functions))
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
