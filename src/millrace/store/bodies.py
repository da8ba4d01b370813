"""Bodies: what of a record may be large. Small ones lie in the item, large ones in the bucket."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, Final, TypeVar

import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from millrace.model import Json
from millrace.store.errors import StoreUnavailableError
from millrace.store.json_text import read_json
from millrace.store.schema import BODIES, STORED
from millrace.store.settings import StoreSettings
from millrace.store.table import Item, text

IN_ITEM_BYTES: Final = 200 * 1024
"""How much of bodies an item holds: DynamoDB's 400 KB leave room for the record and its keys."""
_CONNECTIONS: Final = 16
_REMEMBERED: Final = 1024

T = TypeVar("T")


class Bodies:
    """Keeps bodies in items as long as they fit, and in the bucket by their content."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._s3: Any = None
        self._threads: ThreadPoolExecutor | None = None
        # What was written lately need not be written again: a run's inputs come with each of its states.
        self._written: OrderedDict[str, None] = OrderedDict()

    def create_bucket(self) -> None:
        """Create the bucket where there is none."""
        client = self._client()
        region = client.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            client.create_bucket(Bucket=self._settings.bucket, **place)
        except ClientError as error:
            response: Any = error.response
            if response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error

    def place(self, scope: str, bodies: Mapping[str, bytes]) -> Item:
        """Give the attributes of an item that hold bodies, after the largest went to the bucket.

        Args:
            scope: The folder in the bucket: bodies of one workflow or run lie together.
            bodies: JSON texts by field.
        """
        inside = dict(bodies)
        outside: dict[str, str] = {}
        room = IN_ITEM_BYTES - sum(map(len, inside.values()))
        while room < 0:
            largest = max(inside, key=lambda name: len(inside[name]))
            body = inside.pop(largest)
            room += len(body)
            outside[largest] = self._write(scope, body)
        attributes: Item = {}
        if inside:
            content = orjson.dumps({name: orjson.Fragment(body) for name, body in inside.items()})
            attributes[BODIES] = text(content.decode())
        if outside:
            attributes[STORED] = text(orjson.dumps(outside).decode())
        return attributes

    def read(self, items: Iterable[Item]) -> list[dict[str, Json]]:
        """Give the bodies of each item, by field; those in the bucket are read at the same time."""
        found: list[dict[str, Json]] = []
        places: list[tuple[dict[str, Json], str, str]] = []
        for item in items:
            bodies: Any = read_json(item[BODIES]["S"]) if BODIES in item else {}
            found.append(bodies)
            if STORED in item:
                places.extend((bodies, name, key) for name, key in orjson.loads(item[STORED]["S"]).items())
        if len(places) == 1:
            [(bodies, name, key)] = places
            bodies[name] = self._read(key)
        elif places:
            for (bodies, name, _), body in zip(
                places, self._pool().map(self._read, [p[2] for p in places]), strict=True
            ):
                bodies[name] = body
        return found

    def _write(self, scope: str, body: bytes) -> str:
        key = f"bodies/{scope}/{sha256(body).hexdigest()}"
        with self._lock:
            known = key in self._written
        if not known:
            self._call(
                lambda: self._client().put_object(
                    Bucket=self._settings.bucket, Key=key, Body=body, ContentType="application/json"
                )
            )
            with self._lock:
                self._written[key] = None
                while len(self._written) > _REMEMBERED:
                    self._written.popitem(last=False)
        return key

    def _read(self, key: str) -> Json:
        client = self._client()
        return read_json(
            self._call(lambda: bytes(client.get_object(Bucket=self._settings.bucket, Key=key)["Body"].read()))
        )

    def _call(self, operation: Callable[[], T]) -> T:
        try:
            return operation()
        except (BotoCoreError, ClientError) as error:
            raise self._unavailable(error) from error

    def _client(self) -> Any:
        # Made when the first large body comes: most processes never meet one.
        with self._lock:
            if self._s3 is None:
                session: Any = Session()  # botocore has no types
                self._s3 = session.create_client(
                    "s3",
                    region_name=self._settings.region,
                    endpoint_url=self._settings.s3_url,
                    config=Config(
                        connect_timeout=3,
                        read_timeout=30,
                        max_pool_connections=_CONNECTIONS,
                        retries={"total_max_attempts": 4, "mode": "standard"},
                        # The key is the content's hash already.
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
            return self._s3

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="bodies")
            return self._threads

    def _unavailable(self, error: Exception) -> StoreUnavailableError:
        return StoreUnavailableError(f"the bucket {self._settings.bucket!r}", error)
