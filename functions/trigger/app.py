"""Starts the runs of triggers.

It is invoked by an HTTP request to /hooks/..., a time of a schedule, an event of EventBridge, or a run that has failed.
"""

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from millrace.model import Json
from millrace.services.errors import ErrorCode
from millrace.services.webhook_answers import Answer
from millrace.services.webhooks import Request
from millrace.store.errors import StoreUnavailableError
from millrace.store.records import RunId, TriggerId, WorkspaceId

from .services import services

if TYPE_CHECKING:
    from millrace.steps import LambdaContext

_LOG: Final = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], context: "LambdaContext | None") -> Json:
    """Answer a request, or tell what came of a time, an event or a failure.

    Raises:
        UnavailableError: A time, an event or a failure could not be looked at; Lambda tries again.
        ValueError: The event is none that starts runs.
    """
    del context
    match event:
        case {"requestContext": {"http": _}}:
            return _response(_answer(event))
        case {"triggerId": str(trigger), "workspace": str(workspace), "due": str(due)}:
            return services().firing.due(WorkspaceId(workspace), TriggerId(trigger), due).to_json()
        case {"triggerId": str(trigger), "workspace": str(workspace), "event": fitting}:
            return services().firing.event(WorkspaceId(workspace), TriggerId(trigger), fitting).to_json()
        case {"workspace": str(workspace), "failedRun": str(run)}:
            failed = services().store.run(WorkspaceId(workspace), RunId(run))
            started = services().firing.failed(failed) if failed is not None else ()
            return {"runIds": list(started)}
        case _:
            raise ValueError(
                "expected an HTTP API's event (payload version 2.0), or workspace with failedRun, or with triggerId "
                f"and one of due and event, found the members {sorted(event)}"
            )


def _answer(event: Mapping[str, Any]) -> Answer:
    try:
        return services().webhooks.answer(_request(event))
    except binascii.Error:
        return _refusal(400, ErrorCode.MALFORMED_JSON, "expected a body in base64, found another")
    except StoreUnavailableError as error:
        _LOG.error("the store does not answer: %s", type(error.__cause__).__name__)
        return _refusal(503, ErrorCode.UNAVAILABLE, "the store does not answer; try again in a moment")


def _request(event: Mapping[str, Any]) -> Request:
    body: str = event.get("body") or ""
    return Request(
        method=event["requestContext"]["http"]["method"].upper(),
        path=unquote(event["rawPath"]),
        headers={name.lower(): value for name, value in event.get("headers", {}).items()},
        query=event.get("queryStringParameters") or {},
        body=base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode(),
    )


def _response(answer: Answer) -> Json:
    """Write an answer as API Gateway takes it: text is sent as it is, anything else as JSON."""
    body, kind = answer.body, "application/json"
    if isinstance(body, str):
        kind = "text/plain; charset=utf-8"
    elif body is None:
        body = ""
    else:
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {
        "statusCode": answer.status,
        "headers": {"content-type": kind, **answer.headers},
        "body": body,
        "isBase64Encoded": False,
    }


def _refusal(status: int, code: ErrorCode, message: str) -> Answer:
    return Answer(status, {"success": False, "error": {"code": code.value, "message": message, "details": {}}})
