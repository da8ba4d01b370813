"""Fake functions: what a request looked like comes back, or what the request asks for."""

import json
import threading
from typing import Any

HELD = threading.Event()
"""Lets the handlers that wait go on."""
EVENTS: list[dict[str, Any]] = []
"""What the socket's handler was given."""


def api(event: dict[str, Any], _context: Any) -> Any:
    match event.get("rawPath"):
        case "/api/plain":
            return {"hello": "world"}
        case "/api/text":
            return "hello"
        case "/api/binary":
            return {
                "statusCode": 201,
                "headers": {"Content-Type": "image/png", "X-Count": 3, "Content-Length": "999"},
                "cookies": ["a=1; Path=/", "b=2"],
                "body": "iVBORw==",
                "isBase64Encoded": True,
            }
        case "/api/bare":
            return {"statusCode": 202, "body": "text"}
        case "/api/malformed":
            return {"statusCode": "many", "body": {}}
        case "/api/split":
            return {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}}
        case "/api/fails":
            raise ValueError("the store is away")
        case "/api/waits":
            HELD.wait(30)
            return "late"
        case _:
            return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}


def trigger(event: dict[str, Any], _context: Any) -> Any:
    return {"statusCode": 200, "body": event["pathParameters"]["proxy"]}


def socket(event: dict[str, Any], _context: Any) -> Any:
    context = event["requestContext"]
    if context["routeKey"] == "$connect" and event.get("queryStringParameters", {}).get("token") == "wrong":
        return {"statusCode": 403}
    EVENTS.append(event)
    if event.get("body") == "fail":
        raise ValueError("cannot")
    return {"statusCode": 200}


def echo(event: Any, context: Any) -> Any:
    return {"event": event, "function": context.function_name}


def fails(_event: Any, _context: Any) -> Any:
    raise LookupError("no such run")


def gives_no_json(_event: Any, _context: Any) -> Any:
    return {1, 2}
