"""What the product keeps: frozen records, as the store gives and takes them.

Moments are ISO-8601 texts in UTC with milliseconds ("2026-11-21T07:30:00.000Z"), so that they sort. Every record
carries its workspace: a record of another workspace does not exist for its readers.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NewType, TypeVar

from millrace.model import Json, NodeId

WorkspaceId = NewType("WorkspaceId", str)
UserId = NewType("UserId", str)
WorkflowId = NewType("WorkflowId", str)
RunId = NewType("RunId", str)
"""Also the name of the run's Step Functions execution."""
TriggerId = NewType("TriggerId", str)
ConnectionId = NewType("ConnectionId", str)

Record = TypeVar("Record")


class RunStatus(StrEnum):
    """How a run stands, as the API names it."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(StrEnum):
    """How one attempt of a node stands."""

    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class WorkflowSort(StrEnum):
    """What a list of workflows can be sorted by."""

    CREATED = "created_at"
    UPDATED = "updated_at"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow without its document.

    Attributes:
        revision: Counts saves of the draft; every write names the revision that it saw.
        published: The number of the live version; None before the first publish.
        latest_version: The highest version number given.
        machine: The ARN of the state machine; None before the first publish.
        last_run, last_status: As the store noted them last; not written with a workflow.
    """

    id: WorkflowId
    workspace: WorkspaceId
    owner: UserId
    name: str
    created: str
    updated: str
    description: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    revision: int = 1
    published: int | None = None
    latest_version: int = 0
    machine: str | None = None
    deleted: str | None = None
    last_run: RunId | None = None
    last_status: RunStatus | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A published version of a workflow; immutable.

    Attributes:
        document: The workflow document that was published.
        compilation: What the observer needs of its compilation: definition, source map, children, estimate, type.
        machine_version: The ARN of the Step Functions version.
    """

    workflow: WorkflowId
    number: int
    workspace: WorkspaceId
    author: UserId
    created: str
    message: str
    machine_version: str
    document: Json
    compilation: Json


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow.

    Attributes:
        version: The published version that runs; None for a run of a draft, or a partial run.
        trigger: What started it: {"type": "manual" | "webhook" | "schedule" | "event" | "error" | "retry", ...}.
        execution: The ARN of the Step Functions execution.
        origin: The run that it retries or continues.
        estimate, cost: US$; what the compiler expected, and what the steps that ran have cost.
        events: How many history events the observer has taken in without a gap.
    """

    id: RunId
    workflow: WorkflowId
    workspace: WorkspaceId
    owner: UserId
    status: RunStatus
    started: str
    inputs: Json
    version: int | None = None
    trigger: Json = None
    execution: str | None = None
    outputs: Json = None
    error: Json = None
    completed: str | None = None
    origin: RunId | None = None
    estimate: float | None = None
    cost: float = 0.0
    transitions: int = 0
    events: int = 0
    redrives: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt of one node in a run; of a node in a loop, one item's.

    Attributes:
        path: Loop ids and indexes that lead to it, outermost first ("each/3/inner/0"); empty outside of loops.
        attempt: Counts from 1.
        console: What code printed.
        cost: US$.
    """

    run: RunId
    node: NodeId
    workspace: WorkspaceId
    status: StepStatus
    path: str = ""
    attempt: int = 1
    started: str | None = None
    completed: str | None = None
    input: Json = None
    output: Json = None
    error: Json = None
    console: tuple[str, ...] = ()
    transitions: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a run's log; `sequence` orders the lines of a run and makes a second write of one harmless."""

    run: RunId
    sequence: str
    workspace: WorkspaceId
    level: str
    message: str
    created: str
    node: NodeId | None = None
    metadata: Json = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """What starts runs of a workflow by itself.

    Attributes:
        type: webhook, schedule, event or error.
        config: As the user gave it.
        key: What finds it: "POST /hooks/orders" for a webhook; empty for others.
        revision: Counts saves; 0 is not saved yet.
    """

    id: TriggerId
    workflow: WorkflowId
    workspace: WorkspaceId
    owner: UserId
    type: str
    config: Json
    created: str
    enabled: bool = True
    key: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that waits for a person.

    Attributes:
        token: The Step Functions task token; never shown to anybody.
        request: What the person is asked: message, schema or options, assignees.
    """

    run: RunId
    node: NodeId
    workspace: WorkspaceId
    workflow: WorkflowId
    token: str
    request: Json
    created: str
    path: str = ""
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """An open WebSocket."""

    id: ConnectionId
    workspace: WorkspaceId
    user: UserId
    created: str
    runs: frozenset[RunId] = field(default_factory=frozenset[RunId])


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """Some records of a list, and the cursor of the next ones; None at the end."""

    records: tuple[Record, ...]
    cursor: str | None = None
