"""What is done once: claims of keys, and answers under idempotency keys."""

from typing import Final
from uuid import uuid4

from pynamodb.expressions.operand import Path

from millrace.model import Json
from millrace.store import keys
from millrace.store.items import Items, plain_item
from millrace.store.json_text import json_text
from millrace.store.schema import EXPIRES
from millrace.store.table import ConditionFailedError, either, text

_FOLDER: Final = "answers"


class OnceItems(Items):
    """Claims and answers in the table."""

    def claim(self, key: str, seconds: int) -> bool:
        """Claim a key for some time; tell whether nobody had it."""
        place = keys.once_key(key)
        owner = uuid4().hex
        free = either(Path("pk").does_not_exist(), Path(EXPIRES) <= int(self._clock()))
        try:
            self._table.put(plain_item(place, owner=text(owner), expires=self._expiry(seconds)), free)
        except ConditionFailedError:
            # A request whose answer was lost is sent again, and then finds the claim that it has made itself.
            item = self._table.get(place)
            return item is not None and item.get("owner") == text(owner)
        return True

    def release(self, key: str) -> None:
        """Give up a claim, and forget the answer kept under its key."""
        self._table.delete(keys.once_key(key))

    def remember(self, key: str, answer: Json, seconds: int) -> None:
        """Keep the answer to a request under its idempotency key, in place of the claim."""
        bodies = self._bodies.place(_FOLDER, {"answer": json_text(answer)})
        self._table.put(plain_item(keys.once_key(key), expires=self._expiry(seconds), **bodies))

    def remembered(self, key: str) -> Json:
        """Give the answer that was kept; None: none."""
        item = self._table.get(keys.once_key(key))
        return None if item is None else self._bodies.read([item])[0].get("answer")
