import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from millrace.model import Json
from tests.integrations.running import run


@pytest.fixture
def define(boto: Any, name: str) -> Any:
    def make(*containers: dict[str, Any]) -> str:
        made = boto("ecs").register_task_definition(family=name, containerDefinitions=list(containers))
        return str(made["taskDefinition"]["taskDefinitionArn"])

    return make


def python(source: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "main",
        "image": "python",
        "memory": 64,
        "entryPoint": [sys.executable],
        "command": ["-c", source],
        **fields,
    }


def run_task(integrations: Any, arguments: Json, pattern: str = ".sync") -> Any:
    async def go() -> Any:
        async with integrations() as tasks:
            return await run(tasks, f"ecs:runTask{pattern}", arguments)

    return asyncio.run(go())


def test_the_command_runs_with_its_overrides(integrations: Any, define: Any, tmp_path: Path) -> None:
    written = tmp_path / "written"
    arn = define(
        python(
            "raise SystemExit(9)",
            environment=[{"name": "A", "value": "definition"}, {"name": "B", "value": "definition"}],
        )
    )
    source = f"import os; open({str(written)!r}, 'w').write(os.environ['A'] + os.environ['B'])"
    override: Json = {"Name": "main", "Command": ["-c", source], "Environment": [{"Name": "B", "Value": {"x": 1}}]}
    arguments: Json = {
        "TaskDefinition": arn,
        "LaunchType": "FARGATE",
        "Cluster": "c",
        "Overrides": {"ContainerOverrides": [override]},
    }
    result = run_task(integrations, arguments)
    assert written.read_text() == 'definition{"x": 1}'
    output = result.output
    assert (output["LastStatus"], output["StopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert output["Containers"][0]["ExitCode"] == 0
    assert output["TaskDefinitionArn"] == arn
    assert output["Overrides"] == arguments["Overrides"]
    submitted = next(event for event in result.history if event.type == "TaskSubmitted")
    assert '"Tasks":[' in json.dumps(submitted.details["output"]).replace("\\", "")


def test_a_command_that_fails_fails_the_task(integrations: Any, define: Any) -> None:
    result = run_task(integrations, {"TaskDefinition": define(python("raise SystemExit(3)"))})
    assert result.error == "States.TaskFailed"
    assert json.loads(result.cause)["Containers"][0]["ExitCode"] == 3


def test_a_command_that_is_not_there_fails_the_task(integrations: Any, define: Any) -> None:
    result = run_task(integrations, {"TaskDefinition": define(python("", entryPoint=["/no/such/command"]))})
    assert result.error == "States.TaskFailed"
    cause = json.loads(result.cause)
    assert cause["StopCode"] == "TaskFailedToStart"
    assert "CannotStartContainerError" in cause["StoppedReason"]


def test_containers_that_are_not_essential_end_with_the_task(integrations: Any, define: Any) -> None:
    forever = python("import time\nwhile True: time.sleep(1)", name="side", essential=False)
    result = run_task(integrations, {"TaskDefinition": define(python("pass"), forever)})
    assert [container["Name"] for container in result.output["Containers"]] == ["main", "side"]
    assert result.output["Containers"][1]["ExitCode"] == 143


def test_a_task_definition_that_is_not_there_is_the_services_error(integrations: Any, name: str) -> None:
    assert run_task(integrations, {"TaskDefinition": name}).error == "ECS.ClientException"


def test_a_container_without_a_command_is_refused(integrations: Any, define: Any) -> None:
    arn = define({"name": "main", "image": "nginx", "memory": 64})
    result = run_task(integrations, {"TaskDefinition": arn})
    assert result.error == "States.Runtime"
    assert "to have a command" in result.cause


def test_a_process_ends_with_its_task(integrations: Any, define: Any, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    os.mkfifo(told)  # reading it waits until the process has written
    source = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid()))\nwhile True: time.sleep(1)"
    arn = define(python(source))

    async def go() -> int:
        async with integrations() as tasks:
            running = asyncio.create_task(run(tasks, "ecs:runTask.sync", {"TaskDefinition": arn}))
            process = int(await asyncio.wait_for(asyncio.to_thread(told.read_text), 10))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return process

    process = asyncio.run(go())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_callback_task_goes_on_while_the_process_runs(integrations: Any, define: Any) -> None:
    from millrace.engine import Runner
    from tests.integrations.running import task

    async def go() -> Any:
        runner = Runner()
        submitted = asyncio.Event()
        token: list[str] = []

        async with integrations() as tasks:

            async def watched(request: Any) -> Json:
                token.append(request.token)
                answer = await tasks(request)
                submitted.set()
                return answer

            machine = task("ecs:runTask.waitForTaskToken", {"TaskDefinition": define(python("pass"))})
            execution = runner.start(machine, {}, tasks=watched)
            await submitted.wait()
            runner.send_task_success(token[0], "done")
            return await execution.result()

    assert asyncio.run(go()).output == "done"
