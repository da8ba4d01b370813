"""A Map in DISTRIBUTED mode: its events, its children, what it tolerates and what it gives."""

import asyncio
import importlib.util
import inspect
import json
import types
from pathlib import Path
from typing import Any

import orjson
import pytest

from millrace.engine import (
    DefinitionError,
    ExecutionInfo,
    FunctionTasks,
    Interpreter,
    Result,
    Runner,
    Status,
    TaskFailure,
    load,
)
from millrace.engine.context import MapItem
from millrace.engine.messages import (
    Finished,
    MapRunSucceeded,
    Started,
    StartMapRun,
    StopMapRun,
    Stopped,
)
from millrace.engine.payload import Payload
from millrace.engine.tasks import Function, TaskRequest, function_failure
from millrace.model.json import Json
from tests.engine.simulation import START, jsonata
from tests.engine.test_item_readers import Bucket

KIT = Path(__file__).parents[3] / "shared" / "conformance"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
INVOKE = "arn:aws:states:::lambda:invoke"
READER = "arn:aws:states:::s3:getObject"
WRITER = "arn:aws:states:::s3:putObject"


def distributed(state: dict[str, Any] | None = None, kind: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    """Make a machine that is one distributed Map, of one state."""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": "I",
        "States": {"I": state or PASS},
    }
    return jsonata({"M": {"Type": "Map", "End": True, "ItemProcessor": processor, **fields}})


def run(
    definition: dict[str, Any], given: Json = None, functions: dict[str, Function] | None = None, **settings: Any
) -> Result:
    return asyncio.run(Runner(fast=True, **settings).run(load(definition), given, tasks=FunctionTasks(functions or {})))


def call(name: str) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"{ARN}{name}", "End": True}


def fail_on_two(value: Any) -> Any:
    if value == 2:
        raise TaskFailure("Two", "It is two")
    return value


# ---- recorded on AWS


def _recorded() -> list[Any]:
    if not KIT.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not there"))]
    found: list[Any] = []
    for path in sorted((KIT / "cases").glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        if case["kind"] == "execution" and '"DISTRIBUTED"' in json.dumps(case.get("definition")):
            found.append(pytest.param(case, id=case["id"]))
    return found


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
    exec(compile(source, "/var/task/handler.py", "exec"), namespace)

    async def invoke(payload: Any) -> Any:
        try:
            result = namespace["handler"](payload, None)
            return await result if inspect.isawaitable(result) else result
        except Exception as error:
            raise function_failure(error) from error

    return invoke


def _filled(value: Any, case: dict[str, Any]) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    for name in case.get("lambdas", {}):
        text = text.replace(f"{{{{lambda:{name}}}}}", f"{ARN}{name}")
    for name in case.get("buckets", {}):
        text = text.replace(f"{{{{bucket:{name}}}}}", name)
    return json.loads(text)


@pytest.mark.parametrize("case", _recorded())
def test_execution_recorded_on_aws_is_reproduced(case: dict[str, Any], kit: Any) -> None:
    functions = {name: _function(function["source"]) for name, function in case.get("lambdas", {}).items()}
    contents = {
        key: body.encode() for bucket in case.get("buckets", {}).values() for key, body in bucket["objects"].items()
    }
    definition, expected = _filled(case["definition"], case), case["expected"]
    result = run(definition, _filled(case.get("input", {}), case), functions, objects=Bucket(contents))
    assert result.status == expected["status"], (result.error, result.cause)
    assert kit.difference(expected.get("output"), result.output, None, True) is None
    assert (result.error, result.cause) == (expected.get("error"), expected.get("cause"))
    events = kit.normalise([event.to_api() for event in result.history])
    assert kit.compare_history(expected["history"], events, expected.get("racy", False)) is None


# ---- the interpreter


def started(definition: dict[str, Any], given: Json) -> tuple[Interpreter, StartMapRun]:
    """Start an execution, and give what it asks for."""
    interpreter = Interpreter(load(definition), ExecutionInfo("run"))
    (effect,) = interpreter.handle(Started(Payload.of(given)), START).effects
    assert isinstance(effect, StartMapRun)
    return interpreter, effect


def test_an_interpreter_that_goes_on_from_a_snapshot_asks_for_the_same_map_run() -> None:
    definition = distributed(
        MaxConcurrency=7,
        ToleratedFailurePercentage="{% 12.5 %}",
        Label="Mine",
        ItemReader={
            "Resource": READER,
            "ReaderConfig": {"InputType": "CSV", "MaxItems": "{% $states.input %}", "CSVDelimiter": "TAB"},
            "Arguments": {"Bucket": "b", "Key": "{% 'k' & $states.input %}"},
        },
        ItemBatcher={"MaxItemsPerBatch": 3, "BatchInput": {"n": "{% $states.input %}"}},
        ResultWriter={"Resource": WRITER, "Arguments": {"Bucket": "b", "Prefix": "p/"}},
    )
    interpreter, effect = started(definition, 5)
    assert effect.spec.reader is not None
    assert (effect.spec.reader.arguments, effect.spec.reader.max_items) == ({"Bucket": "b", "Key": "k5"}, 5)
    assert effect.token.startswith("arn:aws:states:us-east-1:000000000000:mapRun:workflow/Mine:")
    written = orjson.loads(orjson.dumps(interpreter.snapshot()))
    again = Interpreter(interpreter.machine, interpreter.info, state=written)
    assert again.outstanding() == (effect,)
    step = again.handle(MapRunSucceeded(effect.token, Payload.of("done")), START)
    assert isinstance(step.effects[-1], Finished)
    assert step.effects[-1].output == Payload.of("done")


def test_item_selector_sees_the_item_and_the_scope_of_the_map() -> None:
    selector = {"item": "{% $states.context.Map.Item %}", "all": "{% $states.input %}"}
    interpreter, effect = started(distributed(ItemSelector=selector), ["a"])
    selected = interpreter.select_item(effect.token, MapItem(0, "a"), START)
    assert isinstance(selected, Payload)
    assert selected.value == {"item": {"Index": 0, "Value": "a"}, "all": ["a"]}


def test_the_members_of_an_object_are_items() -> None:
    given: Json = {"a": 1, "b": [2]}
    assert run(distributed(), given).output == [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]
    selector = "{% $states.context.Map.Item %}"
    assert run(distributed(ItemSelector=selector, Items="{% $states.input %}"), given).output == [
        {"Index": 0, "Key": "a", "Value": 1},
        {"Index": 1, "Key": "b", "Value": [2]},
    ]


def test_failing_item_selector_fails_the_map_run_and_leaves_the_history_without_gaps() -> None:
    result = run(distributed(ItemSelector={"x": "{% $nope %}"}), [1])
    assert result.error == "States.QueryEvaluationError"
    assert [event.type for event in result.history][-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert [event.id for event in result.history] == list(range(1, len(result.history) + 1))


def test_stopping_an_execution_stops_its_map_run() -> None:
    interpreter, effect = started(distributed(), [1])
    step = interpreter.handle(Stopped("E", "why"), START)
    assert StopMapRun(effect.token) in step.effects
    assert [event.type for event in step.events] == ["MapRunAborted", "MapStateAborted", "ExecutionAborted"]
    assert interpreter.handle(MapRunSucceeded(effect.token, Payload.of([])), START).events == ()


def test_a_map_run_in_a_branch_is_aborted_when_another_branch_fails() -> None:
    branch = distributed({"Type": "Wait", "Seconds": 60, "End": True})
    other = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}}
    branches = [{"StartAt": "M", "States": branch["States"]}, other]
    definition = jsonata({"P": {"Type": "Parallel", "End": True, "Branches": branches}})
    interpreter = Interpreter(load(definition), ExecutionInfo("run"))
    given: Json = [1]
    step = interpreter.handle(Started(Payload.of(given)), START)
    assert any(isinstance(effect, StopMapRun) for effect in step.effects)
    assert "MapRunAborted" in [event.type for event in step.events]
    result = run(definition, given)
    assert result.error == "No"


def test_a_failed_map_run_can_be_retried_and_caught() -> None:
    retry = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "After", "Output": "{% $states.errorOutput.Error %}"}]
    definition = distributed(call("f"), Retry=retry, Catch=catch)
    definition["States"]["After"] = PASS
    result = run(definition, [1, 2], {"f": fail_on_two})
    assert result.output == "States.ExceedToleratedFailureThreshold"
    assert [event.type for event in result.history].count("MapRunStarted") == 2


# ---- children


def test_a_child_is_an_execution_of_its_own() -> None:
    inner = {
        "Type": "Pass",
        "End": True,
        "Output": {"context": "{% $states.context %}", "outer": "{% $exists($outer) %}"},
    }
    definition = distributed(inner, kind="EXPRESS", Label="Each")
    definition["States"]["Before"] = {"Type": "Pass", "Assign": {"outer": 1}, "Next": "M"}
    result = run({**definition, "StartAt": "Before"}, ["x"])
    assert isinstance(result.output, list)
    (output,) = result.output
    assert isinstance(output, dict)
    context: Any = output["context"]
    assert output["outer"] is False
    assert context["Execution"]["Input"] == "x"
    assert context["Execution"]["Id"].startswith("arn:aws:states:us-east-1:000000000000:execution:workflow/Each:")
    assert context["StateMachine"]["Name"] == "workflow/Each"
    assert "Map" not in context


@pytest.mark.parametrize(
    ("fields", "succeeds"),
    [
        ({}, False),
        ({"ToleratedFailureCount": 1}, True),
        ({"ToleratedFailureCount": "{% 0 %}"}, False),
        ({"ToleratedFailurePercentage": 25}, True),
        ({"ToleratedFailurePercentage": "{% 24.9 %}"}, False),
        ({"ToleratedFailureCount": 5, "ToleratedFailurePercentage": 10}, False),
    ],
)
def test_a_map_run_tolerates_as_many_failures_as_it_says(fields: dict[str, Any], succeeds: bool) -> None:
    result = run(distributed(call("f"), **fields), [1, 2, 3, 4], {"f": fail_on_two})
    if not succeeds:
        assert result.error == "States.ExceedToleratedFailureThreshold"
        assert result.cause == "The specified tolerated failure threshold was exceeded"
        return
    assert isinstance(result.output, list)
    one, two, three, four = result.output
    assert (one, three, four) == (1, 3, 4)
    assert isinstance(two, dict)
    assert (two["Status"], two["Error"], two["Cause"], two["Input"]) == ("FAILED", "Two", "It is two", "2")


def test_a_map_run_keeps_its_concurrency() -> None:
    open_now = most = 0

    async def count(task: TaskRequest) -> Json:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        return task.arguments

    definition = load(distributed(call("f"), MaxConcurrency=3))
    result = asyncio.run(Runner().run(definition, list(range(20)), tasks=count))
    assert (result.output, most) == (list(range(20)), 3)


def test_children_can_wait_for_task_tokens() -> None:
    waiting = {
        "Type": "Task",
        "Resource": f"{INVOKE}.waitForTaskToken",
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.context.Task.Token %}"},
        "End": True,
    }
    runner = Runner()

    async def answer(task: TaskRequest) -> Json:
        asyncio.get_running_loop().call_soon(runner.send_task_success, task.token, "answered")
        await asyncio.sleep(0)
        return None

    result = asyncio.run(runner.run(load(distributed(waiting)), [1, 2], tasks=answer))
    assert result.output == ["answered", "answered"]


def test_stopping_cancels_the_tasks_of_children() -> None:
    async def scenario() -> tuple[Result, int]:
        begun, cancelled = asyncio.Event(), 0

        async def forever(_task: TaskRequest) -> Json:
            nonlocal cancelled
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                raise
            return None

        execution = Runner().start(load(distributed(call("f"))), [1, 2], tasks=forever)
        await begun.wait()
        execution.stop()
        return await execution.result(), cancelled

    result, cancelled = asyncio.run(scenario())
    assert (result.status, cancelled) == (Status.ABORTED, 2)


def test_a_map_within_a_child_has_children_of_its_own() -> None:
    inner = distributed({**PASS, "Output": "{% $states.context.StateMachine.Name %}"}, Label="Inner")["States"]["M"]
    outer = {"ProcessorConfig": {"Mode": "DISTRIBUTED"}, "StartAt": "N", "States": {"N": inner}}
    result = run(jsonata({"M": {"Type": "Map", "End": True, "Label": "Outer", "ItemProcessor": outer}}), [[1, 2], [3]])
    assert result.output == [["workflow/Inner", "workflow/Inner"], ["workflow/Inner"]]


def test_waits_of_children_are_skipped_as_their_parents_are() -> None:
    assert run(distributed({"Type": "Wait", "Seconds": 86_400, "End": True}), [1, 2]).output == [1, 2]


def test_no_items_give_no_results() -> None:
    assert run(distributed(), []).output == []


def test_results_beyond_a_payload_fail_the_map() -> None:
    result = run(distributed({**PASS, "Output": "x" * 1000}), list(range(300)))
    assert result.error == "States.DataLimitExceeded"


# ---- batches


def test_batches_carry_their_input_and_at_most_so_many_items() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"of": "{% $count($states.input) %}"}}
    result = run(distributed(ItemBatcher=batcher), [1, 2, 3])
    assert result.output == [{"BatchInput": {"of": 3}, "Items": [1, 2]}, {"BatchInput": {"of": 3}, "Items": [3]}]


def test_batches_of_jsonpath_take_paths() -> None:
    definition = distributed(ItemBatcher={"MaxItemsPerBatchPath": "$.n", "BatchInput": {"n.$": "$.n"}}, ItemsPath="$.i")
    result = run({**definition, "QueryLanguage": "JSONPath"}, {"n": 2, "i": [1, 2, 3]})
    assert result.output == [{"BatchInput": {"n": 2}, "Items": [1, 2]}, {"BatchInput": {"n": 2}, "Items": [3]}]


@pytest.mark.parametrize(("limit", "sizes"), [(17, [1, 1, 1, 1]), (23, [2, 2]), (29, [3, 1]), (100, [4])])
def test_batches_keep_their_bytes(limit: int, sizes: list[int]) -> None:
    result = run(distributed(ItemBatcher={"MaxInputBytesPerBatch": limit}), ["abc", "def", "ghi", "jkl"])
    assert isinstance(result.output, list)
    batches: list[Any] = result.output
    assert [len(batch["Items"]) for batch in batches] == sizes
    assert all(len(json.dumps(batch, separators=(",", ":"))) <= limit for batch in batches)


def test_an_item_that_fits_no_batch_fails_the_map() -> None:
    assert run(distributed(ItemBatcher={"MaxInputBytesPerBatch": 12}), ["abc"]).error == "States.DataLimitExceeded"


# ---- definitions


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Label": "x" * 41}, "/States/M/Label: expected a string of 1 to 40 characters"),
        (
            {"ItemReader": {"Resource": "arn:aws:states:::lambda:invoke"}},
            "/States/M/ItemReader/Resource: expected a res",
        ),
        (
            {"ItemReader": {"Resource": READER, "ReaderConfig": {"InputType": "XML"}}},
            "/States/M/ItemReader/ReaderConfig/InputType: ",
        ),
        (
            {"ItemReader": {"Resource": READER, "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}}},
            "/States/M/ItemReader/ReaderConfig/CSVHeaders: expected the columns' names",
        ),
        ({"ItemBatcher": {}}, "/States/M/ItemBatcher: expected MaxItemsPerBatch"),
        ({"ResultWriter": {}}, "/States/M/ResultWriter: expected Resource"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 1, "Other": 1}}, "Field 'Other' is not supported"),
    ],
)
def test_faults_of_distributed_fields_are_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load(distributed(**fields))
    assert any(message in f"{problem.path}: {problem.message}" for problem in caught.value.problems)
