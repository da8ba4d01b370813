import asyncio
from typing import Any

import pytest

from millrace.engine import TaskFailure
from millrace.integrations.clients import Clients
from millrace.integrations.connections import Connections
from millrace.integrations.endpoint import AwsEndpoint
from millrace.integrations.roles import Roles

ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/worker"}


def with_roles(url: str, go: Any, now: Any) -> Any:
    async def inside() -> Any:
        connections = Connections()
        clients = Clients(AwsEndpoint(url), connections)
        roles = Roles(clients, now)
        try:
            return await go(roles)
        finally:
            roles.close()
            clients.close()
            await connections.close()

    return asyncio.run(inside())


def test_a_role_is_assumed_once_until_shortly_before_it_expires(aws_url: str) -> None:
    import time

    clock = [time.time()]

    async def go(roles: Roles) -> list[Clients]:
        given = list(await asyncio.gather(*(roles.clients(dict(ROLE)) for _ in range(3))))
        clock[0] += 3600 - 301
        given.append(await roles.clients(dict(ROLE)))
        clock[0] += 10
        given.append(await roles.clients(dict(ROLE)))
        return given

    *same, last = with_roles(aws_url, go, lambda: clock[0])
    assert len(set(map(id, same))) == 1
    assert last is not same[0]


def test_a_role_that_cannot_be_assumed_fails_the_task() -> None:
    async def go(roles: Roles) -> None:
        with pytest.raises(TaskFailure, match=r"States\.Permissions: The role .* could not be assumed"):
            await roles.clients(dict(ROLE))

    with_roles("http://127.0.0.1:9", go, lambda: 0.0)
