"""Telling those who watch a run what has become of it, by API Gateway's management API."""

import json
import logging
from collections.abc import Sequence
from typing import Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from millrace.model import Json
from millrace.store.port import Store
from millrace.store.records import ConnectionId, RunId

_log: Final = logging.getLogger(__name__)

MOST: Final = 200
"""Messages about nodes that one batch sends to a connection; of more, the latest."""


class Subscribers:
    """Sends messages to the connections that watch runs.

    A message that cannot be sent is lost: whoever missed it reads the run.

    Args:
        store: Knows who watches.
        client: boto3's client of `apigatewaymanagementapi`; None: nobody can be told.
    """

    def __init__(self, store: Store, client: Any) -> None:
        self._store = store
        self._client = client

    def tell(self, run: RunId, messages: Sequence[dict[str, Json]]) -> None:
        """Send messages about a run, in order."""
        if self._client is None or not messages:
            return
        watching = self._store.subscribers(run)
        if not watching:
            return
        written = [json.dumps(message, separators=(",", ":")).encode() for message in _kept(messages)]
        for connection in watching:
            self._send(connection, written)

    def _send(self, connection: ConnectionId, written: Sequence[bytes]) -> None:
        try:
            for data in written:
                self._client.post_to_connection(ConnectionId=connection, Data=data)
        except ClientError as error:
            if cast("Any", error.response)["Error"]["Code"] == "GoneException":
                self._store.delete_connection(connection)
            else:
                _log.warning("connection %s was not told of a run: %s", connection, error)
        except BotoCoreError as error:
            _log.warning("connection %s was not told of a run: %s", connection, error)


def _kept(messages: Sequence[dict[str, Json]]) -> Sequence[dict[str, Json]]:
    if len(messages) <= MOST:
        return messages
    early = [message for message in messages[:-MOST] if str(message["type"]).startswith("execution:")]
    return [*early, *messages[-MOST:]]
