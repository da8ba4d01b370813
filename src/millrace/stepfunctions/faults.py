"""Named moments at which a test can kill the process, to see what is left of its work."""

import os
import signal
from typing import Final

POINTS: Final = (
    "store.before-begin",
    "store.after-statements",
    "store.before-commit",
    "store.after-commit",
    "store.during-migration",
    "executions.before-commit",
    "executions.after-commit",
    "executions.before-effects",
    "executions.after-effects",
    "mapruns.before-child",
    "mapruns.after-child",
    "logs.after-delivery",
)
"""Every point. `store.after-statements` is passed once for each caller that shares a transaction."""

_armed: Final[dict[str, int]] = {}


def arm(point: str, passing: int = 1) -> None:
    """Kill this process when it reaches a point for the `passing`-th time from now.

    Raises:
        ValueError: There is no such point, or `passing` is less than 1.
    """
    if point not in POINTS:
        raise ValueError(f"expected one of {', '.join(POINTS)}, found {point!r}")
    if passing < 1:
        raise ValueError(f"expected a passing of at least 1, found {passing}")
    _armed[point] = passing


def reach(point: str) -> None:
    """Pass a point. Costs one test while nothing is armed."""
    if _armed:
        _pass(point)


def _pass(point: str) -> None:
    if point not in _armed:
        return
    _armed[point] -= 1
    if _armed[point] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
