"""Handing runs that have failed to the function that starts the workflows which watch for that."""

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from millrace.store.port import Store
from millrace.store.records import Run, RunStatus

_log: Final = logging.getLogger(__name__)


class ErrorTriggers:
    """Tells the trigger function of failed runs; starting runs takes permissions that recording them does not.

    Args:
        store: Knows whether anybody watches.
        client: Gives boto3's client of `lambda`.
        function: The function's name.
    """

    def __init__(self, store: Store, client: Callable[[], Any], function: str) -> None:
        self._store = store
        self._client = client
        self._function = function

    def tell(self, run: Run) -> None:
        """Hand over a run that has failed; again does no harm."""
        if run.status is not RunStatus.FAILED:
            return
        if not any(trigger.enabled for trigger in self._store.triggers_of_type(run.workspace, "error")):
            return
        event = {"workspace": run.workspace, "failedRun": run.id}
        try:
            self._client().invoke(
                FunctionName=self._function, InvocationType="Event", Payload=json.dumps(event).encode()
            )
        except (ClientError, BotoCoreError) as error:
            _log.error("no workflow was started for the failure of run %s: %s", run.id, error)
