"""Cursors: where a page of one list ended, as text that only this list takes."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from pynamodb.expressions.condition import Condition

from millrace.store.errors import InvalidCursorError
from millrace.store.schema import partition_name, sort_name

_CHECK_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Listing:
    """One list in the table.

    Attributes:
        index: None: the table itself.
        between: The bounds of the sort key, both included.
        where: What the database filters by.
        attributes: What is read; None: all there is.
        identity: What distinguishes the list beside these: the values that `where` holds.
    """

    partition: str
    index: str | None = None
    between: tuple[str, str] | None = None
    forward: bool = True
    where: Condition | None = None
    attributes: tuple[str, ...] | None = None
    identity: str = ""

    @property
    def sort_name(self) -> str:
        """The name of the sort key."""
        return sort_name(self.index)

    @property
    def places(self) -> tuple[str, ...]:
        """The key attributes that a cursor holds: all but the partition, which is the list's."""
        return ("sk",) if self.index is None else (self.sort_name, "pk", "sk")


def write_cursor(item: dict[str, dict[str, Any]], listing: Listing) -> str:
    """Give the cursor of what follows an item."""
    values = [item[name]["S"] for name in listing.places]
    text = json.dumps(values, separators=(",", ":")).encode()
    return urlsafe_b64encode(_check(text, listing) + text).rstrip(b"=").decode()


def read_cursor(cursor: str, listing: Listing) -> dict[str, dict[str, Any]]:
    """Give the key that a page starts after.

    Raises:
        InvalidCursorError: The cursor is not of this list.
    """
    try:
        data = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidCursorError(cursor) from error
    check, text = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
    if check != _check(text, listing):
        raise InvalidCursorError(cursor)
    values: list[str] = json.loads(text)
    key = {name: {"S": value} for name, value in zip(listing.places, values, strict=True)}
    return {partition_name(listing.index): {"S": listing.partition}, **key}


def _check(text: bytes, listing: Listing) -> bytes:
    # Tells a cursor of another list, or a damaged one; it need not keep a secret: the partition comes from the request.
    identity = [listing.partition, listing.index, listing.between, listing.forward, listing.identity]
    return blake2b(json.dumps(identity).encode() + text, digest_size=_CHECK_BYTES).digest()
