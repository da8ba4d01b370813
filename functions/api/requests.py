"""What happens around every request: its body is measured and read, and a mutation is carried out once."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from millrace.services.errors import ErrorCode

from .dependencies import caller_of_event, services
from .envelope import failure
from .failures import answer_to
from .idempotency import HEADER, Answer, once
from .resolver import ConcurrentHttpResolver, serialized

LARGEST_BODY: Final = 6 * 1024 * 1024
"""Bytes; what Lambda takes in one invocation (AWS Lambda quotas)."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def answer(api: ConcurrentHttpResolver, event: Mapping[str, Any], context: Any) -> Answer:
    """Answer a request, whatever happens."""
    try:
        return _answer(api, event, context)
    except Exception as error:  # noqa: BLE001 -- nothing answers after us
        return _written(answer_to(error, event["requestContext"]["requestId"]))


def _answer(api: ConcurrentHttpResolver, event: Mapping[str, Any], context: Any) -> Answer:
    body = event.get("body") or ""
    try:
        data = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        text = data.decode()
    except (binascii.Error, UnicodeError):
        return _written(failure(400, ErrorCode.MALFORMED_JSON, "expected a body of text in UTF-8, found other bytes"))
    if len(data) > LARGEST_BODY:
        return _written(
            failure(
                413,
                ErrorCode.BODY_TOO_LARGE,
                f"expected a body of at most {LARGEST_BODY:,} bytes, found {len(data):,}",
                {"limit": LARGEST_BODY, "size": len(data)},
            )
        )
    plain = {**event, "body": text, "isBase64Encoded": False}
    if event["requestContext"]["http"]["method"].upper() in _READING or HEADER not in event.get("headers", {}):
        return api.resolve(plain, context)
    found = api.provide(services)
    return once(found.store, caller_of_event(event, found.settings), plain, data, lambda: api.resolve(plain, context))


def _written(response: Response[Any]) -> Answer:
    """Write a response that no route gave."""
    return {
        "statusCode": response.status_code,
        "headers": {"Content-Type": "application/json"},
        "body": serialized(response.body),
        "isBase64Encoded": False,
        "cookies": [],
    }
