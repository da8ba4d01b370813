"""Keeps calls of AWS within their quotas, and tries again those that came too fast or at the same time."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, cast

from botocore.exceptions import ClientError

_AGAIN: Final = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "ConflictException",
        "StateMachineDeleting",
        "ServiceUnavailable",
        "InternalFailure",
    }
)
"""Errors that pass: quotas, changes of one machine at the same time, faults inside of AWS."""


def error_code(error: ClientError) -> str:
    """Give the code of an error that AWS answered."""
    return _answered(error).get("Code", "")


def error_message(error: ClientError) -> str:
    """Give what AWS told of an error; its code where it told nothing."""
    return _answered(error).get("Message") or error_code(error)


def _answered(error: ClientError) -> dict[str, str]:
    return cast("dict[str, dict[str, str]]", cast("Any", error).response).get("Error", {})


@dataclass
class TokenBucket:
    """Lets calls through at a rate, after a burst; safe for threads.

    Attributes:
        rate: Tokens a second.
        burst: Tokens at the start, and at most.
        clock: Seconds that only grow.
        sleep: Waits for seconds.
    """

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _lock: Any = field(default_factory=Lock, repr=False)
    _tokens: float = field(init=False)
    _filled: float = field(init=False)

    def __post_init__(self) -> None:
        """Start full."""
        self._tokens = self.burst
        self._filled = self.clock()

    def take(self) -> None:
        """Take a token, and wait until it is there."""
        with self._lock:
            now = self.clock()
            self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.rate)
            self._filled = now
            self._tokens -= 1
            wait = max(0.0, -self._tokens / self.rate)
        if wait:
            self.sleep(wait)


@dataclass(frozen=True)
class Pacing:
    """How the calls that AWS allows once a second are made.

    Step Functions allows CreateStateMachine, UpdateStateMachine and their like 1 call a second after a burst of 100
    (Step Functions Developer Guide, "Quotas related to API action throttling"); each operation has its own bucket.

    Attributes:
        tries: How often a call is made at most.
        base, longest: Seconds before the second try, and before any.
        jitter: Gives a factor from 0 to 1.
    """

    rate: float = 1.0
    burst: float = 100.0
    tries: int = 6
    base: float = 0.5
    longest: float = 8.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    _buckets: dict[str, TokenBucket] = field(default_factory=dict[str, TokenBucket], repr=False)

    def call(self, operation: Callable[..., Any], **parameters: Any) -> Any:
        """Call an operation of a client.

        Raises:
            ClientError: AWS refuses, for good or again and again.
        """
        bucket = self._buckets.setdefault(
            operation.__name__, TokenBucket(self.rate, self.burst, self.clock, self.sleep)
        )
        for tried in range(1, self.tries + 1):
            bucket.take()
            try:
                return operation(**parameters)
            except ClientError as error:
                if error_code(error) not in _AGAIN or tried == self.tries:
                    raise
            self.sleep(min(self.longest, self.base * 2 ** (tried - 1)) * (0.5 + self.jitter() / 2))
        raise AssertionError("the last try returns or raises")
