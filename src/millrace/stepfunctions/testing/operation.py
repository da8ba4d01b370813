"""The TestState operation."""

from collections.abc import Mapping

from millrace.engine.tasks import TaskHandler
from millrace.model.json import Json
from millrace.stepfunctions.testing.course import run
from millrace.stepfunctions.testing.request import read_request
from millrace.stepfunctions.testing.response import response


async def test_state(
    parameters: Mapping[str, Json],
    *,
    tasks: TaskHandler,
    region: str,
    account: str,
) -> dict[str, Json]:
    """Run one state and say how it went.

    A Wait takes no time. Nothing is kept of the test.

    Args:
        parameters: Those of the API, of the types that the service's model gives them.
        tasks: Does the task of a test without a mock; for at most five minutes.
        region: The region's name.
        account: The account's number.

    Raises:
        ApiError: InvalidDefinition, InvalidExecutionInput or ValidationException.
    """
    request = read_request(parameters)
    return response(request, await run(request, tasks, region, account))
