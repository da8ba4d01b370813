"""The asyncio driver: tasks, tokens, cancellation, clocks, events; and the handlers that come with it."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from millrace.engine import (
    ExecutionTasks,
    FunctionTasks,
    HistoryEvent,
    PayloadError,
    Runner,
    Status,
    TaskFailure,
    TaskRequest,
    TaskRoutes,
    TaskTokenError,
    load,
)
from millrace.model.json import Json

from .simulation import INVOKE, jsonata


def call(function: str, **fields: Any) -> dict[str, Any]:
    arguments = {"FunctionName": function, "Payload": "{% $states.input %}"}
    return {"Type": "Task", "Resource": INVOKE, "Arguments": arguments, "End": True, **fields}


def raises(_payload: Json) -> Json:
    raise LookupError("not there")


async def doubles(payload: Json) -> Json:
    await asyncio.sleep(0)
    assert isinstance(payload, int)
    return payload * 2


FUNCTIONS = FunctionTasks({"raises": raises, "doubles": doubles, "echo": lambda payload: payload})


def run(definition: Any, value: Json = None, **options: Any) -> Any:
    runner: Any = Runner(fast=True)
    return asyncio.run(runner.run(definition, value, **{"tasks": FUNCTIONS, **options}))


async def forever(_task: TaskRequest) -> Json:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    "name", ["doubles", "arn:aws:lambda:eu-west-1:1:function:doubles", "1:function:doubles:live", "doubles:3"]
)
def test_function_is_invoked_by_any_of_its_names(name: str) -> None:
    result = run(jsonata({"T": call(name, Output="{% $states.result %}")}), 21)
    assert result.status is Status.SUCCEEDED
    assert {key: result.output[key] for key in ("ExecutedVersion", "Payload", "StatusCode")} == {
        "ExecutedVersion": "$LATEST",
        "Payload": 42,
        "StatusCode": 200,
    }


def test_function_given_as_resource_gives_its_result_itself() -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:doubles"
    assert run(jsonata({"T": {"Type": "Task", "Resource": arn, "End": True}}), 4).output == 8


def test_exception_of_a_function_is_lambdas_error() -> None:
    result = run(jsonata({"T": call("raises")}), 1)
    assert (result.status, result.error) == (Status.FAILED, "LookupError")
    cause = json.loads(result.cause)
    assert (cause["errorMessage"], cause["errorType"]) == ("not there", "LookupError")
    assert "in raises" in cause["stackTrace"][-1]


def test_unknown_function_fails_the_task() -> None:
    assert run(jsonata({"T": call("none")})).error == "Lambda.ResourceNotFoundException"


def test_synchronous_function_does_not_hold_the_loop() -> None:
    first, second = threading.Event(), threading.Event()

    def meets(mine: threading.Event, other: threading.Event) -> Json:
        mine.set()
        return other.wait(10)

    functions = FunctionTasks({"a": lambda _: meets(first, second), "b": lambda _: meets(second, first)})
    branches = [{"StartAt": name, "States": {name: call(name, Output="{% $states.result.Payload %}")}} for name in "ab"]
    definition = jsonata({"P": {"Type": "Parallel", "Branches": branches, "End": True}})
    assert run(definition, tasks=functions).output == [True, True]


def test_handler_that_breaks_fails_its_task() -> None:
    async def broken(_task: TaskRequest) -> Json:
        raise KeyError("x")

    result = run(jsonata({"T": call("f")}), tasks=broken)
    assert (result.error, result.cause) == ("States.TaskFailed", "KeyError: 'x'")


def test_handler_that_gives_no_json_fails_its_task() -> None:
    async def odd(_task: TaskRequest) -> Any:
        return {"when": object()}

    result = run(jsonata({"T": call("f")}), tasks=odd)
    assert result.error == "States.Runtime"
    assert "gave no JSON" in result.cause


def test_routes_choose_by_the_longest_start() -> None:
    async def generic(task: TaskRequest) -> Json:
        return f"generic {task.resource.service}"

    async def functions(_task: TaskRequest) -> Json:
        return "function"

    routes = TaskRoutes({"arn:aws:states:::": generic, "arn:aws:states:::lambda:": functions})
    assert run(jsonata({"T": call("f")}), tasks=routes).output == "function"
    other = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    assert run(jsonata({"T": other}), tasks=routes).output == "generic sqs"


def test_resource_without_a_route_is_named() -> None:
    result = run(jsonata({"T": call("f")}), tasks=TaskRoutes({"arn:aws:states:::sqs": forever}))
    assert result.error == "States.Runtime"
    assert "'arn:aws:states:::lambda:invoke' in state 'T'" in result.cause


def test_fast_run_takes_no_time_and_its_clock_goes_on() -> None:
    waits = {"W": {"Type": "Wait", "Seconds": 86_400, "Output": "{% $millis() %}", "End": True}}
    started = time.perf_counter()
    result = run(jsonata(waits), clock=lambda: 1000.0)
    assert result.output == (1000 + 86_400) * 1000
    assert time.perf_counter() - started < 5


def test_fast_run_still_times_out_by_its_own_clock() -> None:
    result = run(jsonata({"W": {"Type": "Wait", "Seconds": 100, "End": True}}, TimeoutSeconds=50))
    assert result.status is Status.TIMED_OUT


def test_real_wait_takes_real_time() -> None:
    moment = "{% $fromMillis($millis() + 60) %}"
    definition = jsonata({"W": {"Type": "Wait", "Timestamp": moment, "End": True}})
    started = time.perf_counter()
    assert asyncio.run(Runner().run(definition, tasks=FUNCTIONS)).status is Status.SUCCEEDED
    assert time.perf_counter() - started >= 0.05


def test_failing_branch_cancels_the_tasks_of_the_others() -> None:
    cancelled: list[str] = []

    async def handler(task: TaskRequest) -> Json:
        if task.state == "Bad":
            raise TaskFailure("Bad", None)
        try:
            return await forever(task)
        except asyncio.CancelledError:
            cancelled.append(task.state)
            raise

    branches = [{"StartAt": name, "States": {name: call("f")}} for name in ("Slow", "Bad")]
    catch = [{"ErrorEquals": ["Bad"], "Next": "E"}]
    definition = jsonata(
        {"P": {"Type": "Parallel", "Branches": branches, "Catch": catch, "Next": "E"}, "E": {"Type": "Succeed"}}
    )
    assert run(definition, tasks=handler).status is Status.SUCCEEDED
    assert cancelled == ["Slow"]


def test_cancelling_a_run_cancels_its_tasks() -> None:
    async def scenario() -> bool:
        started, cancelled = asyncio.Event(), asyncio.Event()

        async def handler(task: TaskRequest) -> Json:
            started.set()
            try:
                return await forever(task)
            finally:
                cancelled.set()

        running = asyncio.create_task(Runner().run(jsonata({"T": call("f")}), tasks=handler))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return cancelled.is_set()

    assert asyncio.run(scenario())


def test_stopped_execution_is_aborted() -> None:
    async def scenario() -> Any:
        execution = Runner().start(jsonata({"T": call("f")}), tasks=forever)
        execution.stop("Mine", "because")
        return await execution.result()

    result = asyncio.run(scenario())
    assert (result.status, result.error, result.cause) == (Status.ABORTED, "Mine", "because")


TOKEN_TASK = jsonata(
    {
        "T": {
            "Type": "Task",
            "Resource": f"{INVOKE}.waitForTaskToken",
            "Arguments": {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}},
            "End": True,
        }
    }
)


def answered(answer: Callable[[Runner, str], None]) -> Any:
    """Run the token task; `answer` is called with the runner and the token once the handler has returned."""

    async def scenario() -> Any:
        runner = Runner()
        tokens: list[str] = []

        async def handler(task: TaskRequest) -> Json:
            assert isinstance(task.arguments, dict)
            assert task.arguments["Payload"] == {"token": task.token}
            tokens.append(task.token)
            return "ignored"

        def on_event(event: HistoryEvent) -> None:
            if event.type == "TaskSubmitted":
                answer(runner, tokens[0])

        result = await runner.run(TOKEN_TASK, tasks=handler, on_event=on_event)
        with pytest.raises(TaskTokenError):
            runner.send_task_success(tokens[0], "again")
        return result

    return asyncio.run(scenario())


def test_token_brings_the_result() -> None:
    def answer(runner: Runner, token: str) -> None:
        runner.send_task_success(token, {"approved": True})

    result = answered(answer)
    assert result.output == {"approved": True}
    assert [event.type for event in result.history][3:6] == ["TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_token_brings_the_failure() -> None:
    def answer(runner: Runner, token: str) -> None:
        runner.send_task_heartbeat(token)
        runner.send_task_failure(token, "Rejected", "no")

    result = answered(answer)
    assert (result.error, result.cause) == ("Rejected", "no")


def test_input_over_the_limit_is_refused() -> None:
    with pytest.raises(PayloadError, match="at most 262144 bytes"):
        run(jsonata({"A": {"Type": "Succeed"}}), "x" * 262_143)


def test_events_arrive_as_they_happen() -> None:
    seen: list[str] = []

    async def handler(_task: TaskRequest) -> Json:
        seen.append("handler")
        return 1

    def on_event(event: HistoryEvent) -> None:
        seen.append(event.type)

    run(jsonata({"T": call("f")}), tasks=handler, on_event=on_event)
    assert seen.index("TaskStarted") < seen.index("handler") < seen.index("TaskSucceeded")


def nested(suffix: str, machine: dict[str, Any], value: Json) -> Any:
    async def scenario() -> Any:
        runner = Runner(fast=True)
        child = ExecutionTasks(runner, {"child": load(machine)}, FUNCTIONS)
        arguments = {
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:child",
            "Input": "{% $states.input %}",
            "Name": "n",
        }
        task = {
            "Type": "Task",
            "Resource": f"arn:aws:states:::states:startExecution{suffix}",
            "Arguments": arguments,
            "End": True,
        }
        return await runner.run(jsonata({"T": task}), value, tasks=child)

    return asyncio.run(scenario())


CHILD = jsonata({"A": {"Type": "Pass", "Output": {"got": "{% $states.input %}"}, "End": True}})


def test_nested_execution_gives_its_output_as_json() -> None:
    result = nested(".sync:2", CHILD, {"a": 1})
    assert (result.output["Output"], result.output["Status"]) == ({"got": {"a": 1}}, "SUCCEEDED")
    assert result.output["ExecutionArn"].endswith(":execution:child:n")
    assert [event.type for event in result.history][3:6] == ["TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_nested_execution_of_the_first_kind_gives_text() -> None:
    assert nested(".sync", CHILD, 1).output["Output"] == '{"got":1}'


def test_nested_execution_that_nobody_waits_for_gives_its_arn() -> None:
    assert nested("", CHILD, 1).output.keys() == {"ExecutionArn", "StartDate"}


def test_failed_nested_execution_fails_the_task_with_its_description() -> None:
    result = nested(".sync:2", jsonata({"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}), 1)
    assert result.error == "States.TaskFailed"
    described = json.loads(result.cause)
    assert (described["Error"], described["Cause"], described["Status"]) == ("E", "c", "FAILED")


def test_engine_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = "{'pydantic', 'boto3', 'botocore', 'httpx', 'click', 'rich'} & set(sys.modules)"
    program = f"import sys, millrace.engine; print(sorted({heavy}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
