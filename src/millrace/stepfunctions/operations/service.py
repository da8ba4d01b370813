"""What every operation works with."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random, SystemRandom

from millrace.stepfunctions.arns import Arns
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.records import ExecutionArn, MachineArn
from millrace.stepfunctions.store.port import Store


@dataclass(slots=True)
class _Turn:
    """A resource's lock, kept as long as somebody has it or waits for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """The Step Functions of one account in one region, in this process.

    Attributes:
        store: Keeps machines, versions, aliases, activities and tags; the same that `executions` uses.
        executions: Those that run, and the way to all others.
        arns: Writes the account's ARNs.
        deleting: Machines whose executions are being stopped, before they are gone.
        redrives: The client tokens of the latest redrives of an execution, each with its moment.
        random: Draws the version that an alias starts.
    """

    store: Store
    executions: Executions
    arns: Arns = field(default_factory=Arns)
    deleting: set[MachineArn] = field(default_factory=set[MachineArn])
    redrives: dict[ExecutionArn, dict[str, float]] = field(default_factory=dict[ExecutionArn, dict[str, float]])
    random: Random = field(default_factory=SystemRandom)
    _turns: dict[str, _Turn] = field(default_factory=dict[str, _Turn], repr=False)

    def now(self) -> float:
        """Give seconds since the epoch, as exact as the API shows them."""
        return moment(self.executions.now())

    @asynccontextmanager
    async def alone_with(self, resource: str) -> AsyncGenerator[None, None]:
        """Keep other changes of a resource out between a check and the commit of the change that follows from it."""
        turn = self._turns.setdefault(resource, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[resource]


def moment(seconds: float) -> float:
    """Round a moment to milliseconds."""
    return round(seconds, 3)
