"""`events:putEvents`: an entry that the bus refuses fails the task.

EventBridge answers an entry whose Detail is not a JSON object with MalformedDetail and takes the others (recorded).
Stand-ins for it fail the whole call instead, so such entries are answered here and the others sent.
Source: AWS Step Functions Developer Guide, "Add EventBridge events with Step Functions".
"""

import json
from typing import Final, cast

from millrace.engine import TaskFailure, TaskRequest
from millrace.integrations.errors import IntegrationError
from millrace.integrations.failures import OptimisedFailures
from millrace.integrations.roles import Roles
from millrace.integrations.sdk_tasks import call
from millrace.integrations.shapes import OPTIMISED
from millrace.model.json import Json

_FAILURES: Final = OptimisedFailures("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException")
_MALFORMED: Final[dict[str, Json]] = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


class EventsTasks:
    """Puts events.

    Args:
        roles: Gives the clients.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    async def __call__(self, task: TaskRequest) -> Json:
        """Put the entries of one task."""
        clients = await self._roles.clients(task.credentials)
        arguments = task.arguments if isinstance(task.arguments, dict) else {}
        given = arguments.get("Entries")
        entries = given if isinstance(given, list) else []
        sent = [entry for entry in entries if _well_formed(entry)]
        result: dict[str, Json] = {"Entries": [], "FailedEntryCount": 0}
        try:
            if sent or not entries:
                operation = await clients.operation("events", "PutEvents")
                sendable = {**arguments, "Entries": sent} if sent else task.arguments
                result = await call(clients, operation, sendable, OPTIMISED)
        except IntegrationError as error:
            raise _FAILURES.failure(error, task.arguments) from error
        answers = iter(cast("list[Json]", result["Entries"]))
        result["Entries"] = [next(answers) if _well_formed(entry) else {**_MALFORMED} for entry in entries]
        failed = cast("int", result.get("FailedEntryCount", 0)) + len(entries) - len(sent)
        result["FailedEntryCount"] = failed
        if failed:
            cause = json.dumps(result, separators=(",", ":"), ensure_ascii=False)
            raise TaskFailure("EventBridge.FailedEntry", cause)
        return result


def _well_formed(entry: Json) -> bool:
    """Tell whether an entry's Detail is a JSON object, or absent."""
    detail = entry.get("Detail") if isinstance(entry, dict) else None
    if not isinstance(detail, str):
        return detail is None or isinstance(detail, dict)
    try:
        return isinstance(json.loads(detail), dict)
    except ValueError:
        return False
