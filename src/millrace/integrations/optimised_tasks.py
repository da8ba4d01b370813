"""The optimised integrations of the catalogue: one call, and with `.sync` a job to wait for."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import jmespath

from millrace.engine import TaskFailure, TaskRequest
from millrace.engine.errors import RUNTIME, TASK_FAILED
from millrace.engine.resource import Pattern
from millrace.integrations.catalogue import SERVICES, Action, Job, Service
from millrace.integrations.clients import Clients
from millrace.integrations.errors import ClientError, IntegrationError, ServiceError
from millrace.integrations.metadata import with_metadata
from millrace.integrations.roles import Roles
from millrace.integrations.sdk_tasks import call, prepare
from millrace.integrations.shapes import OPTIMISED, decode
from millrace.model.json import Json

_logger = logging.getLogger(__name__)
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERROR: Final = 500
_PATIENCE: Final = 10


@dataclass(frozen=True, slots=True)
class Polling:
    """How often `.sync` asks for a job's status.

    Attributes:
        first: Seconds before the second question; each next wait is twice as long.
        longest: Seconds that no wait exceeds.
    """

    first: float = 0.25
    longest: float = 5.0


class OptimisedTasks:
    """Does the tasks of the catalogue's services.

    Args:
        roles: Gives the clients.
        closing: Tells whether the runtime goes down: jobs are left alone then, to go on with when it is back.
    """

    def __init__(self, roles: Roles, polling: Polling, closing: Callable[[], bool]) -> None:
        self._roles = roles
        self._polling = polling
        self._closing = closing
        self._stopping: set[asyncio.Task[None]] = set()

    async def __call__(self, task: TaskRequest) -> Json:
        """Call one action, and with .sync wait for its job; a cancelled wait stops it."""
        service, action = _found(task)
        clients = await self._roles.clients(task.credentials)
        try:
            start = task.submitted
            if start is None:
                start = await self._start(clients, service, action, task)
                if task.resource.pattern is not Pattern.SYNC:
                    return start
                task.submit(start)
            assert action.job is not None
            return await self._wait(clients, service.folder, action.job, {"start": start, "arguments": task.arguments})
        except IntegrationError as error:
            raise service.failures.failure(error, task.arguments) from error

    async def _start(self, clients: Clients, service: Service, action: Action, task: TaskRequest) -> dict[str, Json]:
        operation = await clients.operation(action.folder or service.folder, action.operation)
        parameters = prepare(operation, _search(action.request, task.arguments), OPTIMISED, task.token)
        answer = await clients.call(operation.service, operation.name, parameters)
        decoded = decode(operation.output, answer, OPTIMISED, operation.service)
        result = cast("dict[str, Json]", _search(action.answer, decoded))
        return with_metadata(result, answer) if service.metadata else result

    async def _wait(self, clients: Clients, folder: str, job: Job, known: dict[str, Json]) -> Json:
        try:
            result, succeeded = await self._end(clients, folder, job, known)
        except asyncio.CancelledError:
            if job.stop is not None and not self._closing():
                stopping = asyncio.create_task(_stop(clients, folder, job.stop, known))
                self._stopping.add(stopping)
                stopping.add_done_callback(self._stopping.discard)
            raise
        if not succeeded:
            raise TaskFailure(TASK_FAILED, json.dumps(result, separators=(",", ":"), ensure_ascii=False))
        return result

    async def _end(self, clients: Clients, folder: str, job: Job, known: dict[str, Json]) -> tuple[Json, bool]:
        """Wait until the job has ended; give the task's result and whether it is one."""
        operation = await clients.operation(folder, job.describe)
        wait, failures = self._polling.first, 0
        last: Json = None
        while True:
            try:
                description = await call(clients, operation, _search(job.key, known), OPTIMISED)
            except (ServiceError, ClientError) as error:
                if isinstance(error, ServiceError) and error.answer.code == job.gone:
                    return last, True
                failures += 1
                if failures >= _PATIENCE or not _passing(error):
                    raise
            else:
                failures = 0
                last = _search(job.result, description)
                status = _search(job.status, description)
                if status in job.done or status in job.failed:
                    return last, status in job.done
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._polling.longest)


def supports(service: str, action: str, pattern: Pattern) -> bool:
    """Tell whether the catalogue has an action with a pattern."""
    found = SERVICES[service].actions.get(action) if service in SERVICES else None
    return found is not None and (pattern is not Pattern.SYNC or found.job is not None)


def _found(task: TaskRequest) -> tuple[Service, Action]:
    name, action = task.resource.service, task.resource.action.partition(".")[0]
    if not supports(name, action, task.resource.pattern):
        raise TaskFailure(RUNTIME, f"expected an optimised integration of Step Functions, found {task.resource.arn!r}")
    return SERVICES[name], SERVICES[name].actions[action]


def _search(expression: str, value: Json) -> Json:
    return cast("Json", cast("Any", jmespath).search(expression, value))


def _passing(error: ServiceError | ClientError) -> bool:
    """Tell whether asking again may help."""
    if isinstance(error, ClientError):
        return True
    return error.answer.status == _TOO_MANY_REQUESTS or error.answer.status >= _SERVER_ERROR


async def _stop(clients: Clients, folder: str, stop: tuple[str, str], known: dict[str, Json]) -> None:
    operation, key = stop
    try:
        await call(clients, await clients.operation(folder, operation), _search(key, known), OPTIMISED)
    except IntegrationError as error:
        _logger.warning("a job that nobody waits for could not be stopped by %s: %s", operation, error)
