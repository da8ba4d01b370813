"""Redriving: an execution that ended without success goes on from where it failed.

Source: AWS Step Functions API Reference, "RedriveExecution"; Developer Guide, "Restarting state machine executions with
redrive".
"""

from typing import Any, Final

from millrace.engine.definition import ExecutionType
from millrace.engine.history import EVENT_LIMIT
from millrace.engine.messages import Status
from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.service import Service, moment
from millrace.stepfunctions.records import ExecutionArn, ExecutionRecord

_DAY: Final = 86_400.0
# Seconds after its end in which an execution can be redriven, and which it may be open in all.
REDRIVABLE_SECONDS: Final = 14 * _DAY
OPEN_SECONDS: Final = 365 * _DAY
# A client token is known for so many seconds, and of one execution so many of them.
TOKEN_SECONDS: Final = 15 * 60.0
TOKEN_COUNT: Final = 10


async def redrive_execution(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Redrive an execution, once for each client token."""
    arn = arns.standard_execution(parameters["executionArn"])
    token = parameters.get("clientToken")
    async with service.alone_with(arn):
        record = service.executions.execution(arn)
        if record is None:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        known = _tokens(service, record)
        if token is not None and token in known:
            return {"redriveDate": known[token]}
        status, reason = redrive_status(service, record)
        if status != "REDRIVABLE":
            raise ApiError("ExecutionNotRedrivable", reason or "Execution is a child of a Map Run; redrive its parent")
        redriven = await service.executions.redrive(arn)
        assert redriven.redriven is not None
        date = moment(redriven.redriven)
        if token is not None:
            _remember(service, arn, {**known, token: date})
    return {"redriveDate": date}


def redrive_status(service: Service, record: ExecutionRecord) -> tuple[str, str]:
    """Tell whether an execution can be redriven, and the reason when it cannot."""
    if record.map_run is not None and record.status not in (Status.RUNNING, Status.SUCCEEDED):
        return "REDRIVABLE_BY_MAP_RUN", ""
    now = service.now()
    reasons = (
        (record.machine in service.deleting, "State machine is in DELETING status"),
        (record.type is ExecutionType.EXPRESS, "Execution is of type EXPRESS and cannot be redriven"),
        (record.status in (Status.RUNNING, Status.SUCCEEDED), f"Execution is {record.status} and cannot be redriven"),
        (record.events >= EVENT_LIMIT - 1, "Execution history event limit exceeded"),
        (now - record.started > OPEN_SECONDS, "Execution has exceeded the max execution time"),
        (now - (record.stopped or now) > REDRIVABLE_SECONDS, "Execution redrivable period exceeded"),
    )
    for holds, reason in reasons:
        if holds:
            return "NOT_REDRIVABLE", reason
    return "REDRIVABLE", ""


def _remember(service: Service, arn: ExecutionArn, tokens: dict[str, float]) -> None:
    """Keep the latest client tokens of an execution, and forget executions that were not redriven for long."""
    redrives = service.redrives
    redrives.pop(arn, None)
    redrives[arn] = dict(list(tokens.items())[-TOKEN_COUNT:])
    earliest = service.now() - TOKEN_SECONDS
    while max(redrives[oldest := next(iter(redrives))].values()) < earliest:
        del redrives[oldest]


def _tokens(service: Service, record: ExecutionRecord) -> dict[str, float]:
    earliest = service.now() - TOKEN_SECONDS
    return {token: at for token, at in service.redrives.get(record.arn, {}).items() if at >= earliest}
