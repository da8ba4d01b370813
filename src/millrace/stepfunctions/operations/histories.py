"""The history of an execution, in pages, forwards or backwards."""

import base64
import binascii
from typing import Any, Final, cast

import orjson

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.executions import existing
from millrace.stepfunctions.operations.pages import DEFAULT_SIZE
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.records import ExecutionRecord

# What an event's details say of the data that went through the execution.
_DATA: Final = frozenset({"input", "output", "parameters", "assignedVariables", "inputDetails", "outputDetails"})


async def get_execution_history(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Give a page of an execution's events."""
    record = existing(service, arns.standard_execution(parameters["executionArn"]))
    reverse = bool(parameters.get("reverseOrder"))
    size = parameters.get("maxResults") or DEFAULT_SIZE
    token = parameters.get("nextToken")
    first = (record.events if reverse else 1) if token is None else _first(token, record, reverse=reverse)
    events = service.store.history(record.key, first, size, reverse=reverse)
    if parameters.get("includeExecutionData") is False:
        events = [_without_data(event) for event in events]
    answer: dict[str, Any] = {"events": events}
    following = first - len(events) if reverse else first + len(events)
    if events and 1 <= following <= record.events:
        answer["nextToken"] = _token(record, following, reverse=reverse)
    return answer


def _token(record: ExecutionRecord, first: int, *, reverse: bool) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([record.key, first, reverse])).decode()


def _first(token: str, record: ExecutionRecord, *, reverse: bool) -> int:
    try:
        key, first, direction = cast("list[Any]", orjson.loads(base64.urlsafe_b64decode(token)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'") from error
    if key != record.key or direction is not reverse or type(first) is not int:
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
    return first


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in cast("dict[str, Any]", member).items() if key not in _DATA}
        if name.endswith("EventDetails")
        else member
        for name, member in event.items()
    }
