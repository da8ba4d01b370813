"""The port through which outputs are kept from one run to the next."""

from dataclasses import dataclass
from typing import NewType, Protocol

CacheKey = NewType("CacheKey", str)
"""What an output depends on, as the SHA-256 of it in hexadecimal: a store never sees a node's config."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """An output that is kept.

    Attributes:
        output: UTF-8 JSON.
        stored_at: When it was kept, in seconds since 1970.
        expires_at: From when on it is no longer used, in seconds since 1970.
    """

    output: bytes
    stored_at: float
    expires_at: float


class CacheStore(Protocol):
    """Keeps outputs; functions that run at the same time share it."""

    def get(self, key: CacheKey, now: float) -> CacheEntry | None:
        """Give what is kept under a key, unless it has expired by `now`, in seconds since 1970.

        Raises:
            CacheError: The store cannot be read.
        """
        ...

    def put(self, key: CacheKey, entry: CacheEntry) -> None:
        """Keep an output in place of what the key had; a store of limited size drops what it has kept longest.

        Raises:
            CacheError: The store cannot be written.
        """
        ...
