"""The DynamoDB table: typed operations on items, as the parts of the store need them.

pynamodb's TableConnection (its documented low-level API) and condition expressions, not its models: a model's table
name and endpoint are class attributes, thus one for the whole process, and a model for each kind of record in one table
would repeat records.py. A connection belongs to the store that opened it.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

from pynamodb.connection.base import MetaTable
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from millrace.store.cursors import Listing, read_cursor, write_cursor
from millrace.store.errors import InvalidCursorError, StoreUnavailableError
from millrace.store.keys import Key
from millrace.store.port import PageRequest
from millrace.store.schema import EXPIRES, description, table_definition
from millrace.store.settings import StoreSettings

T = TypeVar("T")
Item: TypeAlias = dict[str, dict[str, Any]]
"""Attribute values by name, as DynamoDB's API has them: {"pk": {"S": "..."}}."""

# A request to a table in the same region takes milliseconds; botocore tries three times more.
_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 10.0
_CONNECTIONS: Final = 64
# BatchWriteItem and BatchGetItem, "Service, account, and table quotas in Amazon DynamoDB".
_WRITE_BATCH: Final = 25
_READ_BATCH: Final = 100
# What a filter may discard is read in growing portions.
_GROWTH: Final = 4
# Before each try after the first one: at most so many seconds, at random.
_PAUSES: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_BUSY: Final = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


class ConditionFailedError(Exception):
    """An item is not as the write expects it.

    Attributes:
        failed: The positions of the writes whose condition does not hold; of a single write, 0.
    """

    def __init__(self, failed: frozenset[int]) -> None:
        self.failed = failed
        super().__init__(f"expected the conditions of the writes {sorted(failed)} to hold")


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item."""

    item: Item
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item."""

    key: Key
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Expire:
    """Let an item expire; `at` is in seconds since 1970."""

    key: Key
    at: int


@dataclass(frozen=True, slots=True)
class Add:
    """Add to the number `total` of an item, which is made if it is not there."""

    key: Key
    amount: int


Write: TypeAlias = Put | Delete | Expire | Add
_ORDER: Final[tuple[type[Write], ...]] = (Delete, Put, Expire, Add)
"""In which order pynamodb puts the writes of a transaction, and so its cancellation reasons."""


class Table:
    """One table, on one connection."""

    def __init__(self, settings: StoreSettings, clock: Callable[[], float]) -> None:
        self._name = settings.table
        self._clock = clock
        # pynamodb types what it answers as a bare Dict.
        self._table: Any = TableConnection(
            settings.table,
            region=settings.region,
            host=settings.dynamodb_url,
            connect_timeout_seconds=_CONNECT_SECONDS,
            read_timeout_seconds=_READ_SECONDS,
            max_pool_connections=_CONNECTIONS,
            meta_table=MetaTable(description(settings.table)),
        )

    def create(self) -> None:
        """Create the table where there is none, and wait until it serves."""
        client = self._table.connection.client
        try:
            self._table.create_table(**table_definition())
        except PynamoDBException as error:
            if error.cause_response_code != "ResourceInUseException":
                raise self._unavailable(error) from error
        client.get_waiter("table_exists").wait(TableName=self._name, WaiterConfig={"Delay": 1})
        try:
            self._table.update_time_to_live(EXPIRES)
        except PynamoDBException as error:
            # "TimeToLive is already enabled"
            if error.cause_response_code != "ValidationException":
                raise self._unavailable(error) from error

    def get(self, key: Key) -> Item | None:
        """Read an item, as it is after every write that was acknowledged."""
        answer = self._call(lambda: self._table.get_item(key.pk, key.sk, consistent_read=True))
        return self._unexpired(answer.get("Item"))

    def find(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Read several items; those that are missing are missing."""
        found: dict[Key, Item] = {}
        for batch in _batches(keys, _READ_BATCH):
            wanted: Any = [{"pk": key.pk, "sk": key.sk} for key in batch]
            for _ in self._tries():
                answer = self._call(lambda wanted=wanted: self._table.batch_get_item(wanted, consistent_read=True))
                for item in answer.get("Responses", {}).get(self._name, ()):
                    if self._unexpired(item) is not None:
                        found[Key(item["pk"]["S"], item["sk"]["S"])] = item
                left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys")
                if not left:
                    break
                wanted = [{"pk": key["pk"]["S"], "sk": key["sk"]["S"]} for key in left]
        return found

    def put(self, item: Item, when: Condition | None = None) -> None:
        """Write an item.

        Raises:
            ConditionFailedError: The condition does not hold.
        """
        key = Key(item["pk"]["S"], item["sk"]["S"])
        self._call(lambda: self._table.put_item(key.pk, key.sk, attributes=item, condition=when))

    def delete(self, key: Key, when: Condition | None = None) -> None:
        """Remove an item, if it is there.

        Raises:
            ConditionFailedError: The condition does not hold.
        """
        self._call(lambda: self._table.delete_item(key.pk, key.sk, condition=when))

    def transact(self, writes: Sequence[Write]) -> None:
        """Write all or nothing; at most 100.

        Raises:
            ConditionFailedError: Conditions do not hold.
        """
        order = sorted(range(len(writes)), key=lambda index: _ORDER.index(type(writes[index])))
        operations: dict[type[Write], list[Any]] = {kind: [] for kind in _ORDER}
        for index in order:
            operations[type(writes[index])].append(self._operation(writes[index]))
        try:
            self._call(
                lambda: self._table.connection.transact_write_items(
                    [], operations[Delete], operations[Put], operations[Expire] + operations[Add]
                )
            )
        except ConditionFailedError as error:
            raise ConditionFailedError(frozenset(order[position] for position in error.failed)) from error

    def write(self, items: Iterable[Item] = (), deleted: Iterable[Key] = ()) -> None:
        """Write and remove items in batches, each by itself; what DynamoDB leaves undone is tried again.

        Of several items with one key the last one is written.

        Raises:
            StoreUnavailableError: Something is left undone after all tries.
        """
        requests: dict[Key, Any] = dict.fromkeys(deleted)
        requests |= {Key(item["pk"]["S"], item["sk"]["S"]): item for item in items}
        for batch in _batches(list(requests.items()), _WRITE_BATCH):
            puts: list[Any] = [item for _, item in batch if item is not None]
            deletes: list[Any] = [{"pk": key.pk, "sk": key.sk} for key, item in batch if item is None]
            for _ in self._tries():
                answer = self._call(lambda puts=puts, deletes=deletes: self._table.batch_write_item(puts, deletes))
                left = answer.get("UnprocessedItems", {}).get(self._name, ())
                puts = [request["PutRequest"]["Item"] for request in left if "PutRequest" in request]
                deletes = [request["DeleteRequest"]["Key"] for request in left if "DeleteRequest" in request]
                if not left:
                    break

    def page(self, listing: Listing, page: PageRequest) -> tuple[list[Item], str | None]:
        """Read a page, and the cursor of the next one.

        Raises:
            InvalidCursorError: The cursor is not of this list.
        """
        start = read_cursor(page.cursor, listing) if page.cursor is not None else None
        # One more than asked for tells whether there is a next page.
        try:
            found = list(islice(self._items(listing, start, page.limit + 1), page.limit + 1))
        except StoreUnavailableError as error:
            if page.cursor is not None and getattr(error.__cause__, "cause_response_code", "") == "ValidationException":
                raise InvalidCursorError(page.cursor) from error
            raise
        if len(found) <= page.limit:
            return found, None
        del found[page.limit :]
        return found, write_cursor(found[-1], listing)

    def all(self, listing: Listing) -> Iterator[Item]:
        """Read a list to its end."""
        return self._items(listing, None, None)

    def _items(self, listing: Listing, start: Item | None, wanted: int | None) -> Iterator[Item]:
        portion = wanted
        while True:
            if portion is not None and listing.where is not None:
                portion *= _GROWTH
            answer = self._query(listing, start, portion)
            yield from (item for item in answer["Items"] if self._unexpired(item) is not None)
            start = answer.get("LastEvaluatedKey")
            if start is None:
                return

    def _query(self, listing: Listing, start: Item | None, limit: int | None) -> Any:
        return self._call(
            lambda: self._table.query(
                listing.partition,
                range_key_condition=Path(listing.sort_name).between(*listing.between) if listing.between else None,
                filter_condition=listing.where,
                attributes_to_get=list(listing.attributes) if listing.attributes else None,
                consistent_read=listing.index is None,
                exclusive_start_key=start,
                index_name=listing.index,
                limit=limit,
                scan_index_forward=listing.forward,
            )
        )

    def _operation(self, write: Write) -> Any:
        if isinstance(write, Put):
            pk, sk = write.item["pk"]["S"], write.item["sk"]["S"]
            return self._table.get_operation_kwargs(pk, sk, key="Item", attributes=write.item, condition=write.when)
        if isinstance(write, Delete):
            return self._table.get_operation_kwargs(write.key.pk, write.key.sk, condition=write.when)
        if isinstance(write, Add):
            actions = [Path("total").add(write.amount)]
            return self._table.get_operation_kwargs(write.key.pk, write.key.sk, actions=actions)
        return self._table.get_operation_kwargs(write.key.pk, write.key.sk, actions=[Path(EXPIRES).set(write.at)])

    def _unexpired(self, item: Item | None) -> Item | None:
        # DynamoDB removes what has expired within days only.
        if item is None or (EXPIRES in item and float(item[EXPIRES]["N"]) <= self._clock()):
            return None
        return item

    def _call(self, operation: Callable[[], T]) -> T:
        """Call, again while the item is busy.

        Raises:
            ConditionFailedError: A condition does not hold.
            StoreUnavailableError: Anything else.
        """
        for last in self._tries():
            try:
                return operation()
            except PynamoDBException as error:
                codes = _codes(error)
                failed = frozenset(index for index, code in codes if code.startswith("ConditionalCheckFailed"))
                if failed:
                    raise ConditionFailedError(failed) from error
                if last or not codes or any(code not in _BUSY for _, code in codes):
                    raise self._unavailable(error) from error
        raise AssertionError("the last try returns or raises")

    def _tries(self) -> Iterator[bool]:
        """Give whether this try is the last one, and pause before the next.

        Raises:
            StoreUnavailableError: Another one is wanted after the last.
        """
        for pause in _PAUSES:
            yield False
            time.sleep(random.uniform(0, pause))  # noqa: S311 - only spreads the tries
        yield True
        raise StoreUnavailableError(f"the table {self._name!r}", "it is too busy")

    def _unavailable(self, error: PynamoDBException) -> StoreUnavailableError:
        return StoreUnavailableError(f"the table {self._name!r}", error.cause or error)


def text(value: str) -> dict[str, Any]:
    """Give a text's attribute value."""
    return {"S": storable(value)}


def storable(value: str) -> str:
    """Give a text as the table can hold it: UTF-8 has no lone surrogates, question marks stand for them."""
    return value if value.isascii() else value.encode(errors="replace").decode()


def integer(value: int) -> dict[str, Any]:
    """Give an integer's attribute value."""
    return {"N": str(value)}


def every(*conditions: Condition | None) -> Condition | None:
    """Give the condition that all of them hold; None where there is none."""
    combined: Any = None
    for condition in conditions:
        if condition is not None:
            combined = condition if combined is None else combined & condition
    return combined


def either(first: Condition, second: Condition) -> Condition:
    """Give the condition that one of both holds."""
    combined: Any = first
    return combined | second


def _codes(error: PynamoDBException) -> list[tuple[int, str]]:
    """Give the codes of what went wrong, each with the position of the write."""
    if isinstance(error, TransactWriteError) and error.cancellation_reasons:
        reasons = enumerate(error.cancellation_reasons)
        return [(index, reason.code) for index, reason in reasons if reason is not None]
    code = error.cause_response_code
    return [(0, code)] if code else []


def _batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))
