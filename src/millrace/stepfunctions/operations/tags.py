"""Tags of state machines and activities."""

from collections.abc import Sequence
from typing import Any, Final

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.records import ActivityArn, MachineArn

TAG_LIMIT: Final = 50


async def tag_resource(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Add tags, or give them new values."""
    arn = parameters["resourceArn"]
    tags = _read(parameters["tags"])
    async with service.alone_with(arn):
        _check_resource(service, arn)
        _check_count({**service.store.tags(arn), **tags}, arn)
        if tags:
            await service.store.commit(service.store.put_tags(arn, tags))
    return {}


async def untag_resource(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Remove tags; those that are not there are no error."""
    arn = parameters["resourceArn"]
    async with service.alone_with(arn):
        _check_resource(service, arn)
        if parameters["tagKeys"]:
            await service.store.commit(service.store.delete_tags(arn, parameters["tagKeys"]))
    return {}


async def list_tags_for_resource(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List a resource's tags."""
    arn = parameters["resourceArn"]
    _check_resource(service, arn)
    return {"tags": [{"key": key, "value": value} for key, value in service.store.tags(arn).items()]}


def initial_tags(tags: Sequence[dict[str, str]] | None) -> dict[str, str]:
    """Read the tags that a resource is created with.

    Raises:
        ApiError: TooManyTags.
    """
    read = _read(tags or ())
    _check_count(read, "")
    return read


def _read(tags: Sequence[dict[str, str]]) -> dict[str, str]:
    for tag in tags:
        if "key" not in tag:
            raise ApiError("ValidationException", "Tag key must not be null")
    return {tag["key"]: tag.get("value") or "" for tag in tags}


def _check_count(tags: dict[str, str], arn: str) -> None:
    if len(tags) > TAG_LIMIT:
        raise ApiError(
            "TooManyTags",
            f"You've exceeded the number of tags allowed for a resource ({TAG_LIMIT}).",
            **({"resourceName": arn} if arn else {}),
        )


def _check_resource(service: Service, arn: str) -> None:
    match arns.resource_type(arn):
        case "stateMachine":
            found = service.store.machine(MachineArn(arn)) is not None
        case "activity":
            found = service.store.activity(ActivityArn(arn)) is not None
        case _:
            found = False
    if not found:
        raise ApiError("ResourceNotFound", f"Resource not found: '{arn}'", resourceName=arn)
