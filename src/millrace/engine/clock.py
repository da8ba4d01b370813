"""Clocks: the wall's, and one that skips waits."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> float:
        """Give seconds since the epoch."""
        ...


class SkippingClock:
    """The wall's clock, which can be set forward.

    Args:
        base: The clock that it starts from.
    """

    def __init__(self, base: Clock = time.time) -> None:
        self._base = base
        self._skipped = 0.0

    def __call__(self) -> float:
        """Give seconds since the epoch, skipped time included."""
        return self._base() + self._skipped

    def skip_to(self, moment: float) -> None:
        """Go forward to a moment, in seconds since the epoch; never back."""
        self._skipped += max(0.0, moment - self())
