"""A client that does not give up while the engine is away."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

from tests.stepfunctions.soak.client import Client, UnreachableError

# Seconds until the engine is tried again; it starts within one.
_PAUSE: Final = 0.02


class Line:
    """Calls the API across restarts."""

    def __init__(self, port: int) -> None:
        self.client = Client(port)

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation until an answer comes; it must be one that may be carried out twice.

        Raises:
            CallError: The API answered with an error.
        """
        while True:
            try:
                return await self.client.call(operation, **parameters)
            except UnreachableError:
                await asyncio.sleep(_PAUSE)

    async def pages(self, operation: str, member: str, **parameters: Any) -> AsyncGenerator[dict[str, Any], None]:
        """Give all entries of a list."""
        while True:
            page = await self.call(operation, **parameters)
            for entry in page[member]:
                yield entry
            if "nextToken" not in page:
                return
            parameters["nextToken"] = page["nextToken"]
