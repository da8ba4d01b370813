"""Map Runs: what a distributed Map state has started."""

from typing import Any, cast

from millrace.engine.messages import Status
from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.executions import existing
from millrace.stepfunctions.operations.pages import page_answer, page_request
from millrace.stepfunctions.operations.service import Service, moment
from millrace.stepfunctions.records import MapRunRecord


async def describe_map_run(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe a Map Run."""
    run = _existing(service, parameters["mapRunArn"])
    counts = cast("dict[str, Any]", run.counts)
    answer: dict[str, Any] = {
        "mapRunArn": run.arn,
        "executionArn": run.execution,
        # A Map Run whose time is over has failed: it has no status of its own for that.
        "status": (Status.FAILED if run.status is Status.TIMED_OUT else run.status).value,
        "startDate": moment(run.started),
        "maxConcurrency": run.concurrency,
        "toleratedFailurePercentage": run.tolerated_percentage,
        "toleratedFailureCount": run.tolerated_count,
        "itemCounts": counts["items"],
        "executionCounts": counts["executions"],
        "redriveCount": run.redrives,
    }
    optional = {"stopDate": run.stopped, "redriveDate": run.redriven}
    return answer | {name: moment(value) for name, value in optional.items() if value is not None}


async def list_map_runs(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List the Map Runs of an execution."""
    record = existing(service, arns.standard_execution(parameters["executionArn"]))
    return page_answer("mapRuns", service.store.map_runs(record.arn, page_request(parameters)), _item)


async def update_map_run(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Change how many children a running Map Run has at once, and how many of them may fail."""
    names = ("maxConcurrency", "toleratedFailurePercentage", "toleratedFailureCount")
    if all(parameters.get(name) is None for name in names):
        raise ApiError("ValidationException", f"At least one of {', '.join(names)} must be specified")
    run = _existing(service, parameters["mapRunArn"])
    if run.status is not Status.RUNNING:
        raise ApiError("ValidationException", f"Map Run is {run.status} and cannot be updated: '{run.arn}'")
    await service.executions.update_map_run(
        run.arn,
        concurrency=parameters.get("maxConcurrency"),
        tolerated_percentage=parameters.get("toleratedFailurePercentage"),
        tolerated_count=parameters.get("toleratedFailureCount"),
    )
    return {}


def _existing(service: Service, arn: str) -> MapRunRecord:
    run = service.executions.map_run(arns.map_run(arn))
    if run is None:
        raise ApiError("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)
    return run


def _item(run: MapRunRecord) -> dict[str, Any]:
    item: dict[str, Any] = {
        "executionArn": run.execution,
        "mapRunArn": run.arn,
        "stateMachineArn": run.machine,
        "startDate": moment(run.started),
    }
    if run.stopped is not None:
        item["stopDate"] = moment(run.stopped)
    return item
