"""What the engine keeps: frozen records, as the store gives and takes them.

All moments are seconds since the epoch. Payloads are JSON text. `Json` members are configurations as the API shows
them.
"""

from dataclasses import dataclass
from typing import Generic, NewType, TypeVar

from millrace.engine.definition import ExecutionType
from millrace.engine.messages import Status
from millrace.model.json import Json

MachineArn = NewType("MachineArn", str)
VersionArn = NewType("VersionArn", str)
AliasArn = NewType("AliasArn", str)
ExecutionArn = NewType("ExecutionArn", str)
ActivityArn = NewType("ActivityArn", str)
MapRunArn = NewType("MapRunArn", str)
RevisionId = NewType("RevisionId", str)
ExecutionKey = NewType("ExecutionKey", int)
"""An execution's number in the data file: short, and never used again."""

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a machine's definition and settings; immutable. The first one's id is INITIAL."""

    id: RevisionId
    definition: str
    role: str
    logging: Json = None
    tracing: Json = None
    encryption: Json = None
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """A state machine with its current revision."""

    arn: MachineArn
    name: str
    type: ExecutionType
    created: float
    revision: Revision


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A published version."""

    arn: VersionArn
    machine: MachineArn
    number: int
    revision: Revision
    created: float
    description: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A part of an alias's traffic: percent of the starts that a version gets."""

    version: VersionArn
    weight: int


@dataclass(frozen=True, slots=True)
class AliasRecord:
    """A name for one version or two."""

    arn: AliasArn
    machine: MachineArn
    name: str
    routes: tuple[Route, ...]
    created: float
    updated: float
    description: str = ""


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """An activity that workers poll."""

    arn: ActivityArn
    name: str
    created: float
    encryption: Json = None


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """An execution.

    Attributes:
        key: Given by the store's `next_execution_key`.
        machine: The state machine (of a Map Run's child: the parent's).
        revision: What it runs.
        events: How many events its history has.
        redrives: How often it was redriven.
        map_run: The Map Run that it is a child of; index and items say which items it works on.
    """

    key: ExecutionKey
    arn: ExecutionArn
    name: str
    machine: MachineArn
    revision: RevisionId
    type: ExecutionType
    status: Status
    started: float
    input: str
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    version: VersionArn | None = None
    alias: AliasArn | None = None
    events: int = 0
    redrives: int = 0
    redriven: float | None = None
    map_run: MapRunArn | None = None
    index: int | None = None
    items: int | None = None
    trace_header: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryBlock:
    """Consecutive events of one execution, written in one transaction.

    Attributes:
        events: A JSON array; each event as the API shows it, but timestamps in seconds since the epoch.
    """

    execution: ExecutionKey
    first: int
    last: int
    events: bytes


@dataclass(frozen=True, slots=True)
class MapRunRecord:
    """A distributed Map's run.

    Attributes:
        execution: The parent execution.
        counts: DescribeMapRun's itemCounts and executionCounts, by name: {"items": {...}, "executions": {...}}.
    """

    arn: MapRunArn
    execution: ExecutionArn
    machine: MachineArn
    status: Status
    started: float
    concurrency: int
    tolerated_percentage: float
    tolerated_count: int
    counts: Json
    stopped: float | None = None
    redrives: int = 0
    redriven: float | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """Some records of a list, and the token of the next ones; None at the end."""

    records: tuple[Record, ...]
    next_token: str | None = None
