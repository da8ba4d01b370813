"""Using a node's output again: what the common field `cache` does in a function."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, PositiveInt

from millrace.model import Json
from millrace.steps.cache_store import CacheEntry, CacheKey, CacheStore
from millrace.steps.errors import CacheError
from millrace.steps.output_store import OUTPUT_LIMIT_BYTES

_CACHE_FILE: Final = "cache.sqlite3"


class CacheRequest(BaseModel):
    """What an event asks for in `cache`.

    Attributes:
        ttlSeconds: How long the output stays usable.
        key: What the output depends on; None for the whole config.
        workflowId: The workflow whose nodes share the key, where it is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    ttlSeconds: PositiveInt  # noqa: N815 -- spelled as in the event
    key: Any = None
    workflowId: str | None = None  # noqa: N815 -- spelled as in the event


def open_store() -> CacheStore:
    """Give the store that the functions share: a file in the data folder."""
    # Only nodes with a cache pay for these imports, 50 to 100 ms.
    from millrace.steps.settings import steps_settings
    from millrace.steps.sqlite_cache import SqliteCache

    return SqliteCache(steps_settings().home / _CACHE_FILE)


@dataclass(frozen=True, slots=True)
class OutputCache:
    """Runs nodes whose outputs are not kept yet, and keeps these.

    A store that fails costs the node nothing but time: it runs, and the console says why. Nodes that start at the same
    time do not wait for each other's output.

    Attributes:
        open: Gives the store.
        clock: Gives the time in seconds since 1970.
    """

    open: Callable[[], CacheStore] = open_store
    clock: Callable[[], float] = time.time

    def output(
        self,
        request: CacheRequest,
        event: Mapping[str, Any],
        run: Callable[[], tuple[Json, int]],
        console: Callable[[str], None],
    ) -> tuple[Json, int]:
        """Give a node's output and its size in bytes of UTF-8 JSON, from the store or from a run.

        Args:
            request: What the event asks for.
            event: The event.
            run: Runs the node; its failures pass through and are never kept.
            console: Takes a line that says what became of it.
        """
        key = cache_key(request, event)
        store = self.open()
        try:
            entry = store.get(key, now := self.clock())
        except CacheError as error:
            console(f"not cached: {error}")
            return run()
        if entry is not None:
            try:
                kept: Json = json.loads(entry.output)
            except ValueError as error:
                console(f"the cached output is replaced, since it is not JSON: {error}")
            else:
                console(f"cached {_age(now - entry.stored_at)} ago")
                return kept, len(entry.output)
        output, size = run()
        if size > OUTPUT_LIMIT_BYTES:
            console(f"not cached: the output has {size:,} bytes of JSON, at most {OUTPUT_LIMIT_BYTES:,} are kept")
            return output, size
        now = self.clock()
        try:
            store.put(key, CacheEntry(json.dumps(output, ensure_ascii=False).encode(), now, now + request.ttlSeconds))
        except CacheError as error:
            console(f"not cached: {error}")
        return output, size


def cache_key(request: CacheRequest, event: Mapping[str, Any]) -> CacheKey:
    """Give the key of an event: of what the node says, or of everything that it is given.

    The first holds in one workflow, since people choose short keys; the second in all of them.
    """
    material: list[Any]
    if request.key is None:
        material = ["config", event["type"], event["config"], event.get("input")]
    else:
        material = ["key", request.workflowId, event["type"], request.key]
    canonical = json.dumps(material, sort_keys=True, separators=(",", ":"))
    return CacheKey(hashlib.sha256(canonical.encode()).hexdigest())


def _age(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
