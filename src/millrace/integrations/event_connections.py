"""EventBridge connections: what an `http:invoke` task adds to its request so that the API lets it in.

Sources: Amazon EventBridge User Guide, "Connections for API destinations", and its API, DescribeConnection.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from millrace.engine import TaskFailure
from millrace.integrations.clients import Clients
from millrace.integrations.errors import ClientError, ServiceError
from millrace.model.json import Json

_PREFIX: Final = "Events.ConnectionResource"
_REDACTED: Final = "<REDACTED>"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """How an OAuth client gets its token."""

    url: str
    method: str
    client_id: str
    client_secret: str
    parameters: "Additions"


@dataclass(frozen=True, slots=True)
class Additions:
    """What a connection adds to a request.

    Attributes:
        body: Members of a JSON or form body.
        token: Set for a connection by OAuth: its token goes into the Authorization header.
    """

    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, str], ...] = ()
    token: TokenRequest | None = None


async def additions(clients: Clients, arn: str) -> Additions:
    """Read a connection and its secret.

    Raises:
        TaskFailure: It cannot be used.
    """
    name = arn.partition(":connection/")[2].partition("/")[0]
    if not name:
        raise TaskFailure(
            f"{_PREFIX}.InvalidConnection", f"expected the ARN of an EventBridge connection, found {arn!r}"
        )
    try:
        connection = await clients.call("events", "DescribeConnection", {"Name": name})
        secret = await _secret(clients, cast("str | None", connection.get("SecretArn")))
    except ServiceError as error:
        raise TaskFailure(f"{_PREFIX}.{error.answer.code}", error.answer.message) from error
    except ClientError as error:
        raise TaskFailure(f"{_PREFIX}.SdkClientException", str(error)) from error
    parameters = cast("dict[str, Any]", connection.get("AuthParameters", {}))
    return _read(str(connection.get("AuthorizationType", "")), parameters, secret)


def redacted(added: Additions) -> Additions:
    """Hide what a connection adds, for whoever may not see it."""
    headers, query, body = (
        tuple((name, _REDACTED) for name, _ in pairs) for pairs in (added.headers, added.query, added.body)
    )
    return Additions(headers, query, body)


async def _secret(clients: Clients, arn: str | None) -> dict[str, Any]:
    """Read the connection's secret; a stand-in for AWS may not make one."""
    if not arn:
        return {}
    try:
        answer = await clients.call("secretsmanager", "GetSecretValue", {"SecretId": arn})
    except ServiceError:
        return {}
    return cast("dict[str, Any]", json.loads(cast("str", answer.get("SecretString") or "{}")))


def _read(kind: str, parameters: Mapping[str, Any], secret: Mapping[str, Any]) -> Additions:
    extra = _parameters(secret.get("invocation_http_parameters") or parameters.get("InvocationHttpParameters") or {})
    match kind:
        case "API_KEY":
            given = cast("dict[str, Any]", parameters.get("ApiKeyAuthParameters", {}))
            key = str(secret.get("api_key_name", given.get("ApiKeyName", "")))
            value = str(secret.get("api_key_value", given.get("ApiKeyValue", "")))
            return _with_header(extra, key, value)
        case "BASIC":
            given = cast("dict[str, Any]", parameters.get("BasicAuthParameters", {}))
            user = secret.get("username", given.get("Username", ""))
            password = secret.get("password", given.get("Password", ""))
            return _with_header(
                extra, "Authorization", f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
            )
        case "OAUTH_CLIENT_CREDENTIALS":
            given = cast("dict[str, Any]", parameters.get("OAuthParameters", {}))
            client = cast("dict[str, Any]", given.get("ClientParameters", {}))
            token = TokenRequest(
                str(secret.get("authorization_endpoint", given.get("AuthorizationEndpoint", ""))),
                str(secret.get("http_method", given.get("HttpMethod", "POST"))),
                str(secret.get("client_id", client.get("ClientID", ""))),
                str(secret.get("client_secret", client.get("ClientSecret", ""))),
                _parameters(secret.get("oauth_http_parameters") or given.get("OAuthHttpParameters") or {}),
            )
            return Additions(extra.headers, extra.query, extra.body, token)
        case _:
            raise TaskFailure(
                f"{_PREFIX}.InvalidConnection",
                f"expected a connection by API_KEY, BASIC or OAUTH_CLIENT_CREDENTIALS, found {kind!r}",
            )


def _with_header(extra: Additions, name: str, value: str) -> Additions:
    return Additions((*extra.headers, (name, value)), extra.query, extra.body)


def _parameters(given: Mapping[str, Any]) -> Additions:
    """Read additional parameters, spelled as in the API or as in the secret."""
    return Additions(
        _pairs(given.get("HeaderParameters") or given.get("header_parameters")),
        _pairs(given.get("QueryStringParameters") or given.get("query_string_parameters")),
        _pairs(given.get("BodyParameters") or given.get("body_parameters")),
    )


def _pairs(given: Json) -> tuple[tuple[str, str], ...]:
    items = cast("list[dict[str, str]]", given or [])
    return tuple(
        (str(item.get("Key", item.get("key", ""))), str(item.get("Value", item.get("value", "")))) for item in items
    )
