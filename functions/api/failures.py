"""Every refusal and every fault becomes a response here, and nowhere else."""

import logging
import traceback
from collections.abc import Sequence
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from millrace.services.errors import ErrorCode, Fault, InvalidRequestError, RevisionError, ServiceError
from millrace.store.errors import RecordTooLargeError, StoreUnavailableError

from .envelope import failure
from .resolver import ConcurrentHttpResolver, DeepJsonError
from .views import WorkflowView

_LOG: Final = logging.getLogger(__name__)

_PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})
"""Where Powertools says a fault is; fields are named without it."""

_FRAMES: Final = 20


def register(api: ConcurrentHttpResolver) -> None:
    """Let an API answer for everything that its routes raise."""
    api.on_error(NoRouteError, lambda _: _no_route(api))
    api.on_error(Exception, lambda error: answer_to(error, api.current_event.request_context.request_id))


def answer_to(error: Exception, request_id: str) -> Response[Any]:
    """Give the answer to a request that raised."""
    match error:
        case ServiceError():
            return _refused(error)
        case RequestValidationError():
            return _invalid(error)
        case RequestUnsupportedContentType():
            return failure(
                415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, "expected a body in JSON, with Content-Type: application/json"
            )
        case DeepJsonError():
            return failure(400, ErrorCode.MALFORMED_JSON, str(error))
        case RecordTooLargeError():
            return _refused(InvalidRequestError([Fault("", str(error))]))
        case StoreUnavailableError():
            _LOG.error("the store does not answer: %s", type(error.__cause__).__name__, extra={"request": request_id})
            return failure(503, ErrorCode.UNAVAILABLE, "the store does not answer; try again in a moment")
        case _:
            return _unexpected(error, request_id)


def _refused(error: ServiceError) -> Response[Any]:
    details = error.details
    if isinstance(error, RevisionError):
        current = WorkflowView.of(error.current).model_dump(mode="json")
        details = {**details, "current": current, "definition": error.document}
    return failure(error.status, error.code, error.message, details)


def _unexpected(error: Exception, request_id: str) -> Response[Any]:
    """Answer a fault of ours: its place is logged, without its text, which may hold what users sent or get."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-_FRAMES:]]
    _LOG.error(
        "%s at %s", type(error).__name__, places[-1] if places else "?", extra={"request": request_id, "places": places}
    )
    return failure(
        500,
        ErrorCode.INTERNAL_ERROR,
        f"something went wrong on our side; quote request {request_id!r} when you report it",
        {"request_id": request_id},
    )


def _no_route(api: ConcurrentHttpResolver) -> Response[Any]:
    path, method = api.current_event.path, api.current_event.http_method.upper()
    allowed = api.methods_at(path)
    if not allowed:
        return failure(404, ErrorCode.ROUTE_NOT_FOUND, f"there is no {path!r}; /api/docs lists what there is")
    answer = failure(405, ErrorCode.METHOD_NOT_ALLOWED, f"expected {' or '.join(allowed)} at {path!r}, found {method}")
    answer.headers["Allow"] = ", ".join(allowed)
    return answer


def _invalid(error: RequestValidationError) -> Response[Any]:
    """Answer a request that does not fit its route, with every fault."""
    errors = error.errors()
    for found in errors:
        if found["type"] == "json_invalid":
            place, reason = found["loc"][-1], found["ctx"]["error"]
            return failure(
                400,
                ErrorCode.MALFORMED_JSON,
                f"expected a body in JSON, found a mistake at character {place}: {reason}",
            )
    return _refused(InvalidRequestError(Fault(_path(found["loc"]), _sentence(found)) for found in errors))


def _path(location: Sequence[str | int]) -> str:
    parts = list(location)
    if parts and parts[0] in _PLACES:
        parts = parts[1:]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _sentence(error: dict[str, Any]) -> str:
    if error["type"] == "missing":
        return "is required"
    if error["type"] == "extra_forbidden":
        return "is not known here; leave it out"
    text = str(error["msg"])
    return text[:1].lower() + text[1:]
