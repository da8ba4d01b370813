"""The histories of executions: blocks of consecutive events."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from millrace.stepfunctions.records import ExecutionKey, HistoryBlock
from millrace.stepfunctions.store.port import Change
from millrace.stepfunctions.store.schema import PLACE_BITS
from millrace.stepfunctions.store.tables import Tables

_PUT_BLOCK: Final = "INSERT INTO history (place, events) VALUES (?, ?)"
# From the block that the first wanted event is in.
_FORWARD: Final = """
SELECT events FROM history
WHERE place >= (SELECT max(place) FROM history WHERE place BETWEEN ? AND ?) AND place <= ?
ORDER BY place LIMIT ? OFFSET ?
"""
_BACKWARD: Final = "SELECT events FROM history WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT ? OFFSET ?"
# Blocks that are read at a time: one holds what one transition led to, or several.
_BATCH: Final = 16


class HistoryTable(Tables):
    """Histories of a data file."""

    def put_history(self, block: HistoryBlock) -> Sequence[Change]:
        """Write a block of events."""
        return (Change(_PUT_BLOCK, (_place(block.execution, block.first), block.events)),)

    def history(self, key: ExecutionKey, first: int, limit: int, *, reverse: bool = False) -> Sequence[dict[str, Any]]:
        """Give at most `limit` events, from number `first` on; in reverse, from `first` back."""
        low, at, high = _place(key, 0), _place(key, first), _place(key + 1, 0) - 1
        events: list[dict[str, Any]] = []
        read = 0
        while len(events) < limit:
            if reverse:
                blocks = self._database.select(_BACKWARD, (low, at, _BATCH, read))
            else:
                blocks = self._database.select(_FORWARD, (low, at, high, _BATCH, read))
            read += len(blocks)
            for (block,) in blocks:
                decoded = self._events(block)
                if reverse:
                    events.extend(event for event in reversed(decoded) if event["id"] <= first)
                else:
                    events.extend(event for event in decoded if event["id"] >= first)
                if len(events) >= limit:
                    break
            if len(blocks) < _BATCH:
                break
        return events[:limit]

    def _events(self, block: bytes) -> list[dict[str, Any]]:
        try:
            return orjson.loads(block)
        except orjson.JSONDecodeError as error:
            raise self._database.damage("a block of a history is not JSON") from error


def _place(execution: int, event: int) -> int:
    return execution << PLACE_BITS | event
