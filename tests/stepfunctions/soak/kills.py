"""Who disturbs the engine: kills at random moments, and at named ones."""

import asyncio
import signal
import subprocess
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Final

from tests.stepfunctions.soak.server import ServerError
from tests.stepfunctions.soak.soak import Soak

SHORTEST: Final = 0.05
LONGEST: Final = 0.8
# The part of the kills that hit the engine while it starts, and of those that hit what has just been started.
_EARLY: Final = 0.15
_IN_BURST: Final = 0.5
_BURST_SECONDS: Final = 0.03
# The part of the interruptions that are clean stops, which have code of their own to lose things by.
_CLEAN: Final = 0.1
_FAULT_SECONDS: Final = 10.0


def random_kills(random: Random, kills: int) -> Callable[[Soak], Coroutine[Any, Any, None]]:
    """End the engine so often, 50 to 800 ms after it serves or sometimes before, and let starts come all the while.

    One in ten is stopped as Ctrl-C does.
    """

    async def disturb(soak: Soak) -> None:
        await asyncio.to_thread(soak.server.serves)
        for number in range(1, kills + 1):
            if random.random() >= _EARLY:
                await asyncio.to_thread(soak.server.serves)
            pause = random.uniform(SHORTEST, LONGEST)
            after_starts = random.uniform(0, _BURST_SECONDS if random.random() < _IN_BURST else pause)
            await asyncio.sleep(pause - after_starts)
            soak.permit(number / (kills + 1))
            await asyncio.sleep(after_starts)
            if random.random() < _CLEAN:
                await asyncio.to_thread(soak.server.stop)
            else:
                soak.server.kill()
                soak.kills += 1
            soak.server.launch()
        soak.permit(1)
        await asyncio.to_thread(soak.server.serves)

    return disturb


async def armed_fault(soak: Soak) -> None:
    """Let all executions start, and wait until the engine dies by the fault that it was launched with.

    Raises:
        ServerError: It did not die.
    """
    soak.permit(1)
    try:
        status = await asyncio.to_thread(soak.server.wait, _FAULT_SECONDS)
    except subprocess.TimeoutExpired:
        raise ServerError(f"expected the engine to reach its fault within {_FAULT_SECONDS} s, and it runs") from None
    if status != -signal.SIGKILL:
        raise ServerError(f"expected the engine to die by SIGKILL, found status {status}; {soak.server.last_words()}")
    await soak.restart()
