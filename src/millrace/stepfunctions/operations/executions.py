"""Executions: start, stop, describe, list."""

import uuid
from typing import Any, Final

from millrace.engine.definition import ExecutionType
from millrace.engine.errors import PayloadError
from millrace.engine.messages import Status
from millrace.engine.payload import EMPTY_OBJECT, PAYLOAD_LIMIT, Payload
from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.executions import Launch
from millrace.stepfunctions.operations.machines import settings_of
from millrace.stepfunctions.operations.pages import page_answer, page_request
from millrace.stepfunctions.operations.redrives import redrive_status
from millrace.stepfunctions.operations.references import Referred, deleting, referred
from millrace.stepfunctions.operations.service import Service, moment
from millrace.stepfunctions.records import ExecutionArn, ExecutionRecord
from millrace.stepfunctions.store.port import ExecutionFilter

# Express executions are billed by steps of 100 ms and 64 MB.
_BILLED_STEP_MILLISECONDS: Final = 100
_BILLED_MEMORY_MB: Final = 64


async def start_execution(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Start an execution; the same name and input while it runs is the same start."""
    target = _startable(service, parameters)
    name = parameters.get("name") or str(uuid.uuid4())
    payload = _input(parameters.get("input"))
    if target.machine.type is ExecutionType.EXPRESS:
        arn = arns.express_execution_of(target.machine.arn, name, str(uuid.uuid4()))
    else:
        arn = arns.execution_of(target.machine.arn, name)
        existing = service.executions.execution(arn) if "name" in parameters else None
        if existing is not None:
            if existing.status is not Status.RUNNING or existing.input != payload.text:
                raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            await service.executions.durable()
            return {"executionArn": arn, "startDate": moment(existing.started)}
    record = await service.executions.start(_launch(arn, name, target, payload, parameters))
    return {"executionArn": arn, "startDate": moment(record.started)}


async def start_sync_execution(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Run an Express execution to its end."""
    target = _startable(service, parameters)
    if target.machine.type is not ExecutionType.EXPRESS:
        raise _not_supported()
    name = parameters.get("name") or str(uuid.uuid4())
    payload = _input(parameters.get("input"))
    arn = arns.express_execution_of(target.machine.arn, name, str(uuid.uuid4()))
    record = await service.executions.run(_launch(arn, name, target, payload, parameters))
    assert record.stopped is not None
    milliseconds = max(1, round((record.stopped - record.started) * 1000))
    answer: dict[str, Any] = {
        "executionArn": arn,
        "stateMachineArn": target.machine.arn,
        "name": name,
        "startDate": moment(record.started),
        "stopDate": moment(record.stopped),
        # Sync executions have no status for one that was stopped.
        "status": (Status.FAILED if record.status is Status.ABORTED else record.status).value,
        **_data(record, parameters.get("includedData")),
        "billingDetails": {
            "billedMemoryUsedInMB": _BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": -(-milliseconds // _BILLED_STEP_MILLISECONDS) * _BILLED_STEP_MILLISECONDS,
        },
    }
    if record.trace_header is not None:
        answer["traceHeader"] = record.trace_header
    return answer


async def stop_execution(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """End an execution; one that has ended already keeps its end."""
    record = existing(service, arns.standard_execution(parameters["executionArn"]))
    stopped = await service.executions.stop(record.arn, parameters.get("error"), parameters.get("cause"))
    return {} if stopped.stopped is None else {"stopDate": moment(stopped.stopped)}


async def describe_execution(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe an execution."""
    record = existing(service, arns.execution(parameters["executionArn"]))
    answer: dict[str, Any] = {
        **_item(record),
        **_data(record, parameters.get("includedData")),
        "redriveCount": record.redrives,
    }
    if record.trace_header is not None:
        answer["traceHeader"] = record.trace_header
    status, reason = redrive_status(service, record)
    answer["redriveStatus"] = status
    if reason:
        answer["redriveStatusReason"] = reason
    return answer


async def describe_state_machine_for_execution(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe the machine as an execution runs it."""
    record = existing(service, arns.execution(parameters["executionArn"]))
    revision = service.store.revision(record.machine, record.revision)
    assert revision is not None, (
        f"revision {record.revision!r} of {record.machine!r} is gone, and {record.arn!r} needs it"
    )
    answer: dict[str, Any] = {
        "stateMachineArn": _machine_of(record),
        "name": arns.machine(record.machine).name,
        "updateDate": revision.created,
        **settings_of(revision, parameters.get("includedData")),
    }
    if record.map_run is not None:
        answer["mapRunArn"] = record.map_run
        answer["label"] = arns.label_of(record.map_run)
    return answer


async def list_executions(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List executions of a machine, a version, an alias or a Map Run."""
    machine, map_run = parameters.get("stateMachineArn"), parameters.get("mapRunArn")
    if (machine is None) == (map_run is None):
        raise ApiError("ValidationException", "Must provide a StateMachine ARN or MapRun ARN")
    redrive = parameters.get("redriveFilter")
    # Children of a Map Run that wait for its redrive are not kept apart: none is pending.
    if parameters.get("statusFilter") == "PENDING_REDRIVE":
        return {"executions": []}
    status = Status(parameters["statusFilter"]) if parameters.get("statusFilter") else None
    redriven = None if redrive is None else redrive == "REDRIVEN"
    if map_run is not None:
        run = arns.map_run(map_run)
        if service.store.map_run(run) is None:
            raise ApiError("ResourceNotFound", f"Resource not found: '{map_run}'", resourceName=map_run)
        selection = ExecutionFilter(map_run=run, status=status, redriven=redriven)
    else:
        target = referred(service, parameters["stateMachineArn"])
        if target.machine.type is ExecutionType.EXPRESS:
            raise _not_supported()
        selection = _selection(target, status, redriven)
    return page_answer("executions", service.store.executions(selection, page_request(parameters)), _list_item)


def existing(service: Service, arn: ExecutionArn) -> ExecutionRecord:
    """Find an execution.

    Raises:
        ApiError: ExecutionDoesNotExist.
    """
    record = service.executions.execution(arn)
    if record is None:
        raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return record


def _selection(target: Referred, status: Status | None, redriven: bool | None) -> ExecutionFilter:
    if target.alias is not None:
        return ExecutionFilter(alias=target.alias.arn, status=status, redriven=redriven)
    if target.version is not None:
        return ExecutionFilter(version=target.version.arn, status=status, redriven=redriven)
    return ExecutionFilter(machine=target.machine.arn, status=status, redriven=redriven)


def _startable(service: Service, parameters: dict[str, Any]) -> Referred:
    if parameters.get("name") is not None:
        arns.check_name(parameters["name"])
    target = referred(service, parameters["stateMachineArn"], draw=True)
    if target.machine.arn in service.deleting:
        raise deleting(target.machine.arn)
    return target


def _launch(arn: ExecutionArn, name: str, target: Referred, payload: Payload, parameters: dict[str, Any]) -> Launch:
    return Launch(
        arn=arn,
        name=name,
        machine=target.machine,
        revision=target.revision,
        input=payload,
        version=None if target.version is None else target.version.arn,
        alias=None if target.alias is None else target.alias.arn,
        trace_header=parameters.get("traceHeader"),
    )


def _input(text: str | None) -> Payload:
    """Read an execution's input; its text is kept as it was given."""
    if text is None:
        return EMPTY_OBJECT
    try:
        value = Payload.parse(text).value
    except PayloadError as error:
        raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
    size = len(text.encode())
    if size > PAYLOAD_LIMIT:
        raise ApiError(
            "InvalidExecutionInput",
            f"Invalid State Machine Execution Input: 'expected at most {PAYLOAD_LIMIT} bytes, found {size}'",
        )
    return Payload(value, text, size)


def _item(record: ExecutionRecord) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "executionArn": record.arn,
        "stateMachineArn": _machine_of(record),
        "name": record.name,
        "status": record.status.value,
        "startDate": moment(record.started),
    }
    optional = {
        "stopDate": None if record.stopped is None else moment(record.stopped),
        "mapRunArn": record.map_run,
        "stateMachineVersionArn": record.version,
        "stateMachineAliasArn": record.alias,
        "redriveDate": None if record.redriven is None else moment(record.redriven),
    }
    return answer | {name: value for name, value in optional.items() if value is not None}


def _machine_of(record: ExecutionRecord) -> str:
    """Give the ARN of an execution's machine; that of a Map Run's child names the Map state, too."""
    return record.machine if record.map_run is None else f"{record.machine}/{arns.label_of(record.map_run)}"


def _list_item(record: ExecutionRecord) -> dict[str, Any]:
    item = _item(record)
    if record.redrives or record.map_run is None:
        item["redriveCount"] = record.redrives
    if record.items is not None:
        item["itemCount"] = record.items
    return item


def _data(record: ExecutionRecord, included: str | None) -> dict[str, Any]:
    """Write what went in and what came out; metadata alone says only that it is left out."""
    complete = included != "METADATA_ONLY"
    data: dict[str, Any] = {"inputDetails": {"included": complete}}
    if complete:
        given = {"input": record.input, "output": record.output, "error": record.error, "cause": record.cause}
        data |= {name: value for name, value in given.items() if value is not None}
    if record.output is not None:
        data["outputDetails"] = {"included": complete}
    return data


def _not_supported() -> ApiError:
    return ApiError("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
