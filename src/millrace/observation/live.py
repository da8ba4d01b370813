"""What subscribers are told while a run goes on: the WebSocket API's messages."""

from collections.abc import Iterator
from typing import Any, Final, cast

import orjson

from millrace.model import Json
from millrace.observation.moments import milliseconds_between
from millrace.observation.run_map import RunMap
from millrace.store.records import Run, RunStatus, Step, StepStatus

LIMIT_BYTES: Final = 100_000
"""Longest message; API Gateway's WebSocket API refuses payloads over 128 KB (its quotas)."""

_ENDED: Final = (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED)
_RUN_MESSAGES: Final[dict[RunStatus, str]] = {
    RunStatus.COMPLETED: "execution:completed",
    RunStatus.FAILED: "execution:failed",
    RunStatus.CANCELLED: "execution:cancelled",
    RunStatus.PAUSED: "execution:paused",
}

Message = dict[str, Json]


def run_message(record: Run, at: str, *, resumed: bool) -> Message:
    """Give the message of a run's beginning, its going on, or its end.

    Args:
        record: The run, with its status then.
        at: When.
        resumed: Whether it goes on after a redrive.
    """
    kind = _RUN_MESSAGES.get(record.status, "execution:resumed" if resumed else "execution:started")
    message: Message = {
        "type": kind,
        "execution_id": record.id,
        "workflow_id": record.workflow,
        "status": record.status.value,
        "timestamp": at,
    }
    if record.status is RunStatus.COMPLETED:
        message["outputs"] = record.outputs
    if record.error is not None:
        message["error"] = record.error
    if record.completed is not None:
        message["duration_ms"] = milliseconds_between(record.started, record.completed)
    return _fitting(message, "outputs")


def progress(record: Run, completed: int, total: int, current: list[str], at: str) -> Message:
    """Say how far a run has come.

    Args:
        record: The run.
        completed: Nodes outside of loops that have ended, or were skipped.
        total: Nodes outside of loops.
        current: Nodes at work.
        at: When.
    """
    return {
        "type": "execution:progress",
        "execution_id": record.id,
        "status": record.status.value,
        "completed": completed,
        "total": total,
        "percent": 100 * completed // total if total else 100,
        "current_nodes": cast("list[Json]", current),
        "cost": record.cost,
        "timestamp": at,
    }


def step_messages(step: Step, before: Step | None, machine: RunMap, request: Json) -> Iterator[Message]:
    """Say what has become of a step.

    Args:
        step: The step.
        before: The step when it was last told of.
        machine: What knows its node.
        request: What a person is asked, for a step that waits.
    """
    was = before.status if before is not None else None
    if step.status is was:
        return
    if was is None and step.status is not StepStatus.SKIPPED:
        if step.attempt > 1:
            yield _message(step, "node:retry", step.started)
        yield _message(step, "node:started", step.started, {"label": machine.nodes[step.node].label})
    if step.status is StepStatus.WAITING:
        yield _fitting(_message(step, "user:input:required", step.started, {"request": request}), "request")
    if step.status not in _ENDED or was in _ENDED:
        return
    ending: dict[str, Json] = {"status": step.status.value}
    if step.started is not None and step.completed is not None:
        ending["duration_ms"] = milliseconds_between(step.started, step.completed)
    if step.status is StepStatus.COMPLETED:
        ending["output"] = step.output
    elif step.status is StepStatus.FAILED:
        ending["error"] = step.error
    yield _fitting(_message(step, f"node:{step.status.value}", step.completed, ending), "output")


def _message(step: Step, kind: str, at: str | None, members: dict[str, Json] | None = None) -> Message:
    return {
        "type": kind,
        "execution_id": step.run,
        "node_id": step.node,
        "path": step.path,
        "attempt": step.attempt,
        "timestamp": at,
        **(members or {}),
    }


def _fitting(message: Message, member: str) -> Message:
    """Leave out what makes a message too long; who wants it reads the run."""
    if member in message and len(orjson.dumps(cast("Any", message[member]))) > LIMIT_BYTES:
        return {**message, member: None, "truncated": True}
    return message
