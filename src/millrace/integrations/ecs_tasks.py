"""`ecs:runTask`: the task definition's command as a process of this machine.

Sources: AWS Step Functions Developer Guide, "Run Amazon ECS or Fargate tasks"; Amazon ECS API, RunTask and Task.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from millrace.engine import TaskFailure, TaskRequest
from millrace.engine.errors import RUNTIME, TASK_FAILED
from millrace.engine.resource import Pattern
from millrace.integrations.endpoint import AwsEndpoint
from millrace.integrations.errors import IntegrationError
from millrace.integrations.failures import OptimisedFailures
from millrace.integrations.metadata import local_metadata
from millrace.integrations.processes import Container, Outcome, run_containers
from millrace.integrations.roles import Roles
from millrace.integrations.sdk_tasks import call, prepare
from millrace.integrations.shapes import OPTIMISED
from millrace.model.json import Json

_FAILURES: Final = OptimisedFailures("ECS", "AmazonECS", "AmazonECSException")
_MOST_TASKS: Final = 10


@dataclass(slots=True)
class _Run:
    """One ECS task, as ECS describes it."""

    description: dict[str, Json]
    containers: list[Container]
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])

    def succeeded(self) -> bool:
        """Tell whether every essential container ended with exit code 0."""
        return all(self.outcomes[container.name].exit_code == 0 for container in self.containers if container.essential)


class EcsTasks:
    """Runs tasks.

    Args:
        roles: Gives the clients that describe task definitions.
        endpoint: Where the processes are to find AWS.
        environment: The variables that every process has, before those of its definition.
        now: Gives the time, in seconds since the epoch.
    """

    def __init__(
        self,
        roles: Roles,
        endpoint: AwsEndpoint,
        environment: Mapping[str, str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._roles = roles
        self._endpoint = endpoint
        self._environment = {**_surroundings(endpoint), **environment}
        self._now = now
        self._loose: set[asyncio.Task[dict[str, Outcome]]] = set()

    async def __call__(self, task: TaskRequest) -> Json:
        """Run the task; with .sync until its end, and a cancelled wait ends its processes."""
        try:
            runs = await self._prepare(task)
        except IntegrationError as error:
            raise _FAILURES.failure(error, task.arguments) from error
        answer: Json = local_metadata({"Failures": [], "Tasks": [dict(run.description) for run in runs]})
        if task.resource.pattern is not Pattern.SYNC:
            for run in runs:
                running = asyncio.create_task(run_containers(run.containers))
                self._loose.add(running)
                running.add_done_callback(self._loose.discard)
            return answer
        if task.submitted is None:
            task.submit(answer)
        else:  # the processes ended with the runtime that had started them
            _resume(runs, task.submitted)
        await asyncio.gather(*(self._finish(run) for run in runs))
        first = next((run for run in runs if not run.succeeded()), runs[0])
        if not first.succeeded():
            raise TaskFailure(TASK_FAILED, json.dumps(first.description, separators=(",", ":"), ensure_ascii=False))
        return first.description

    async def close(self) -> None:
        """End the processes that nobody waits for."""
        for running in self._loose:
            running.cancel()
        await asyncio.gather(*self._loose, return_exceptions=True)

    async def _prepare(self, task: TaskRequest) -> list[_Run]:
        clients = await self._roles.clients(task.credentials)
        run_task = await clients.operation("ecs", "RunTask")
        parameters = prepare(run_task, task.arguments, OPTIMISED)
        describe = await clients.operation("ecs", "DescribeTaskDefinition")
        answer = await call(clients, describe, {"TaskDefinition": parameters["taskDefinition"]}, OPTIMISED)
        definition = cast("dict[str, Json]", answer["TaskDefinition"])
        arguments = cast("dict[str, Json]", task.arguments)
        containers = self._containers(definition, _overrides(arguments))
        count = cast("int", parameters.get("count", 1))
        return [self._new(definition, arguments, containers) for _ in range(min(max(count, 1), _MOST_TASKS))]

    def _containers(
        self, definition: Mapping[str, Json], overrides: Mapping[str, Mapping[str, Json]]
    ) -> list[Container]:
        containers: list[Container] = []
        for given in cast("list[dict[str, Json]]", definition.get("ContainerDefinitions", [])):
            name = cast("str", given["Name"])
            override = overrides.get(name, {})
            words = [*_strings(given.get("EntryPoint")), *_strings(override.get("Command") or given.get("Command"))]
            if not words:
                raise TaskFailure(
                    RUNTIME,
                    f"expected the container {name!r} of {definition.get('TaskDefinitionArn')} to have a command, or "
                    "ContainerOverrides to give it one: ecs:runTask runs commands here, not images",
                )
            environment = self._environment | _variables(given) | _variables(override)
            directory = cast("str | None", given.get("WorkingDirectory"))
            containers.append(
                Container(name, tuple(words), environment, directory, essential=given.get("Essential") is not False)
            )
        return containers

    def _new(self, definition: Mapping[str, Json], arguments: Mapping[str, Json], containers: list[Container]) -> _Run:
        region = self._endpoint.region
        cluster = str(arguments.get("Cluster") or "default").rpartition("/")[2]
        account = str(definition.get("TaskDefinitionArn", "")).split(":")[4:5] or ["000000000000"]
        arn = f"arn:aws:ecs:{region}:{account[0]}:task/{cluster}/{uuid.uuid4().hex}"
        images = {
            cast("str", given["Name"]): given.get("Image")
            for given in cast("list[dict[str, Json]]", definition.get("ContainerDefinitions", []))
        }
        description: dict[str, Json] = {
            "Attachments": [],
            "Attributes": [],
            "ClusterArn": f"arn:aws:ecs:{region}:{account[0]}:cluster/{cluster}",
            "Containers": [
                {
                    "ContainerArn": f"{arn.replace(':task/', ':container/')}/{uuid.uuid4()}",
                    "Image": images.get(container.name),
                    "LastStatus": "PENDING",
                    "Name": container.name,
                    "NetworkInterfaces": [],
                    "TaskArn": arn,
                }
                for container in containers
            ],
            "CreatedAt": self._time(),
            "DesiredStatus": "RUNNING",
            "Group": arguments.get("Group") or f"family:{definition.get('Family')}",
            "LastStatus": "PROVISIONING",
            "LaunchType": arguments.get("LaunchType") or "EC2",
            "Overrides": arguments.get("Overrides") or {"ContainerOverrides": []},
            "StartedBy": arguments.get("StartedBy") or "AWS Step Functions",
            "Tags": arguments.get("Tags") or [],
            "TaskArn": arn,
            "TaskDefinitionArn": definition.get("TaskDefinitionArn"),
            "Version": 1,
        }
        return _Run(description, containers)

    async def _finish(self, run: _Run) -> None:
        started = self._time()
        run.outcomes = await run_containers(run.containers)
        failed = [outcome.reason for outcome in run.outcomes.values() if outcome.exit_code is None]
        containers: list[Json] = []
        for container in cast("list[dict[str, Json]]", run.description["Containers"]):
            outcome = run.outcomes[cast("str", container["Name"])]
            ended: dict[str, Json] = {"LastStatus": "STOPPED"}
            if outcome.exit_code is None:
                ended["Reason"] = outcome.reason
            else:
                ended["ExitCode"] = outcome.exit_code
            containers.append(dict(sorted({**container, **ended}.items())))
        stopped: dict[str, Json] = {
            "Containers": containers,
            "DesiredStatus": "STOPPED",
            "LastStatus": "STOPPED",
            "StartedAt": started,
            "StopCode": "TaskFailedToStart" if failed else "EssentialContainerExited",
            "StoppedAt": self._time(),
            "StoppedReason": failed[0] if failed else "Essential container in task exited",
        }
        run.description = dict(sorted({**run.description, **stopped}.items()))

    def _time(self) -> int:
        return round(self._now() * 1000)


def _resume(runs: list[_Run], submitted: Json) -> None:
    """Give the tasks the identity that was told when they were first started."""
    told = cast("list[dict[str, Json]]", submitted.get("Tasks", []) if isinstance(submitted, dict) else [])
    for run, description in zip(runs, told, strict=False):
        run.description = {**run.description, **description}


def _surroundings(endpoint: AwsEndpoint) -> dict[str, str]:
    """Give the variables by which AWS's SDKs find a stand-in for AWS."""
    variables = {"AWS_REGION": endpoint.region, "AWS_DEFAULT_REGION": endpoint.region}
    if endpoint.url is not None:
        keys = endpoint.keys("")
        assert keys is not None
        variables |= {
            "AWS_ENDPOINT_URL": endpoint.url,
            "AWS_ACCESS_KEY_ID": keys[0],
            "AWS_SECRET_ACCESS_KEY": keys[1],
        }
    return variables


def _overrides(arguments: Mapping[str, Json]) -> dict[str, Mapping[str, Json]]:
    overrides = arguments.get("Overrides")
    given = overrides.get("ContainerOverrides") if isinstance(overrides, dict) else None
    return {
        str(override.get("Name")): override
        for override in (given if isinstance(given, list) else [])
        if isinstance(override, dict)
    }


def _strings(value: Json) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _variables(container: Mapping[str, Json]) -> dict[str, str]:
    """Read a container's Environment; what is not text is written as JSON, as in every argument."""
    given = container.get("Environment")
    return {
        str(variable.get("Name")): value if isinstance(value := variable.get("Value"), str) else json.dumps(value)
        for variable in (given if isinstance(given, list) else [])
        if isinstance(variable, dict)
    }
