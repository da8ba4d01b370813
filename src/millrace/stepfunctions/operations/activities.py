"""Activities, and the tasks that workers take from them."""

from typing import Any, Final

from millrace.stepfunctions import arns
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations.configurations import DEFAULT_ENCRYPTION, encryption_of
from millrace.stepfunctions.operations.pages import page_answer, page_request
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.operations.tags import initial_tags
from millrace.stepfunctions.records import ActivityArn, ActivityRecord

# Seconds that a worker's request for a task is held.
POLL_SECONDS: Final = 60.0


async def create_activity(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Create an activity, or answer as before when there is one of this name."""
    name = parameters["name"]
    arns.check_name(name)
    tags = initial_tags(parameters.get("tags"))
    encryption = encryption_of(parameters.get("encryptionConfiguration"))
    arn = service.arns.activity(name)
    async with service.alone_with(arn):
        activity = service.store.activity(arn)
        if activity is None:
            activity = ActivityRecord(arn, name, service.now(), encryption)
            changes = [*service.store.put_activity(activity)]
            if tags:
                changes += service.store.put_tags(arn, tags)
            await service.store.commit(changes)
        elif activity.encryption != encryption:
            raise ApiError("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'")
    return {"activityArn": arn, "creationDate": activity.created}


async def delete_activity(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Delete an activity; one that does not exist is as good as deleted."""
    arn = arns.activity(parameters["activityArn"])
    async with service.alone_with(arn):
        if service.store.activity(arn) is not None:
            await service.store.commit(service.store.delete_activity(arn))
    return {}


async def describe_activity(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe an activity."""
    activity = _existing(service, arns.activity(parameters["activityArn"]))
    return {**_item(activity), "encryptionConfiguration": activity.encryption or DEFAULT_ENCRYPTION}


async def list_activities(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """List the activities."""
    return page_answer("activities", service.store.activities(page_request(parameters)), _item)


async def get_activity_task(service: Service, parameters: dict[str, Any]) -> dict[str, Any]:
    """Take a task, waiting up to a minute for one; an empty answer when there is none."""
    activity = _existing(service, arns.activity(parameters["activityArn"]))
    task = await service.executions.activity_task(activity.arn, parameters.get("workerName"), POLL_SECONDS)
    return {} if task is None else {"taskToken": task.token, "input": task.input}


def _existing(service: Service, arn: ActivityArn) -> ActivityRecord:
    activity = service.store.activity(arn)
    if activity is None:
        raise ApiError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    return activity


def _item(activity: ActivityRecord) -> dict[str, Any]:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created}
