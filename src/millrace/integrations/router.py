"""Every task that the engine does not do itself."""

import asyncio
from collections.abc import Mapping

from millrace.engine import TaskFailure, TaskHandler, TaskRequest
from millrace.engine.errors import RUNTIME
from millrace.engine.resource import Integration, Pattern, Resource
from millrace.engine.tasks import Function
from millrace.http import AddressPolicy, Network, network_settings
from millrace.integrations import optimised_tasks
from millrace.integrations.bedrock_tasks import BedrockTasks
from millrace.integrations.clients import Clients, trusted_authorities
from millrace.integrations.connections import Connections
from millrace.integrations.ecs_tasks import EcsTasks
from millrace.integrations.endpoint import AwsEndpoint
from millrace.integrations.events_tasks import EventsTasks
from millrace.integrations.executions import ExecutionTasks
from millrace.integrations.http_tasks import HttpTasks
from millrace.integrations.lambda_tasks import LambdaTasks
from millrace.integrations.optimised_tasks import OptimisedTasks, Polling
from millrace.integrations.roles import Roles
from millrace.integrations.sdk_tasks import PREFIX, SdkTasks
from millrace.integrations.states_api import StatesApi
from millrace.model.json import Json

_OWN = {
    ("lambda", "invoke"): {Pattern.REQUEST, Pattern.TOKEN},
    ("states", "startExecution"): {Pattern.REQUEST, Pattern.SYNC, Pattern.TOKEN},
    ("events", "putEvents"): {Pattern.REQUEST, Pattern.TOKEN},
    ("ecs", "runTask"): {Pattern.REQUEST, Pattern.SYNC, Pattern.TOKEN},
    ("http", "invoke"): {Pattern.REQUEST},
    ("apigateway", "invoke"): {Pattern.REQUEST, Pattern.TOKEN},
    ("bedrock", "invokeModel"): {Pattern.REQUEST},
}
"""The optimised integrations that are more than a call, with their patterns."""


class Integrations:
    """A `TaskHandler` for functions, `aws-sdk` actions and optimised integrations.

    Args:
        endpoint: Where AWS is.
        functions: Lambda functions of this process, by name or ARN; all others are invoked at the endpoint.
        states: The engine, for `states:startExecution` and `aws-sdk:sfn`; None where executions cannot be started.
        network: Which addresses `http:invoke` may reach; None for the settings of this process.
        environment: The variables that processes of `ecs:runTask` have, before those of their definition.
        polling: How often `.sync` asks for a job's status.
    """

    def __init__(
        self,
        endpoint: AwsEndpoint | None = None,
        *,
        functions: Mapping[str, Function] | None = None,
        states: StatesApi | None = None,
        network: Network | None = None,
        environment: Mapping[str, str] | None = None,
        polling: Polling | None = None,
    ) -> None:
        endpoint = endpoint or AwsEndpoint()
        self._connections = Connections(trusted_authorities)
        self.clients = Clients(endpoint, self._connections)
        self._roles = roles = Roles(self.clients)
        self._lambda = LambdaTasks(functions or {}, roles)
        self._sdk = SdkTasks(roles, states)
        self._closed = False
        self._states = states
        self._optimised = OptimisedTasks(roles, polling or Polling(), self._closing)
        self._executions = None if states is None else ExecutionTasks(states, self._closing)
        self._ecs = EcsTasks(roles, endpoint, environment or {})
        self._events = EventsTasks(roles)
        self._http = HttpTasks(roles, network or _network(), endpoint.region)
        self._bedrock = BedrockTasks(roles)

    async def __call__(self, task: TaskRequest) -> Json:
        """Do one task."""
        return await self._handler(task)(task)

    async def close(self) -> None:
        """End what is under way without a task: events' functions, loose processes, connections.

        Call it after the tasks of a runtime that goes down were cancelled: one that started later would fail.
        """
        self._closed = True
        self._lambda.close()
        self._http.close()
        self._roles.close()
        self.clients.close()
        await asyncio.gather(self._ecs.close(), self._connections.close())

    def _closing(self) -> bool:
        return self._closed or (self._states is not None and self._states.closing)

    def _handler(self, task: TaskRequest) -> TaskHandler:
        resource = task.resource
        if resource.integration is Integration.FUNCTION:
            return self._lambda
        if resource.service.startswith(PREFIX):
            return self._sdk
        own: dict[str, TaskHandler | None] = {
            "lambda": self._lambda,
            "states": self._executions,
            "ecs": self._ecs,
            "events": self._events,
            "http": self._http,
            "apigateway": self._http,
            "bedrock": self._bedrock,
        }
        if not recognised(resource):
            raise TaskFailure(RUNTIME, f"expected a resource that Step Functions knows, found {resource.arn!r}")
        if (resource.service, resource.action.partition(".")[0]) not in _OWN:
            return self._optimised
        handler = own[resource.service]
        if handler is None:
            raise TaskFailure(RUNTIME, f"expected an engine that starts executions for {resource.arn!r}, found none")
        return handler


def recognised(resource: Resource) -> bool:
    """Tell whether a resource is one of Step Functions' own; of `aws-sdk` it is not known before it is called."""
    if resource.integration is not Integration.SERVICE:
        return True
    action = resource.action.partition(".")[0]
    if resource.service.startswith(PREFIX):
        return resource.pattern is not Pattern.SYNC
    own = _OWN.get((resource.service, action))
    return resource.pattern in own if own else optimised_tasks.supports(resource.service, action, resource.pattern)


def _network() -> Network:
    settings = network_settings()
    return Network(AddressPolicy.parse(settings.allow_private_hosts), settings.response_limit_bytes)
