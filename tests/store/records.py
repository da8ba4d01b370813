"""Records as tests need them: every argument but the workspace has a value."""

from typing import Any
from uuid import uuid4

from millrace.model import NodeId
from millrace.store.records import (
    Run,
    RunId,
    RunStatus,
    Step,
    StepStatus,
    Trigger,
    TriggerId,
    UserId,
    Version,
    Waiting,
    Workflow,
    WorkflowId,
    WorkspaceId,
)

MOMENT = "2026-11-21T07:30:00.000Z"
LARGE = "x" * 250_000
"""More than an item holds."""


def new_id() -> Any:
    return str(uuid4())


def workflow(workspace: WorkspaceId, name: str = "Orders", **fields: Any) -> Workflow:
    values: dict[str, Any] = {"id": WorkflowId(new_id()), "owner": UserId("ada"), "created": MOMENT, "updated": MOMENT}
    return Workflow(workspace=workspace, name=name, **{**values, **fields})


def version(workflow: Workflow, number: int = 1, **fields: Any) -> Version:
    values: dict[str, Any] = {
        "author": UserId("ada"),
        "created": MOMENT,
        "message": "Ship it",
        "machine_version": f"arn:aws:states:us-east-1:000000000000:stateMachine:orders:{number}",
        "document": {"nodes": {"a": {"number": number}}},
        "compilation": {"definition": {}},
    }
    return Version(workflow=workflow.id, workspace=workflow.workspace, number=number, **{**values, **fields})


def run(workspace: WorkspaceId, **fields: Any) -> Run:
    values: dict[str, Any] = {
        "id": RunId(new_id()),
        "workflow": WorkflowId("orders"),
        "owner": UserId("ada"),
        "status": RunStatus.RUNNING,
        "started": MOMENT,
        "inputs": {"a": 1},
        "trigger": {"type": "webhook", "body": {"a": 1}},
    }
    return Run(workspace=workspace, **{**values, **fields})


def step(run: Run, node: str = "fetch", **fields: Any) -> Step:
    values: dict[str, Any] = {"status": StepStatus.COMPLETED, "started": MOMENT, "output": {"b": [1, 2.5, None, True]}}
    return Step(run=run.id, workspace=run.workspace, node=NodeId(node), **{**values, **fields})


def waiting(workspace: WorkspaceId, **fields: Any) -> Waiting:
    values: dict[str, Any] = {
        "run": RunId(new_id()),
        "node": NodeId("approve"),
        "workflow": WorkflowId("orders"),
        "token": new_id(),
        "request": {"message": "Ship it?"},
        "created": MOMENT,
    }
    return Waiting(workspace=workspace, **{**values, **fields})


def trigger(workspace: WorkspaceId, **fields: Any) -> Trigger:
    values: dict[str, Any] = {
        "id": TriggerId(new_id()),
        "workflow": WorkflowId("orders"),
        "owner": UserId("ada"),
        "type": "webhook",
        "config": {"path": "/orders"},
        "created": MOMENT,
        "key": f"POST /hooks/{new_id()}",
    }
    return Trigger(workspace=workspace, **{**values, **fields})
