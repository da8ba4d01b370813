"""`aws-sdk:<service>:<action>`: any action of any AWS service."""

import uuid
from typing import Any, Final

from millrace.engine import TaskRequest
from millrace.integrations import naming
from millrace.integrations.clients import Clients, Operation
from millrace.integrations.errors import ApiError, IntegrationError, ServiceAnswer, ServiceError
from millrace.integrations.failures import SdkFailures, absent
from millrace.integrations.roles import Roles
from millrace.integrations.shapes import SDK, Style, decode, encode, missing, with_client_token
from millrace.integrations.states_api import StatesApi
from millrace.model.json import Json

PREFIX: Final = "aws-sdk:"
_STATES: Final = "stepfunctions"


class SdkTasks:
    """Does tasks by calling AWS.

    Args:
        roles: Gives the clients.
        states: Answers the actions of Step Functions itself; None for the service at the endpoint.
    """

    def __init__(self, roles: Roles, states: StatesApi | None) -> None:
        self._roles = roles
        self._states = states

    async def __call__(self, task: TaskRequest) -> Json:
        """Call one action."""
        service = task.resource.service.removeprefix(PREFIX)
        action = task.resource.action.partition(".")[0]
        clients = await self._roles.clients(task.credentials)
        failures = SdkFailures(service)
        try:
            operation = await clients.operation(await clients.folder(service), action)
            failures = SdkFailures(naming.sdk_service(operation.service_id))
            parameters = prepare(operation, task.arguments, SDK, task.token)
            if operation.service == _STATES and self._states is not None:
                answer = await call_states(self._states, operation.name, parameters)
            else:
                answer = await clients.call(operation.service, operation.name, parameters)
            return decode(operation.output, answer, SDK, operation.service)
        except IntegrationError as error:
            raise failures.failure(error, task.arguments) from error


def prepare(operation: Operation, arguments: Json, style: Style, token: str | None = None) -> dict[str, Any]:
    """Make a task's arguments the parameters of a call.

    Args:
        operation: What is called.
        arguments: In Step Functions' spelling.
        style: Which spelling that is.
        token: The task token, for calls that a task makes once.

    Raises:
        ArgumentsError: They do not fit.
        ServiceError: They lack a required member; it reads as the service would word it.
    """
    parameters = encode(operation.input, arguments, style, operation.service)
    if token is not None:
        with_client_token(operation.input, parameters, token)
    member = missing(operation.input, parameters)
    if member is not None:
        raise ServiceError(absent(member, str(uuid.uuid4()), query=operation.query))
    return parameters


async def call_states(states: StatesApi, operation: str, parameters: dict[str, Any]) -> dict[str, Json]:
    """Call the engine itself, as if over the wire.

    Raises:
        ServiceError: The call is refused.
    """
    try:
        return await states.call(operation, parameters)
    except ApiError as error:
        raise ServiceError(ServiceAnswer(error.code, error.code, error.message, 400, str(uuid.uuid4()))) from error


async def call(clients: Clients, operation: Operation, arguments: Json, style: Style) -> dict[str, Json]:
    """Call an action with arguments and a result in Step Functions' spelling, without metadata.

    Raises:
        IntegrationError: It failed.
    """
    answer = await clients.call(operation.service, operation.name, prepare(operation, arguments, style))
    return decode(operation.output, answer, style, operation.service)
