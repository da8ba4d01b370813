"""What the service needs before its first request: the table, the bucket and, once, the samples."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from millrace.local.runtime.samples import add_samples, examples_folder, is_done
from millrace.store.records import WorkflowId

_PATIENCE_SECONDS: Final = 30.0
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
    caller = caller_of(None, user)
    _patiently(store.create_table)
    if is_done(store, caller):
        # Whoever has samples has a bucket; should somebody have removed it, it is there in a moment.
        _in_background(store.create_bucket)
        return
    _patiently(store.create_bucket)
    try:
        started_by_others = add_samples(store, caller, examples_folder(), f"{address}/samples")
        for workflow in started_by_others:
            _in_background(partial(_publish, address, workflow))
    except Exception:  # noqa: BLE001 - the service is of use without its samples
        _log.exception("the samples could not be added")


def _in_background(create: Callable[[], None]) -> None:
    threading.Thread(target=_patiently, args=(create,), daemon=True).start()


def _publish(address: str, workflow: WorkflowId) -> None:
    """Publish a workflow by the API, which is served already."""
    import httpx

    answer = httpx.post(f"{address}/api/workflows/{workflow}/publish", json={}, timeout=_PATIENCE_SECONDS)
    answer.raise_for_status()


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
