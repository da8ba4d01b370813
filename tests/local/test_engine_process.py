"""The whole engine in this process: what it is made of comes up together, and goes down in order."""

import asyncio
import gc
import json
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from millrace.integrations import ApiError
from millrace.local.engine_process import EngineOptions, OwnApi, opened, run_engine
from millrace.local.errors import LocalRunError
from millrace.local.function_host import PythonFunction
from millrace.stepfunctions.operations import Service, call
from millrace.stepfunctions.records import ExecutionArn
from millrace.stepfunctions.store.errors import StoreLockedError

ROLE = "arn:aws:iam::000000000000:role/engine"
PATIENCE = 15.0
FUNCTION = """
import threading
from pathlib import Path
GO = threading.Event()
def handler(event, context):
    with Path(event["calls"]).open("a") as calls:
        calls.write(context.function_name + "\\n")
    if event.get("fails"):
        raise ValueError("no")
    while event.get("until") and not Path(event["until"]).exists():
        GO.wait(0.01)
    return event.get("gives")
"""

Course = Callable[[Service], Awaitable[None]]


@pytest.fixture
def options(tmp_path: Path) -> EngineOptions:
    (tmp_path / "work.py").write_text(FUNCTION)
    functions = {"work": PythonFunction(tmp_path / "work.py")}
    return EngineOptions(0, tmp_path / "engine.sqlite3", functions=functions)


def lives(options: EngineOptions, *courses: Course) -> None:
    """Open the engine anew for each course."""

    async def all_of_them() -> None:
        for course in courses:
            async with opened(options) as service:
                await course(service)

    asyncio.run(all_of_them())
    gc.collect()


async def create(service: Service, name: str, **states: dict[str, Any]) -> str:
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states})
    machine = await call(service, "CreateStateMachine", {"name": name, "roleArn": ROLE, "definition": definition})
    arn: str = machine["stateMachineArn"]
    return arn


async def start(service: Service, machine: str, name: str = "n") -> ExecutionArn:
    answer = await call(service, "StartExecution", {"stateMachineArn": machine, "name": name})
    return ExecutionArn(answer["executionArn"])


async def ended(service: Service, execution: ExecutionArn) -> dict[str, Any]:
    await asyncio.wait_for(service.executions.ended(execution), PATIENCE)
    return await call(service, "DescribeExecution", {"executionArn": execution})


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - any condition, of which nobody tells
            await asyncio.sleep(0.01)


def invoke(**payload: Any) -> dict[str, Any]:
    """Write a Task that calls the function, with what the test wants of it."""
    arguments = {"FunctionName": "work", "Payload": payload}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": arguments,
        "Output": "{% $states.result.Payload %}",
        "End": True,
    }


def nested(machine: str) -> dict[str, Any]:
    """Write a Task that starts another machine and waits for its end."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": machine},
        "Output": "{% $states.result.Output %}",
        "End": True,
    }


def test_a_function_of_this_process_is_called(options: EngineOptions, tmp_path: Path) -> None:
    calls = tmp_path / "calls"

    async def course(service: Service) -> None:
        good = await start(service, await create(service, "good", A=invoke(calls=str(calls), gives=[1])))
        assert (await ended(service, good))["output"] == "[1]"
        bad = await start(service, await create(service, "bad", A=invoke(calls=str(calls), fails=True)))
        assert (await ended(service, bad))["error"] == "ValueError"

    lives(options, course)
    assert calls.read_text() == "work\nwork\n"


def test_a_function_in_flight_is_called_again_after_a_start(options: EngineOptions, tmp_path: Path) -> None:
    calls, go = tmp_path / "calls", tmp_path / "go"
    executions: list[ExecutionArn] = []

    async def first(service: Service) -> None:
        state = invoke(calls=str(calls), until=str(go), gives="done")
        executions.append(await start(service, await create(service, "m", A=state)))
        await until(calls.exists)

    async def second(service: Service) -> None:
        go.touch()
        assert (await ended(service, executions[0]))["output"] == '"done"'

    lives(options, first, second)
    assert calls.read_text() == "work\nwork\n"


def test_a_child_is_waited_for_and_found_again_after_a_start(options: EngineOptions) -> None:
    executions: list[ExecutionArn] = []

    async def first(service: Service) -> None:
        child = await create(service, "child", A={"Type": "Wait", "Seconds": 1, "Output": "done", "End": True})
        parent = await start(service, await create(service, "parent", A=nested(child)))
        executions.append(parent)
        await until(lambda: len([*service.store.running()]) == 2)
        key = next(iter(service.store.running()))[0].key
        await until(lambda: "TaskSubmitted" in [event["type"] for event in service.store.history(key, 1, 100)])

    async def second(service: Service) -> None:
        # Closing has left the child alone.
        assert len([*service.store.running()]) == 2
        assert (await ended(service, executions[0]))["output"] == '"done"'
        listed = await call(
            service,
            "ListExecutions",
            {"stateMachineArn": executions[0].replace(":execution:parent:n", ":stateMachine:child")},
        )
        assert [one["status"] for one in listed["executions"]] == ["SUCCEEDED"]

    lives(options, first, second)


def test_a_child_is_stopped_with_its_parent(options: EngineOptions) -> None:
    async def course(service: Service) -> None:
        child = await create(service, "child", A={"Type": "Wait", "Seconds": 3600, "End": True})
        parent = await start(service, await create(service, "parent", A=nested(child)))
        await until(lambda: len([*service.store.running()]) == 2)
        await call(service, "StopExecution", {"executionArn": parent})
        await until(lambda: not [*service.store.running()])

    lives(options, course)


def test_nothing_is_left_under_way_after_closing(options: EngineOptions, tmp_path: Path) -> None:
    calls, go = tmp_path / "calls", tmp_path / "go"

    async def course() -> None:
        async with opened(options) as service:
            child = await create(service, "child", A=invoke(calls=str(calls), until=str(go)))
            await start(service, await create(service, "parent", A=nested(child)))
            await until(calls.exists)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        go.touch()

    asyncio.run(course())
    gc.collect()


def test_a_file_in_use_is_told_and_leaves_nothing(options: EngineOptions) -> None:
    async def course(_service: Service) -> None:
        with pytest.raises(StoreLockedError, match="is in use by process"):
            async with opened(options):
                pass

    lives(options, course, course)


def test_the_own_api_refuses_as_the_api_does(options: EngineOptions) -> None:
    async def course(service: Service) -> None:
        own = OwnApi()
        assert own.closing
        own.service = service
        assert not own.closing
        missing = "arn:aws:states:us-east-1:000000000000:execution:m:n"
        with pytest.raises(ApiError) as caught:
            await own.ended(missing)
        assert caught.value.code == "ExecutionDoesNotExist"

    lives(options, course)


def test_a_port_in_use_is_told_before_the_file_is_touched(options: EngineOptions) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = EngineOptions(other.getsockname()[1], options.data)
        with pytest.raises(LocalRunError, match="give another --port"):
            run_engine(taken, lambda _: None)
    assert not options.data.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_its_handlers_are_put_back(options: EngineOptions, number: signal.Signals) -> None:
    before = [signal.getsignal(known) for known in (signal.SIGINT, signal.SIGTERM)]
    told: list[str] = []

    def ready(url: str) -> None:
        told.append(url)
        threading.Timer(0.3, signal.raise_signal, [number]).start()

    if number is signal.SIGINT:
        with pytest.raises(KeyboardInterrupt):
            run_engine(options, ready)
    else:
        run_engine(options, ready)
    gc.collect()
    assert [signal.getsignal(known) for known in (signal.SIGINT, signal.SIGTERM)] == before
    assert told[0].startswith("http://127.0.0.1:")
