"""Retention: executions that ended long ago are removed, a few at a time."""

import asyncio
import logging
from typing import Final

from millrace.engine.clock import Clock
from millrace.stepfunctions.store.errors import StoreError
from millrace.stepfunctions.store.port import Store

_log: Final = logging.getLogger(__name__)
DAY: Final = 86_400.0
# Executions removed in one transaction, and the seconds that others have the store before the next one.
BATCH: Final = 200
PAUSE: Final = 0.05
# Seconds between two rounds.
INTERVAL: Final = 60.0


async def keep_removing(store: Store, clock: Clock, days: float) -> None:
    """Remove executions `days` after their end, until cancelled."""
    while True:
        try:
            removed = await store.remove_ended(clock() - days * DAY, BATCH)
        except StoreError as error:
            _log.warning("old executions stay for now: %s", error)
            removed = 0
        await asyncio.sleep(PAUSE if removed == BATCH else INTERVAL)
