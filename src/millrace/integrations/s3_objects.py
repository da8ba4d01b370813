"""Amazon S3 as the object store of Map Runs: objects are read in ranges, so that none is held as a whole."""

from collections.abc import AsyncIterator
from typing import Any, Final

from millrace.engine.item_source import ObjectStoreError, StoredObject
from millrace.integrations.clients import Clients
from millrace.integrations.errors import ClientError, ServiceError

# Bytes of one range.
PART: Final = 4_194_304
_EMPTY: Final = "InvalidRange"


class S3Objects:
    """Buckets at an AWS endpoint; an `ObjectStore`.

    Args:
        clients: Carry the calls.
        part: Bytes that are read at a time.
        page: Objects that are listed at a time.
    """

    def __init__(self, clients: Clients, part: int = PART, page: int = 1_000) -> None:
        self._clients = clients
        self._part = part
        self._page = page

    async def fetch(self, bucket: str, key: str, version: str | None = None) -> AsyncIterator[bytes]:
        """Give an object's bytes, a range at a time; all are of one version of it."""
        parameters: dict[str, Any] = {"Bucket": bucket, "Key": key}
        if version is not None:
            parameters["VersionId"] = version
        start, total = 0, 1
        while start < total:
            parameters["Range"] = f"bytes={start}-{start + self._part - 1}"
            try:
                answer = await self._call("GetObject", parameters)
            except ObjectStoreError as error:
                if start == 0 and error.code == _EMPTY:
                    return
                raise
            body = answer["Body"].read()
            yield body
            start += len(body)
            # A server that knows no ranges gives all at once.
            total = int(str(answer.get("ContentRange", f"/{start}")).rsplit("/", 1)[-1])
            parameters["IfMatch"] = answer["ETag"]

    async def objects(self, bucket: str, prefix: str = "") -> AsyncIterator[StoredObject]:
        """List a bucket's objects, by key."""
        parameters: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": self._page}
        while True:
            answer = await self._call("ListObjectsV2", parameters)
            for found in answer.get("Contents", []):
                yield StoredObject(
                    key=found["Key"],
                    size=found["Size"],
                    etag=found["ETag"],
                    modified=found["LastModified"].timestamp(),
                    storage_class=found.get("StorageClass", "STANDARD"),
                )
            if not answer.get("IsTruncated"):
                return
            parameters["ContinuationToken"] = answer["NextContinuationToken"]

    async def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object."""
        await self._call("PutObject", {"Bucket": bucket, "Key": key, "Body": body})

    async def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._clients.call("s3", operation, parameters)
        except ServiceError as error:
            answer = error.answer
            raise ObjectStoreError(answer.code, answer.message, answer.status) from error
        except ClientError as error:
            raise ObjectStoreError("SdkClientException", str(error)) from error
