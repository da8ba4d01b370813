"""Tasks that end when a person answers: the function is given a task token and the run waits for its return."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.lowering import LAMBDA_INVOKE, Task
from millrace.catalogue.node import LowerScope, NodeType
from millrace.expressions import Expression, ReferenceKind, Template, jsonata, reference
from millrace.model import JsonType, NodeId, Port

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
    """Give the task that puts a question to people; its output is what the token is returned with.

    The compiler adds `timeoutSeconds` to what the function is given.
    """
    return Task(
        resource=f"{LAMBDA_INVOKE}.waitForTaskToken",
        arguments={
            "token": task_token(),
            "type": kind.name,
            "node": scope.node,
            "path": _path(scope.containers),
            "runId": reference(ReferenceKind.RUN_ID),
            "parentRunId": _parent_run(),
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


def _path(containers: Sequence[NodeId]) -> Template:
    """Give which items of which loops ask, such as "each/3/inner/0": several may ask at the same time."""
    pieces: list[str | Expression] = []
    for container in containers:
        pieces += [f'{" & " if pieces else ""}"{"/" if pieces else ""}{container}/" & ']
        pieces.append(reference(ReferenceKind.INDEX, container))
    return jsonata(*pieces, type=JsonType.STRING, optional=False, fallible=False) if pieces else ""


def _parent_run() -> Expression:
    """Give the run whose subworkflow node has started this one (`Subworkflow.lower`)."""
    return jsonata("$states.context.Execution.Input.trigger.runId", fallible=False)
