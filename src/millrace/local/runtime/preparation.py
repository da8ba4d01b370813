"""What the service needs before its first request: the table, the bucket and, once, the samples."""

import logging
import time
from collections.abc import Callable
from typing import Final

from millrace.local.runtime.samples import add_samples, examples_folder

_PATIENCE_SECONDS: Final = 45.0
_LOOK_SECONDS: Final = 0.05

_log: Final = logging.getLogger(__name__)


def prepare(table: str, bucket: str, user: str, address: str) -> None:
    """Create what is missing; waits for the stores.

    Args:
        table: The table's name.
        bucket: The bucket's name.
        user: The local user.
        address: The gateway's.
    """
    from millrace.services.caller import caller_of
    from millrace.store.dynamo_store import DynamoStore
    from millrace.store.settings import StoreSettings

    store = DynamoStore(StoreSettings(table=table, bucket=bucket))
    _patiently(store.create_table)
    _patiently(store.create_bucket)
    try:
        add_samples(store, caller_of(None, user), examples_folder(), f"{address}/samples")
    except Exception:  # noqa: BLE001 - the service is of use without its samples
        _log.exception("the samples could not be added")


def _patiently(create: Callable[[], None]) -> None:
    """Do something that fails until a store has come up."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            create()
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_SECONDS)
        else:
            return
