import asyncio
import io
import json
import zipfile
from typing import Any

import pytest

from millrace.engine import Status
from millrace.model import Json
from tests.integrations.running import run

ECHO = "def handler(event, context):\n    return event\n"
RAISE = "class Refused(Exception):\n    pass\ndef handler(event, context):\n    raise Refused('no')\n"


@pytest.fixture
def deploy(boto: Any, name: str) -> Any:
    def make(source: str) -> str:
        boto("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("handler.py", source)
        made = boto("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=f"arn:aws:iam::123456789012:role/{name}",
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
        )
        return str(made["FunctionArn"])

    return make


def unchanged(event: Json) -> Json:
    return event


def invoke(integrations: Any, resource: str, arguments: Json, **settings: Any) -> Any:
    async def go() -> Any:
        async with integrations(**settings) as tasks:
            return await run(tasks, resource, arguments)

    return asyncio.run(go())


@pytest.mark.parametrize("value", [0, 1.5, True, "text", [], {}, {"a": [None]}, None])
def test_a_function_at_the_endpoint_gets_its_input(integrations: Any, deploy: Any, value: Json) -> None:
    assert invoke(integrations, deploy(ECHO), value).output == value


@pytest.mark.parametrize(
    ("payload", "seen"), [(None, {}), ("0.5", 0.5), ("{}", {}), ("plain", "plain"), ({"a": 1}, {"a": 1})]
)
def test_invoke_tells_of_the_exchange(integrations: Any, deploy: Any, payload: Json, seen: Json) -> None:
    arguments: Json = {"FunctionName": deploy(ECHO), "Payload": payload, "LogType": "Tail"}
    output = invoke(integrations, "lambda:invoke", arguments).output
    assert list(output) == [
        "ExecutedVersion",
        "LogResult",
        "Payload",
        "SdkHttpMetadata",
        "SdkResponseMetadata",
        "StatusCode",
    ]
    assert output["Payload"] == seen
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == output["StatusCode"] == 200


@pytest.mark.parametrize("plain", [True, False])
def test_a_function_that_raises_names_the_error(integrations: Any, deploy: Any, plain: bool) -> None:
    arn = deploy(RAISE)
    result = invoke(integrations, arn if plain else "lambda:invoke", {} if plain else {"FunctionName": arn})
    assert result.error == "Refused"
    assert json.loads(result.cause)["errorMessage"] == "no"


def test_a_function_that_is_not_there_is_the_services_error(integrations: Any, name: str) -> None:
    result = invoke(integrations, "lambda:invoke", {"FunctionName": name})
    assert result.error == "Lambda.ResourceNotFoundException"
    assert "(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: " in result.cause


@pytest.mark.parametrize("wrong", [{}, {"FunctionName": "f", "Colour": "red"}])
def test_arguments_that_do_not_fit_are_refused(integrations: Any, wrong: Json) -> None:
    result = invoke(integrations, "lambda:invoke", wrong)
    assert result.error == "States.Runtime"


def test_functions_of_this_process_go_before_the_endpoint(integrations: Any) -> None:
    seen: list[Json] = []

    def local(event: Json) -> Json:
        seen.append(event)
        return {"got": event}

    settings: dict[str, Any] = {"functions": {"local": local}}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:local"
    assert invoke(integrations, arn, {"a": 1}, **settings).output == {"got": {"a": 1}}
    service = invoke(integrations, "lambda:invoke", {"FunctionName": arn, "Payload": None}, **settings).output
    assert service["Payload"] == {"got": {}}


@pytest.mark.parametrize(("kind", "status"), [("Event", 202), ("DryRun", 204)])
def test_an_invocation_may_not_wait(integrations: Any, kind: str, status: int) -> None:
    arguments: Json = {"FunctionName": "local", "InvocationType": kind}
    result = invoke(integrations, "lambda:invoke", arguments, functions={"local": unchanged})
    assert result.status is Status.SUCCEEDED
    assert (result.output["StatusCode"], result.output["Payload"]) == (status, "")


def test_a_callback_task_ends_with_its_token(integrations: Any) -> None:
    from millrace.engine import Runner
    from tests.integrations.running import task

    async def go() -> Any:
        runner = Runner()
        tokens: asyncio.Queue[str] = asyncio.Queue()

        async def hand_over(event: Any) -> Json:
            await tokens.put(event["token"])
            return "handed over"

        async with integrations(functions={"f": hand_over}) as tasks:
            arguments: Json = {"FunctionName": "f", "Payload": {"token": "{% $states.context.Task.Token %}"}}
            execution = runner.start(task("lambda:invoke.waitForTaskToken", arguments), {}, tasks=tasks)
            runner.send_task_success(await tokens.get(), {"done": True})
            return await execution.result()

    result = asyncio.run(go())
    assert result.output == {"done": True}
