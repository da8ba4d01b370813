"""Cyclic garbage, collected by the event loop's thread only.

A compiled JSONata expression may be freed only by the thread that made it. Python's automatic collection runs in
whichever thread happens to allocate, a function's among them, so it is switched off while the loop runs, and the loop
collects.
"""

import asyncio
import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

# Seconds between two looks.
INTERVAL: Final = 0.25
# Allocations that are worth a young collection; full ones follow by the number of young ones.
YOUNG: Final = 20_000
FULL_EVERY: Final = 200


@contextmanager
def collected_by_loop() -> Generator[None]:
    """Collect on the running loop as long as the context lasts; automatic collection is restored after it."""
    loop = asyncio.get_running_loop()
    was_enabled = gc.isenabled()
    gc.disable()
    # What exists now stays: definitions, modules. Full collections need not look at it.
    gc.freeze()
    young = 0

    def collect() -> None:
        nonlocal handle, young
        if gc.get_count()[0] > YOUNG:
            young += 1
            gc.collect(2 if young % FULL_EVERY == 0 else 1)
        handle = loop.call_later(INTERVAL, collect)

    handle = loop.call_later(INTERVAL, collect)
    try:
        yield
    finally:
        handle.cancel()
        gc.unfreeze()
        if was_enabled:
            gc.enable()
