"""A store in memory, for tests of services; the contract is the port's."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, TypeVar

from millrace.model import Json, NodeId
from millrace.store.errors import (
    InvalidCursorError,
    KeyTakenError,
    RecordExistsError,
    RecordNotFoundError,
    RevisionConflictError,
)
from millrace.store.port import PageRequest, RunFilter, WorkflowFilter
from millrace.store.records import (
    Connection,
    ConnectionId,
    LogLine,
    Page,
    Run,
    RunId,
    RunStatus,
    Step,
    Trigger,
    TriggerId,
    Version,
    Waiting,
    Workflow,
    WorkflowId,
    WorkflowSort,
    WorkspaceId,
)

R = TypeVar("R")


@dataclass
class MemoryStore:
    """Keeps everything in dictionaries; safe for threads.

    Attributes:
        before_save: Called before every write that checks a revision, so that a test can come in between.
    """

    clock: Callable[[], float] = time.time
    before_save: Callable[[], None] = lambda: None
    _lock: Any = field(default_factory=RLock)
    _workflows: dict[WorkflowId, Workflow] = field(default_factory=dict[WorkflowId, Workflow])
    _documents: dict[tuple[WorkflowId, int], str] = field(default_factory=dict[tuple[WorkflowId, int], str])
    _versions: dict[tuple[WorkflowId, int], Version] = field(default_factory=dict[tuple[WorkflowId, int], Version])
    _compilations: dict[str, str] = field(default_factory=dict[str, str])
    _runs: dict[RunId, Run] = field(default_factory=dict[RunId, Run])
    _steps: dict[RunId, dict[tuple[str, str, int], Step]] = field(
        default_factory=lambda: defaultdict[RunId, dict[tuple[str, str, int], Step]](dict)
    )
    _logs: dict[RunId, dict[str, LogLine]] = field(default_factory=lambda: defaultdict[RunId, dict[str, LogLine]](dict))
    _events: dict[RunId, dict[int, Json]] = field(default_factory=lambda: defaultdict[RunId, dict[int, Json]](dict))
    _waiting: dict[tuple[RunId, NodeId, str], Waiting] = field(default_factory=dict[tuple[RunId, NodeId, str], Waiting])
    _triggers: dict[TriggerId, Trigger] = field(default_factory=dict[TriggerId, Trigger])
    _once: dict[str, tuple[float, Json]] = field(default_factory=dict[str, tuple[float, Json]])
    _connections: dict[ConnectionId, Connection] = field(default_factory=dict[ConnectionId, Connection])

    # ---- workflows and their documents

    def create_workflow(self, workflow: Workflow, document: Json) -> None:
        with self._lock:
            if workflow.id in self._workflows:
                raise RecordExistsError("workflow", workflow.id)
            self._workflows[workflow.id] = workflow
            self._documents[workflow.id, workflow.revision] = json.dumps(document)

    def workflow(self, workspace: WorkspaceId, workflow: WorkflowId) -> Workflow | None:
        return _owned(self._workflows.get(workflow), workspace)

    def document(self, workspace: WorkspaceId, workflow: WorkflowId, revision: int | None = None) -> Json:
        record = self.workflow(workspace, workflow)
        if record is None:
            raise RecordNotFoundError("workflow", workflow)
        text = self._documents.get((workflow, record.revision if revision is None else revision))
        if text is None:
            raise RecordNotFoundError("document", workflow)
        return json.loads(text)

    def save_workflow(self, workflow: Workflow, document: Json | None) -> Workflow:
        self.before_save()
        with self._lock:
            current = self.workflow(workflow.workspace, workflow.id)
            if current is None:
                raise RecordNotFoundError("workflow", workflow.id)
            if current.revision != workflow.revision:
                raise RevisionConflictError("workflow", workflow.revision, current, current.revision)
            saved = replace(
                workflow,
                revision=workflow.revision + 1,
                last_run=current.last_run,
                last_status=current.last_status,
            )
            before = self._documents[workflow.id, workflow.revision]
            self._workflows[workflow.id] = saved
            self._documents[workflow.id, saved.revision] = before if document is None else json.dumps(document)
            return saved

    def workflows(self, workspace: WorkspaceId, filter: WorkflowFilter, page: PageRequest) -> Page[Workflow]:  # noqa: A002 -- the port's name
        def shown(workflow: Workflow) -> bool:
            text = f"{workflow.name}\n{workflow.description}".lower()
            return (
                workflow.workspace == workspace
                and (workflow.deleted is not None) == filter.deleted
                and filter.search.lower() in text
                and filter.folder in (None, workflow.folder)
                and set(filter.tags) <= set(workflow.tags)
            )

        def rank(workflow: Workflow) -> str:
            match filter.sort:
                case WorkflowSort.CREATED:
                    return workflow.created
                case WorkflowSort.UPDATED:
                    return workflow.updated
                case WorkflowSort.NAME:
                    return workflow.name.lower()

        found = sorted(filter_(shown, self._workflows.values()), key=rank, reverse=filter.descending)
        return _page(found, page)

    def count_workflows(self, workspace: WorkspaceId) -> int:
        return sum(one.workspace == workspace and one.deleted is None for one in self._workflows.values())

    def note_last_run(self, run: Run) -> None:
        with self._lock:
            workflow = self._workflows.get(run.workflow)
            if workflow is None:
                return
            last = self._runs.get(workflow.last_run) if workflow.last_run is not None else None
            if last is None or last.started <= run.started:
                self._workflows[run.workflow] = replace(workflow, last_run=run.id, last_status=run.status)

    # ---- versions

    def create_version(self, version: Version, workflow: Workflow) -> Workflow:
        self.before_save()
        with self._lock:
            saved = self.save_workflow(workflow, None)
            self._versions[version.workflow, version.number] = version
            return saved

    def version(self, workspace: WorkspaceId, workflow: WorkflowId, number: int) -> Version | None:
        return _owned(self._versions.get((workflow, number)), workspace)

    def versions(self, workspace: WorkspaceId, workflow: WorkflowId, page: PageRequest) -> Page[Version]:
        found = [one for one in self._versions.values() if (one.workflow, one.workspace) == (workflow, workspace)]
        found.sort(key=lambda version: version.number, reverse=True)
        return _page([replace(one, document=None, compilation=None) for one in found], page)

    def put_compilation(self, machine: str, compilation: Json) -> None:
        self._compilations[machine] = json.dumps(compilation)

    def compilation(self, machine: str) -> Json:
        text = self._compilations.get(machine)
        return None if text is None else json.loads(text)

    # ---- runs

    def create_run(self, run: Run) -> None:
        with self._lock:
            if run.id in self._runs:
                raise RecordExistsError("run", run.id)
            self._runs[run.id] = run

    def run(self, workspace: WorkspaceId, run: RunId) -> Run | None:
        return _owned(self._runs.get(run), workspace)

    def find_run(self, run: RunId) -> Run | None:
        return self._runs.get(run)

    def find_runs(self, runs: Iterable[RunId]) -> Mapping[RunId, Run]:
        return {run: found for run in runs if (found := self._runs.get(run)) is not None}

    def put_runs(self, runs: Iterable[Run]) -> None:
        with self._lock:
            self._runs |= {run.id: run for run in runs}

    def save_run(self, run: Run, *, expected: Sequence[RunStatus] | None = None, events: int | None = None) -> bool:
        with self._lock:
            current = self.run(run.workspace, run.id)
            if current is None:
                raise RecordNotFoundError("run", run.id)
            if expected is not None and current.status not in expected:
                return False
            if events is not None and current.events != events:
                return False
            self._runs[run.id] = run
            return True

    def runs(self, workspace: WorkspaceId, filter: RunFilter, page: PageRequest) -> Page[Run]:  # noqa: A002 -- the port's name
        def shown(run: Run) -> bool:
            return (
                run.workspace == workspace
                and filter.workflow in (None, run.workflow)
                and filter.status in (None, run.status)
                and (filter.started_after is None or run.started >= filter.started_after)
                and (filter.started_before is None or run.started <= filter.started_before)
            )

        found = sorted(filter_(shown, self._runs.values()), key=lambda run: run.started, reverse=True)
        return _page([replace(run, inputs=None, outputs=None) for run in found], page)

    def put_steps(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self._steps[step.run][step.node, step.path, step.attempt] = step

    def steps(self, workspace: WorkspaceId, run: RunId, page: PageRequest, *, node: NodeId | None = None) -> Page[Step]:
        found = [one for one in self._steps[run].values() if one.workspace == workspace and node in (None, one.node)]
        return _page(found, page)

    def put_logs(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            self._logs[line.run][line.sequence] = line

    def logs(
        self,
        workspace: WorkspaceId,
        run: RunId,
        page: PageRequest,
        *,
        level: str | None = None,
        node: NodeId | None = None,
    ) -> Page[LogLine]:
        found = [
            line
            for _, line in sorted(self._logs[run].items())
            if line.workspace == workspace and level in (None, line.level) and node in (None, line.node)
        ]
        return _page(found, page)

    # ---- observation

    def events(self, run: RunId) -> Sequence[Json]:
        return [event for _, event in sorted(self._events[run].items())]

    def put_events(self, run: RunId, events: Iterable[tuple[int, Json]]) -> None:
        self._events[run].update(events)

    # ---- people

    def put_waiting(self, waiting: Waiting) -> None:
        self._waiting[waiting.run, waiting.node, waiting.path] = waiting

    def waiting(self, workspace: WorkspaceId, run: RunId, node: NodeId, path: str = "") -> Waiting | None:
        return _owned(self._waiting.get((run, node, path)), workspace)

    def take_waiting(self, waiting: Waiting) -> bool:
        with self._lock:
            key = (waiting.run, waiting.node, waiting.path)
            current = self._waiting.get(key)
            if current is None or current.token != waiting.token:
                return False
            del self._waiting[key]
            return True

    def inbox(self, workspace: WorkspaceId, page: PageRequest) -> Page[Waiting]:
        found = [one for one in self._waiting.values() if one.workspace == workspace]
        return _page(sorted(found, key=lambda one: one.created, reverse=True), page)

    # ---- triggers

    def put_trigger(self, trigger: Trigger) -> Trigger:
        with self._lock:
            current = self._triggers.get(trigger.id)
            if current is not None and current.revision != trigger.revision:
                raise RevisionConflictError("trigger", trigger.revision, current, current.revision)
            other = self.trigger_by_key(trigger.key) if trigger.key else None
            if other is not None and other.id != trigger.id:
                raise KeyTakenError(trigger.key)
            saved = trigger if current is None else replace(trigger, revision=trigger.revision + 1)
            self._triggers[trigger.id] = saved
            return saved

    def trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> Trigger | None:
        return _owned(self._triggers.get(trigger), workspace)

    def trigger_by_key(self, key: str) -> Trigger | None:
        return next((one for one in self._triggers.values() if key and one.key == key), None)

    def triggers(self, workspace: WorkspaceId, workflow: WorkflowId) -> Sequence[Trigger]:
        return [one for one in self._triggers.values() if (one.workspace, one.workflow) == (workspace, workflow)]

    def triggers_of_type(self, workspace: WorkspaceId, type: str) -> Sequence[Trigger]:  # noqa: A002 -- the port's name
        return [one for one in self._triggers.values() if (one.workspace, one.type) == (workspace, type)]

    def delete_trigger(self, workspace: WorkspaceId, trigger: TriggerId) -> bool:
        return self.trigger(workspace, trigger) is not None and self._triggers.pop(trigger, None) is not None

    # ---- once

    def claim(self, key: str, seconds: int) -> bool:
        with self._lock:
            if self._alive(key) is not None:
                return False
            self._once[key] = (self.clock() + seconds, None)
            return True

    def remember(self, key: str, answer: Json, seconds: int) -> None:
        self._once[key] = (self.clock() + seconds, answer)

    def remembered(self, key: str) -> Json:
        kept = self._alive(key)
        return None if kept is None else kept[1]

    def release(self, key: str) -> None:
        self._once.pop(key, None)

    def _alive(self, key: str) -> tuple[float, Json] | None:
        kept = self._once.get(key)
        return kept if kept is not None and kept[0] > self.clock() else None

    # ---- sockets

    def put_connection(self, connection: Connection) -> None:
        self._connections[connection.id] = connection

    def connection(self, connection: ConnectionId) -> Connection | None:
        return self._connections.get(connection)

    def delete_connection(self, connection: ConnectionId) -> None:
        self._connections.pop(connection, None)

    def subscribe(self, connection: ConnectionId, run: RunId) -> None:
        current = self._connections[connection]
        self._connections[connection] = replace(current, runs=current.runs | {run})

    def unsubscribe(self, connection: ConnectionId, run: RunId) -> None:
        current = self._connections[connection]
        self._connections[connection] = replace(current, runs=current.runs - {run})

    def subscribers(self, run: RunId) -> Sequence[ConnectionId]:
        return [one.id for one in self._connections.values() if run in one.runs]


def filter_(shown: Callable[[R], bool], records: Iterable[R]) -> list[R]:
    return [record for record in list(records) if shown(record)]


def _owned(record: Any, workspace: WorkspaceId) -> Any:
    return record if record is not None and record.workspace == workspace else None


def _page(records: Sequence[R], page: PageRequest) -> Page[R]:
    if page.cursor is not None and not page.cursor.isdigit():
        raise InvalidCursorError(page.cursor)
    start = int(page.cursor or 0)
    end = start + page.limit
    return Page(tuple(records[start:end]), str(end) if end < len(records) else None)
