"""Messages to connections, by API Gateway's management API."""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Protocol, cast

from botocore.config import Config
from botocore.exceptions import ClientError

from millrace.model import Json
from millrace.store.records import ConnectionId

_OPENING_DELAYS: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds between tries to reach a connection whose handshake is about to end."""


class GoneError(Exception):
    """The connection is closed, or not open yet."""


class Post(Protocol):
    """Sends messages."""

    def send(self, connection: ConnectionId, message: Mapping[str, Json]) -> None:
        """Send a message.

        Raises:
            GoneError: The connection is closed, or not open yet.
        """
        ...


class ManagementPost:
    """Sends by the management API.

    Args:
        client: boto3's client of `apigatewaymanagementapi`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, connection: ConnectionId, message: Mapping[str, Json]) -> None:
        """Send a message."""
        data = json.dumps(message, separators=(",", ":")).encode()
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=data)
        except ClientError as error:
            if cast("Any", error.response)["Error"]["Code"] == "GoneException":
                raise GoneError(f"connection {connection!r} is closed, or not open yet") from error
            raise


def send_when_open(post: Post, connection: ConnectionId, message: Mapping[str, Json]) -> bool:
    """Send the first message of a connection that is being opened; tells whether it arrived."""
    for delay in _OPENING_DELAYS:
        time.sleep(delay)
        try:
            post.send(connection, message)
        except GoneError:
            continue
        return True
    return False


@cache
def management(endpoint: str) -> ManagementPost:
    """Give the management API at an endpoint."""
    import boto3

    config = Config(connect_timeout=2, read_timeout=10, max_pool_connections=32)
    return ManagementPost(cast("Any", boto3).client("apigatewaymanagementapi", endpoint_url=endpoint, config=config))
