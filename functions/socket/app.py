"""The WebSocket API: connections open, ask for the events of runs, and close.

A connection takes no message before its $connect has been answered (@connections gives 410 until then), so the function
invokes itself to send `connection:established`.
"""

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Protocol, cast

from millrace.model import Json
from millrace.services.caller import caller_of
from millrace.services.moments import moment
from millrace.services.people import People
from millrace.store.records import Connection, ConnectionId

from .messages import Desk
from .post import GoneError, Post, management, send_when_open
from .settings import socket_settings

ESTABLISHED: Final = "established"
"""The member of the event by which the function invokes itself: the connection, and where to reach it."""


class InvocationContext(Protocol):
    """The part of Lambda's context object that is used."""

    invoked_function_arn: str


class SocketApi:
    """Handles the events of connections.

    Args:
        desk: Answers messages.
        user: Who connects where there is no sign-in.
    """

    def __init__(self, desk: Desk, user: str) -> None:
        self._desk = desk
        self._store = desk.store
        self._user = user

    def connect(self, context: Mapping[str, Any]) -> None:
        """Take up a connection."""
        authorizer: Mapping[str, Any] = context.get("authorizer") or {}
        caller = caller_of(authorizer.get("claims"), self._user)
        connection = ConnectionId(context["connectionId"])
        self._store.put_connection(Connection(connection, caller.workspace, caller.user, moment(self._desk.clock)))

    def disconnect(self, context: Mapping[str, Any]) -> None:
        """Forget a connection and its subscriptions."""
        self._store.delete_connection(ConnectionId(context["connectionId"]))

    def receive(self, context: Mapping[str, Any], text: str, post: Post) -> None:
        """Answer a message."""
        connection_id = ConnectionId(context["connectionId"])
        connection = self._store.connection(connection_id)
        if connection is None:
            # Records of connections end after a day.
            self.connect(context)
            connection = self._store.connection(connection_id)
            assert connection is not None, "it has just been written"
        try:
            post.send(connection_id, self._desk.answer(connection, text))
        except GoneError:
            self._store.delete_connection(connection_id)

    def establish(self, connection: ConnectionId, post: Post) -> None:
        """Tell a client that its connection is there."""
        message: dict[str, Json] = {
            "type": "connection:established",
            "connection_id": connection,
            "timestamp": moment(self._desk.clock),
        }
        if not send_when_open(post, connection, message):
            self._store.delete_connection(connection)


@cache
def socket_api() -> SocketApi:
    """Give the API of this process."""
    from millrace.store.dynamo_store import DynamoStore
    from millrace.store.settings import StoreSettings

    settings = socket_settings()
    store = DynamoStore(StoreSettings(table=settings.table, bucket=settings.bucket))
    return SocketApi(Desk(store, cache(lambda: People(store, _executions())), time.time), settings.user)


def handler(event: Mapping[str, Any], context: InvocationContext) -> dict[str, Json]:
    """Handle one event."""
    if ESTABLISHED in event:
        told = event[ESTABLISHED]
        socket_api().establish(ConnectionId(told["connection"]), management(told["endpoint"]))
        return {"statusCode": 200}
    request: Mapping[str, Any] = event["requestContext"]
    match request["routeKey"]:
        case "$connect":
            socket_api().connect(request)
            _invoke_later(
                context, {ESTABLISHED: {"connection": request["connectionId"], "endpoint": _endpoint(request)}}
            )
        case "$disconnect":
            socket_api().disconnect(request)
        case _:
            socket_api().receive(request, event.get("body") or "", management(_endpoint(request)))
    return {"statusCode": 200}


def _endpoint(request: Mapping[str, Any]) -> str:
    return socket_settings().socket_url or f"https://{request['domainName']}/{request['stage']}"


def _invoke_later(context: InvocationContext, event: Mapping[str, Json]) -> None:
    name = context.invoked_function_arn
    _client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())


def _executions() -> Any:
    from millrace.services.executions import Executions

    return Executions(_client("stepfunctions"))


@cache
def _client(service: str) -> Any:
    import boto3

    return cast("Any", boto3).client(service)
