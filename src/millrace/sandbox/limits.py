"""What a program may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run.

    Attributes:
        seconds: Wall-clock time.
        memory_bytes: The interpreter's heap.
        result_bytes: The returned value as JSON.
        console_bytes: Console output that is kept.
    """

    seconds: float = 10.0
    memory_bytes: int = 64 * 1024 * 1024
    result_bytes: int = 5 * 1024 * 1024
    console_bytes: int = 64 * 1024
