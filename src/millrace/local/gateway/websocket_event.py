"""WebSocket connections and their messages as API Gateway's WebSocket API hands them to a Lambda function.

Source: API Gateway Developer Guide, "About WebSocket APIs" and "Set up a WebSocket API integration request".
"""

import base64
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, cast
from urllib.parse import parse_qsl

from millrace.local.gateway.asgi import Scope
from millrace.model import Json
from millrace.store.records import ConnectionId

API_ID: Final = "millrace-socket"
STAGE: Final = "local"

_EVENT_TYPES: Final = {"$connect": "CONNECT", "$disconnect": "DISCONNECT", "$default": "MESSAGE"}

Route = Literal["$connect", "$disconnect", "$default"]


@dataclass(frozen=True, slots=True)
class Peer:
    """What is known of a connection when it opens.

    Attributes:
        connected: Milliseconds since 1970.
        headers, query: As given, names repeated.
    """

    id: ConnectionId
    connected: int
    source: str
    user_agent: str
    domain: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]


def new_peer(scope: Scope) -> Peer:
    """Read the handshake."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    first = dict(reversed(headers))
    return Peer(
        id=ConnectionId(base64.urlsafe_b64encode(uuid.uuid4().bytes[:11]).decode()),
        connected=_now(),
        source=scope["client"][0] if scope.get("client") else "127.0.0.1",
        user_agent=first.get("user-agent", ""),
        domain=first.get("host", "localhost"),
        headers=headers,
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
    )


def connect_event(peer: Peer) -> dict[str, Json]:
    """Make the event of a connection that opens."""
    event: dict[str, Json] = {
        "headers": cast("Json", dict(peer.headers)),
        "multiValueHeaders": _several(peer.headers),
        "requestContext": _context(peer, "$connect"),
        "isBase64Encoded": False,
    }
    if peer.query:
        event["queryStringParameters"] = cast("Json", dict(peer.query))
        event["multiValueQueryStringParameters"] = _several(peer.query)
    return event


def message_event(peer: Peer, body: str) -> dict[str, Json]:
    """Make the event of a message."""
    context = _context(peer, "$default") | {"messageId": str(uuid.uuid4())}
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(peer: Peer, code: int, reason: str) -> dict[str, Json]:
    """Make the event of a connection that has closed."""
    context = _context(peer, "$disconnect") | {"disconnectStatusCode": code, "disconnectReason": reason}
    headers = (("Host", peer.domain), ("X-Forwarded-For", peer.source))
    return {
        "headers": cast("Json", dict(headers)),
        "multiValueHeaders": _several(headers),
        "requestContext": context,
        "isBase64Encoded": False,
    }


def _context(peer: Peer, route: Route) -> dict[str, Json]:
    now = _now()
    request = str(uuid.uuid4())
    return {
        "routeKey": route,
        "eventType": _EVENT_TYPES[route],
        "extendedRequestId": request,
        "requestTime": datetime.fromtimestamp(now / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": peer.connected,
        "requestTimeEpoch": now,
        "identity": {"sourceIp": peer.source, "userAgent": peer.user_agent},
        "requestId": request,
        "domainName": peer.domain,
        "connectionId": peer.id,
        "apiId": API_ID,
    }


def _several(pairs: Sequence[tuple[str, str]]) -> Json:
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    return cast("Json", several)


def _now() -> int:
    return int(time.time() * 1000)
