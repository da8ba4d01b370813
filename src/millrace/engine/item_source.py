"""Where items come from and results go: the port to an object store, and what can go wrong there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from millrace.engine.errors import EngineError
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a list of a bucket's objects.

    Attributes:
        modified: Seconds since the epoch.
        size: Bytes.
    """

    key: str
    size: int = 0
    etag: str = ""
    modified: float = 0.0
    storage_class: str = "STANDARD"

    def item(self) -> dict[str, Json]:
        """Give the object as the item that s3:listObjectsV2 makes of it."""
        return {
            "Etag": self.etag,
            "Key": self.key,
            "LastModified": int(self.modified),
            "Size": self.size,
            "StorageClass": self.storage_class,
        }


class ObjectStoreError(EngineError):
    """The object store refused.

    Args:
        code: S3's error code ("NoSuchKey").
        message: What it said.
        status: The HTTP status; 0 when there was no answer.
    """

    def __init__(self, code: str, message: str, status: int = 0) -> None:
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code})")


class ItemReaderError(EngineError):
    """The items cannot be read; the message is the cause of States.ItemReaderFailed."""


class ObjectStore(Protocol):
    """Buckets of objects. Every method raises `ObjectStoreError`."""

    def fetch(self, bucket: str, key: str, version: str | None = None) -> AsyncIterator[bytes]:
        """Give an object's bytes, a part at a time."""
        ...

    def objects(self, bucket: str, prefix: str = "") -> AsyncIterator[StoredObject]:
        """List a bucket's objects, by key."""
        ...

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object."""
        ...
