"""`Credentials` of a Task: the clients of the role that it names."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, cast

from millrace.engine import TaskFailure
from millrace.integrations.clients import Clients
from millrace.integrations.errors import ClientError, ServiceError
from millrace.model.json import Json

_PERMISSIONS: Final = "States.Permissions"
_MARGIN_SECONDS: Final = 300.0


class Roles:
    """Clients by the role of a task.

    Args:
        own: The engine's own clients, which assume the roles.
        now: Gives the time, in seconds since the epoch.
    """

    def __init__(self, own: Clients, now: Callable[[], float] = time.time) -> None:
        self._own = own
        self._now = now
        self._assumed: dict[str, tuple[Clients, float]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def clients(self, credentials: Json) -> Clients:
        """Give the clients for a task's evaluated Credentials; the engine's own where it has none.

        Raises:
            TaskFailure: The role cannot be assumed.
        """
        role = credentials.get("RoleArn") if isinstance(credentials, dict) else None
        if role is None:
            return self._own
        if not isinstance(role, str):
            raise TaskFailure(_PERMISSIONS, f"expected Credentials.RoleArn to be the ARN of a role, found {role!r}")
        async with self._locks[role]:
            clients, expires = self._assumed.get(role, (None, 0.0))
            if clients is None or self._now() > expires - _MARGIN_SECONDS:
                if clients is not None:
                    clients.close()
                clients, expires = await self._assume(role)
                self._assumed[role] = clients, expires
            return clients

    def close(self) -> None:
        """Close all clients but the engine's own."""
        for clients, _ in self._assumed.values():
            clients.close()

    async def _assume(self, role: str) -> tuple[Clients, float]:
        try:
            answer = await self._own.call("sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": "millrace"})
        except (ServiceError, ClientError) as error:
            raise TaskFailure(_PERMISSIONS, f"The role {role} could not be assumed: {error}") from error
        keys = cast("dict[str, Any]", answer["Credentials"])
        clients = self._own.with_keys((keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))
        return clients, keys["Expiration"].timestamp()
