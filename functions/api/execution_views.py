"""Runs and what belongs to them, as the API shows them."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from millrace.model import NodeId
from millrace.store.records import LogLine, Run, RunId, RunStatus, Step, StepStatus, WorkflowId

from .envelope import View

Milliseconds = Annotated[int | None, Field(description="From start to end; null while it runs.")]
Usd = Annotated[float, Field(description="US$.")]


class ExecutionView(View):
    """A run without its inputs and outputs."""

    id: RunId
    execution_id: RunId
    workflow_id: WorkflowId
    version: Annotated[int | None, Field(description="The published version; null for a draft or a part of one.")]
    status: RunStatus
    trigger: Annotated[Any, Field(description="What started it.")]
    started_at: str
    completed_at: str | None
    duration_ms: Milliseconds
    error: Annotated[dict[str, Any] | None, Field(description="Why it failed: node_id, label, type, message.")]
    origin: Annotated[RunId | None, Field(description="The execution that it continues.")]
    estimate_usd: Annotated[float | None, Field(description="What it was expected to cost, in US$.")]
    cost_usd: Usd
    transitions: int
    redrives: Annotated[int, Field(description="How often it was resumed or retried.")]

    @classmethod
    def of(cls, run: Run, **more: Any) -> Self:
        """Show a run."""
        return cls(
            id=run.id,
            execution_id=run.id,
            workflow_id=run.workflow,
            version=run.version,
            status=run.status,
            trigger=run.trigger,
            started_at=run.started,
            completed_at=run.completed,
            duration_ms=_milliseconds(run.started, run.completed),
            error=run.error if isinstance(run.error, dict) else None,
            origin=run.origin,
            estimate_usd=run.estimate,
            cost_usd=run.cost,
            transitions=run.transitions,
            redrives=run.redrives,
            **more,
        )


class ExecutionDetail(ExecutionView):
    """A run with all that is kept of it but its steps and its log."""

    inputs: Any
    outputs: Any
    current_state: Annotated[
        dict[NodeId, dict[str, Any]], Field(description="How each node stands that the execution has come to.")
    ] = {}  # noqa: RUF012 -- pydantic copies it
    possible: Annotated[list[str], Field(description="What can be done to it: cancel, pause, resume, retry.")] = []  # noqa: RUF012 -- as above

    @classmethod
    def of(cls, run: Run, **more: Any) -> Self:
        """Show a run."""
        return super().of(run, inputs=run.inputs, outputs=run.outputs, **more)


class StepView(View):
    """One attempt of a node; of a node in a loop, one item's."""

    execution_id: RunId
    node_id: NodeId
    path: Annotated[str, Field(description="Which item of which loop: `each/3`; empty outside of loops.")]
    attempt: Annotated[int, Field(description="Counts from 1.")]
    status: StepStatus
    started_at: str | None
    completed_at: str | None
    duration_ms: Milliseconds
    input: Any
    output: Any
    error: Any
    console: Annotated[list[str], Field(description="What code printed.")]
    transitions: int
    cost_usd: Usd

    @classmethod
    def of(cls, step: Step) -> "StepView":
        """Show an attempt."""
        return cls(
            execution_id=step.run,
            node_id=step.node,
            path=step.path,
            attempt=step.attempt,
            status=step.status,
            started_at=step.started,
            completed_at=step.completed,
            duration_ms=_milliseconds(step.started, step.completed),
            input=step.input,
            output=step.output,
            error=step.error,
            console=list(step.console),
            transitions=step.transitions,
            cost_usd=step.cost,
        )


class LogView(View):
    """A line of a run's log."""

    id: str
    execution_id: RunId
    node_id: NodeId | None
    level: str
    message: str
    metadata: Any
    created_at: str

    @classmethod
    def of(cls, line: LogLine) -> "LogView":
        """Show a line."""
        return cls(
            id=line.sequence,
            execution_id=line.run,
            node_id=line.node,
            level=line.level,
            message=line.message,
            metadata=line.metadata,
            created_at=line.created,
        )


def _milliseconds(started: str | None, completed: str | None) -> int | None:
    if started is None or completed is None:
        return None
    return round((datetime.fromisoformat(completed) - datetime.fromisoformat(started)).total_seconds() * 1000)
