"""Tasks that end when a person answers: the function is given a task token and the run waits for its return."""

from collections.abc import Mapping
from typing import Any, Final

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.lowering import LAMBDA_INVOKE, Task
from millrace.catalogue.node import LowerScope, NodeType
from millrace.expressions import Expression, ReferenceKind, jsonata, reference
from millrace.model import JsonType, Port

TIMEOUT: Final = Port("timeout")


def task_token() -> Expression:
    """Give the expression of a task's token (Step Functions Developer Guide, "Wait for a callback with task token")."""
    return jsonata("$states.context.Task.Token", type=JsonType.STRING, optional=False, fallible=False, atomic=True)


def ask_people(
    kind: NodeType[Any],
    config: NodeConfig,
    scope: LowerScope,
    *,
    port_member: str = "",
    ports: Mapping[str, Port] | None = None,
) -> Task:
    """Give the task that puts a question to people; its output is what the token is returned with."""
    return Task(
        resource=f"{LAMBDA_INVOKE}.waitForTaskToken",
        arguments={
            "token": task_token(),
            "type": kind.name,
            "node": scope.node,
            "runId": reference(ReferenceKind.RUN_ID),
            "workflowId": reference(ReferenceKind.WORKFLOW_ID),
            "config": scope.template(kind.settings(config), ""),
            "input": scope.input,
        },
        function=kind.function,
        ports=ports or {},
        port_member=port_member,
        timeout_port=TIMEOUT,
        expected_seconds=kind.expected_seconds,
    )
