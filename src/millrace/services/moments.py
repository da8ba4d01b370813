"""Moments as records carry them: ISO-8601 in UTC with milliseconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], float]
"""Seconds since the epoch, as `time.time` gives them."""


def moment(clock: Clock = time.time) -> str:
    """Give this moment, such as 2026-11-21T07:30:00.000Z."""
    return written(clock())


def written(seconds: float) -> str:
    """Write a moment, given in seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
