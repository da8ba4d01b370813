"""A point in time that a whole call must end by."""

import time
from collections.abc import Callable

from millrace.http.errors import CallTimeoutError


class Deadline:
    """Time that is left, in seconds; it bounds every single read, so that a slow drip cannot stretch a call."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """How many seconds are left.

        Raises:
            CallTimeoutError: None.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise CallTimeoutError(
                f"The call took longer than {self.seconds:g} s; raise timeoutSeconds if the server needs longer"
            )
        return left
