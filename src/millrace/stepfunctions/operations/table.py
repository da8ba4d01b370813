"""The operations of the API by name, and the one way to call them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations import (
    activities,
    aliases,
    definitions,
    executions,
    histories,
    machines,
    map_runs,
    redrives,
    tags,
    tasks,
    versions,
)
from millrace.stepfunctions.operations.constraints import check_input
from millrace.stepfunctions.operations.service import Service
from millrace.stepfunctions.store.errors import InvalidPageTokenError


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        function: Does it; its parameters have passed the service model's constraints.
        abandonable: It only waits, and what it waits for must not go to a caller who is gone.
    """

    function: Callable[[Service, dict[str, Any]], Awaitable[dict[str, Any]]]
    abandonable: bool = False


OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateActivity": Operation(activities.create_activity),
    "CreateStateMachine": Operation(machines.create_state_machine),
    "CreateStateMachineAlias": Operation(aliases.create_state_machine_alias),
    "DeleteActivity": Operation(activities.delete_activity),
    "DeleteStateMachine": Operation(machines.delete_state_machine),
    "DeleteStateMachineAlias": Operation(aliases.delete_state_machine_alias),
    "DeleteStateMachineVersion": Operation(versions.delete_state_machine_version),
    "DescribeActivity": Operation(activities.describe_activity),
    "DescribeExecution": Operation(executions.describe_execution),
    "DescribeMapRun": Operation(map_runs.describe_map_run),
    "DescribeStateMachine": Operation(machines.describe_state_machine),
    "DescribeStateMachineAlias": Operation(aliases.describe_state_machine_alias),
    "DescribeStateMachineForExecution": Operation(executions.describe_state_machine_for_execution),
    "GetActivityTask": Operation(activities.get_activity_task, abandonable=True),
    "GetExecutionHistory": Operation(histories.get_execution_history),
    "ListActivities": Operation(activities.list_activities),
    "ListExecutions": Operation(executions.list_executions),
    "ListMapRuns": Operation(map_runs.list_map_runs),
    "ListStateMachineAliases": Operation(aliases.list_state_machine_aliases),
    "ListStateMachineVersions": Operation(versions.list_state_machine_versions),
    "ListStateMachines": Operation(machines.list_state_machines),
    "ListTagsForResource": Operation(tags.list_tags_for_resource),
    "PublishStateMachineVersion": Operation(versions.publish_state_machine_version),
    "RedriveExecution": Operation(redrives.redrive_execution),
    "SendTaskFailure": Operation(tasks.send_task_failure),
    "SendTaskHeartbeat": Operation(tasks.send_task_heartbeat),
    "SendTaskSuccess": Operation(tasks.send_task_success),
    "StartExecution": Operation(executions.start_execution),
    "StartSyncExecution": Operation(executions.start_sync_execution),
    "StopExecution": Operation(executions.stop_execution),
    "TagResource": Operation(tags.tag_resource),
    "TestState": Operation(definitions.test_state, abandonable=True),
    "UntagResource": Operation(tags.untag_resource),
    "UpdateMapRun": Operation(map_runs.update_map_run),
    "UpdateStateMachine": Operation(machines.update_state_machine),
    "UpdateStateMachineAlias": Operation(aliases.update_state_machine_alias),
    "ValidateStateMachineDefinition": Operation(definitions.validate_state_machine_definition),
}


async def call(service: Service, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Do an operation; moments in the answer are seconds since the epoch.

    Raises:
        ApiError: What AWS answers too; UnknownOperationException for a name that is none.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise ApiError("UnknownOperationException", f"expected an operation of AWS Step Functions, found {name!r}")
    check_input(name, parameters)
    # A member that is null is as good as one that is not there.
    given = {key: value for key, value in parameters.items() if value is not None}
    try:
        return await operation.function(service, given)
    except InvalidPageTokenError as error:
        raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'") from error
