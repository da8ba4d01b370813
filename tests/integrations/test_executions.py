import asyncio
import json
from typing import Any

import pytest

from millrace.engine import TaskRequest
from millrace.engine.resource import Resource
from millrace.integrations import ApiError
from millrace.model import Json, StateName
from tests.integrations.running import run

ARN = "arn:aws:states:us-east-1:123456789012:execution:m:e"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"


class Engine:
    """Answers as the engine's API does."""

    def __init__(self, status: str = "SUCCEEDED") -> None:
        self.calls: list[tuple[str, dict[str, Json]]] = []
        self.status = status
        self.may_end = asyncio.Event()
        self.stopped = asyncio.Event()
        self.started = asyncio.Event()
        self.closing = False
        self.exists = False

    async def call(self, operation: str, parameters: dict[str, Json]) -> dict[str, Json]:
        self.calls.append((operation, parameters))
        match operation:
            case "StartExecution":
                self.started.set()
                if self.exists:
                    raise ApiError("ExecutionAlreadyExists", "Execution Already Exists: 'e'")
                if parameters["stateMachineArn"] != MACHINE:
                    raise ApiError("StateMachineDoesNotExist", "State Machine Does Not Exist: 'x'")
                return {"executionArn": ARN, "startDate": 1700000000.125}
            case "DescribeExecution":
                return {"executionArn": parameters["executionArn"], "startDate": 1700000000.125, "status": "RUNNING"}
            case "SendTaskSuccess":
                raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
            case "StopExecution":
                self.stopped.set()
                return {"stopDate": 1700000001.0}
            case _:
                return {}

    async def ended(self, execution_arn: str) -> dict[str, Json]:
        await self.may_end.wait()
        description: dict[str, Json] = {
            "executionArn": execution_arn,
            "stateMachineArn": MACHINE,
            "name": "e",
            "status": self.status,
            "startDate": 1700000000.125,
            "stopDate": 1700000001.5,
            "input": '{"a":1}',
            "inputDetails": {"included": True},
            "traceHeader": None,
        }
        if self.status == "SUCCEEDED":
            return {**description, "output": "[2]", "outputDetails": {"included": True}}
        return {**description, "error": "E", "cause": "C"}


def start(integrations: Any, resource: str, arguments: Json, engine: Engine) -> Any:
    async def go() -> Any:
        engine.may_end.set()
        async with integrations(states=engine) as tasks:
            return await run(tasks, resource, arguments)

    return asyncio.run(go())


def test_an_execution_is_started_with_its_input_as_text(integrations: Any) -> None:
    engine = Engine()
    arguments: Json = {"StateMachineArn": MACHINE, "Input": {"a": 1}, "Name": None}
    result = start(integrations, "states:startExecution", arguments, engine)
    assert list(result.output) == ["ExecutionArn", "SdkHttpMetadata", "SdkResponseMetadata", "StartDate"]
    assert result.output["StartDate"] == 1700000000125
    ((operation, parameters),) = engine.calls
    assert operation == "StartExecution"
    assert (parameters["stateMachineArn"], parameters["input"]) == (MACHINE, '{"a":1}')


@pytest.mark.parametrize(
    ("suffix", "given", "output"), [(".sync", '{"a":1}', "[2]"), (".sync:2", {"a": 1}, [2])], ids=["text", "json"]
)
def test_sync_gives_the_description(integrations: Any, suffix: str, given: Json, output: Json) -> None:
    result = start(integrations, f"states:startExecution{suffix}", {"StateMachineArn": MACHINE}, Engine())
    assert result.output == {
        "ExecutionArn": ARN,
        "Input": given,
        "InputDetails": {"Included": True},
        "Name": "e",
        "Output": output,
        "OutputDetails": {"Included": True},
        "StartDate": 1700000000125,
        "StateMachineArn": MACHINE,
        "Status": "SUCCEEDED",
        "StopDate": 1700000001500,
    }


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_execution_that_fails_fails_the_task(integrations: Any, status: str) -> None:
    result = start(integrations, "states:startExecution.sync:2", {"StateMachineArn": MACHINE}, Engine(status))
    assert result.error == "States.TaskFailed"
    cause = json.loads(result.cause)
    assert (cause["Status"], cause["Error"], cause["Cause"], cause["Input"]) == (status, "E", "C", {"a": 1})


def test_a_machine_that_is_not_there_is_the_services_error(integrations: Any) -> None:
    result = start(integrations, "states:startExecution", {"StateMachineArn": "x"}, Engine())
    assert result.error == "StepFunctions.StateMachineDoesNotExistException"
    assert "(Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist;" in result.cause


def test_the_sdk_reaches_the_same_engine(integrations: Any) -> None:
    engine = Engine()
    arguments: Json = {"StateMachineArn": MACHINE, "Input": None}
    started = start(integrations, "aws-sdk:sfn:startExecution", arguments, engine)
    assert started.output == {"ExecutionArn": ARN, "StartDate": "2023-11-14T22:13:20.125Z"}
    refused = start(integrations, "aws-sdk:sfn:sendTaskSuccess", {"Output": "o", "TaskToken": "t"}, Engine())
    assert refused.error == "Sfn.InvalidTokenException"
    assert refused.cause.startswith("Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ")


def test_an_execution_that_nobody_waits_for_is_stopped(integrations: Any) -> None:
    async def go() -> Engine:
        engine = Engine()
        async with integrations(states=engine) as tasks:
            arguments: Json = {"StateMachineArn": MACHINE}
            result = await run(tasks, "states:startExecution.sync", arguments, TimeoutSeconds=1)
            assert result.error == "States.Timeout"
            await asyncio.wait_for(engine.stopped.wait(), 5)
        return engine

    assert asyncio.run(go()).calls[-1] == ("StopExecution", {"executionArn": ARN})


def test_a_runtime_that_goes_down_leaves_executions_alone(integrations: Any) -> None:
    async def go() -> list[str]:
        engine = Engine()
        async with integrations(states=engine) as tasks:
            running = asyncio.create_task(run(tasks, "states:startExecution.sync", {"StateMachineArn": MACHINE}))
            await engine.started.wait()
            await tasks.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return [operation for operation, _ in engine.calls]

    assert asyncio.run(go()) == ["StartExecution"]


def request(**fields: Any) -> TaskRequest:
    resource = Resource.parse("arn:aws:states:::states:startExecution.sync")
    return TaskRequest(resource, {"StateMachineArn": MACHINE}, "token", StateName("Call"), **fields)


def test_a_task_that_is_run_again_waits_for_the_execution_that_it_had_started(integrations: Any) -> None:
    async def go() -> tuple[Engine, Any]:
        engine = Engine()
        engine.may_end.set()
        async with integrations(states=engine) as tasks:
            return engine, await tasks(request(submitted={"ExecutionArn": ARN, "StartDate": 1}))

    engine, result = asyncio.run(go())
    assert engine.calls == []
    assert result["ExecutionArn"] == ARN


def test_a_task_that_is_run_again_finds_the_execution_that_bears_its_name(integrations: Any) -> None:
    async def go() -> tuple[str, str]:
        engine = Engine()
        engine.may_end.set()
        async with integrations(states=engine) as tasks:
            await tasks(request())
            engine.exists = True
            again = await tasks(request())
            return str(engine.calls[0][1]["name"]), again["ExecutionArn"]

    name, arn = asyncio.run(go())
    assert arn == f"arn:aws:states:us-east-1:123456789012:execution:m:{name}"
