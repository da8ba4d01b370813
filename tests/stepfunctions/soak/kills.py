"""Who disturbs the engine: kills at random moments."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from tests.stepfunctions.soak.soak import Soak

SHORTEST: Final = 0.05
LONGEST: Final = 0.8
# The part of the kills that hit the engine while it starts.
_EARLY: Final = 0.15


def random_kills(random: Random, kills: int) -> Callable[[Soak], Awaitable[None]]:
    """Kill the engine so often, 50 to 800 ms after it serves or sometimes before, and let starts come all the while."""

    async def disturb(soak: Soak) -> None:
        soak.permit(1 / (kills + 1))
        await asyncio.to_thread(soak.server.serves)
        for number in range(1, kills + 1):
            if random.random() >= _EARLY:
                await asyncio.to_thread(soak.server.serves)
            await asyncio.sleep(random.uniform(SHORTEST, LONGEST))
            soak.server.kill()
            soak.permit((number + 1) / (kills + 1))
            soak.kills += 1
            soak.server.launch()
        await asyncio.to_thread(soak.server.serves)

    return disturb
