"""Requests as API Gateway's HTTP API hands them to a Lambda function, and functions' answers as it sends them on.

Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs" (payload format version 2.0).
"""

import base64
import binascii
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import orjson

from millrace.local.gateway.asgi import Answer, Scope, message_answer
from millrace.model import Json

ACCOUNT: Final = "000000000000"
API_ID: Final = "millrace"

_TEXT_TYPES: Final = frozenset({"application/json", "application/javascript", "application/xml"})
_TEXT_SUFFIXES: Final = ("+json", "+xml")


def http_event(scope: Scope, body: bytes, *, route: str, proxy: str) -> dict[str, Json]:
    """Make the event of a request.

    Args:
        scope: The request.
        body: Its body.
        route: The path of the route that matched ("/api/{proxy+}").
        proxy: What its greedy variable holds.
    """
    headers, cookies = _headers(scope)
    method: str = scope["method"]
    path: str = scope["path"]
    query: str = scope["query_string"].decode("latin-1")
    source = scope["client"][0] if scope.get("client") else "127.0.0.1"
    domain = headers.get("host", "localhost")
    # Without a load balancer before it, what API Gateway adds to a request is what it saw of the connection.
    headers.setdefault("x-forwarded-for", source)
    headers.setdefault("x-forwarded-proto", scope.get("scheme", "http"))
    now = time.time()
    event: dict[str, Json] = {
        "version": "2.0",
        "routeKey": f"ANY {route}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": cast("Json", headers),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0].partition(":")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": f"HTTP/{scope.get('http_version', '1.1')}",
                "sourceIp": source,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": f"ANY {route}",
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if proxy:
        event["pathParameters"] = {"proxy": proxy}
    if cookies:
        event["cookies"] = cast("Json", cookies)
    if query:
        event["queryStringParameters"] = cast("Json", _joined(parse_qsl(query, keep_blank_values=True)))
    if body:
        text = _text(headers, body)
        event["body"] = base64.b64encode(body).decode() if text is None else text
        event["isBase64Encoded"] = text is None
    return event


def http_answer(result: Json) -> Answer:
    """Map what a function returned to the response that API Gateway sends."""
    if not isinstance(result, dict) or "statusCode" not in result:
        # Ibid., "Lambda function response": valid JSON without a statusCode.
        body = result.encode() if isinstance(result, str) else orjson.dumps(result)
        return Answer(200, body, (("content-type", "application/json"),))
    try:
        return _structured(result)
    except (ValueError, TypeError, binascii.Error):
        return message_answer(500, "Internal Server Error")


def _structured(result: Mapping[str, Any]) -> Answer:
    status = int(result["statusCode"])
    if not 100 <= status <= 599:
        raise ValueError(f"expected an HTTP status, found {status}")
    body = result.get("body")
    if not isinstance(body, str | None):
        raise TypeError(f"expected a body that is text, found {type(body).__name__}")
    content = (body or "").encode()
    if result.get("isBase64Encoded"):
        content = base64.b64decode(content, validate=True)
    given = cast("Mapping[str, object]", result.get("headers") or {})
    headers = [(name.lower(), _header_text(value)) for name, value in given.items()]
    headers = [(name, value) for name, value in headers if name != "content-length"]
    if all(name != "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    headers += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()]
    if any("\n" in value or "\r" in value for _, value in headers):
        raise ValueError("expected headers without line breaks")
    return Answer(status, content, tuple(headers))


def _header_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _headers(scope: Scope) -> tuple[dict[str, str], list[str]]:
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    cookies = [part.strip() for name, value in pairs if name == "cookie" for part in value.split(";") if part.strip()]
    return _joined([pair for pair in pairs if pair[0] != "cookie"]), cookies


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _text(headers: Mapping[str, str], body: bytes) -> str | None:
    """Give a body as text; None where API Gateway treats it as binary."""
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if "content-encoding" in headers:
        return None
    if not (kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(_TEXT_SUFFIXES)):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
