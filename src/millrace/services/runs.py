"""Runs: started, waited for, found and shown."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from millrace.catalogue.input_schema import check_inputs
from millrace.model import Json, NodeId
from millrace.services.caller import Caller
from millrace.services.errors import (
    ConflictError,
    ErrorCode,
    Fault,
    InvalidRequestError,
    NotFoundError,
    ServiceError,
    UnavailableError,
)
from millrace.services.executions import CANCELLED, Execution, Executions
from millrace.services.moments import Clock, moment
from millrace.services.outcomes import Outcome, outcomes
from millrace.services.programs import Program, Programs
from millrace.services.workflows import Workflows, invalid_cursor
from millrace.store.errors import InvalidCursorError, RecordExistsError
from millrace.store.port import PageRequest, RunFilter, Store
from millrace.store.records import LogLine, Page, Run, RunId, RunStatus, Step, Workflow, WorkflowId

WAIT_SECONDS: Final = 29.0
"""Longest wait for a run's end: API Gateway gives an HTTP API's integration 30 seconds (its quotas)."""

ENDED: Final = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})
OPEN: Final = (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING)

_MANUAL: Final[Json] = {"type": "manual"}
_FIRST_LOOK: Final = 0.004
_LONGEST_PAUSE: Final = 0.5
_BACKOFF: Final = 1.5


@dataclass(frozen=True, slots=True)
class Start:
    """What is to run.

    Attributes:
        inputs: The run's inputs, as given.
        version: A published version; None: the live one.
        draft: The saved draft instead.
        trigger: What starts it, as expressions see it.
        idempotency: Starts with the same key are one run.
        wait_seconds: How long to wait for its end.
    """

    inputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    version: int | None = None
    draft: bool = False
    trigger: Json = None
    idempotency: str | None = None
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Launch:
    """A program with all that a run of it is given.

    Attributes:
        inputs: Checked and filled in.
        trigger: What expressions see as `trigger`.
        started_by: What the run's record says of its start; None: the trigger.
        origin: The run that this one continues.
    """

    program: Program
    workflow: WorkflowId
    inputs: Mapping[str, Json]
    trigger: Json = None
    started_by: Json = None
    origin: RunId | None = None
    idempotency: str | None = None
    wait_seconds: float = 0.0


class Runs:
    """The runs of workspaces.

    Args:
        store: Where they are kept.
        executions: Runs them.
        programs: What can run.
        clock: The time.
        sleep: Waits some seconds.
    """

    def __init__(
        self,
        store: Store,
        executions: Executions,
        programs: Programs,
        *,
        clock: Clock = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._executions = executions
        self._programs = programs
        self._workflows = Workflows(store, clock)
        self._clock = clock
        self._sleep = sleep

    def start(self, caller: Caller, workflow: WorkflowId, start: Start) -> Run:
        """Start a run, and wait for its end where that is asked for.

        Raises:
            NotFoundError: There is no such workflow or version.
            PreconditionError: It is not published.
            InvalidDocumentError: The draft does not compile.
            InvalidRequestError: The inputs do not fit, each fault is listed; or they are too large.
            ConflictError: The idempotency key came with other inputs.
            UnavailableError: Step Functions does not answer; the run may start later where it came so far.
        """
        found = self._workflows.get(caller, workflow)
        program = self.program(found, version=start.version, draft=start.draft)
        return self.launch(
            caller,
            Launch(
                program=program,
                workflow=workflow,
                inputs=checked(program.schema, start.inputs),
                trigger=start.trigger if start.trigger is not None else _MANUAL,
                idempotency=start.idempotency,
                wait_seconds=start.wait_seconds,
            ),
        )

    def program(self, workflow: Workflow, *, version: int | None = None, draft: bool = False) -> Program:
        """Give what of a workflow is to run: its draft, a version, or the live version."""
        if not draft:
            return self._programs.published(workflow, version)
        if version is not None:
            raise InvalidRequestError([Fault("version", "expected either a version or the draft, found both")])
        return self._programs.compiled(workflow, self._workflows.definition(workflow))

    def launch(self, caller: Caller, launch: Launch) -> Run:
        """Run a program.

        The record comes first and the execution has its name, so that whoever repeats the start after a crash finds
        the one or the other, and no second run.
        """
        run = self._created(caller, launch)
        if run.status is not RunStatus.PENDING:
            return self.wait(run, launch.wait_seconds)
        program = launch.program
        given: Json = {"inputs": run.inputs, "trigger": launch.trigger}
        try:
            if program.express and launch.wait_seconds > 0:
                arn, execution = self._executions.run(program.machine, run.id, given)
                return _as_ended(replace(run, execution=arn), execution)
            started = self._executions.start(program.machine, run.id, given)
        except UnavailableError as error:
            error.details["execution_id"] = run.id
            raise
        except ServiceError as error:
            failure: Json = {"node_id": None, "label": None, "type": error.code.value, "message": error.message}
            never = replace(run, status=RunStatus.FAILED, error=failure, completed=moment(self._clock))
            self._store.save_run(never, expected=[RunStatus.PENDING])
            raise
        if started is not None:
            running = replace(run, status=RunStatus.RUNNING, execution=started)
            written = self._store.save_run(running, expected=[RunStatus.PENDING])
            run = running if written else self._overtaken(running)
        return self.wait(run, launch.wait_seconds)

    def _overtaken(self, run: Run) -> Run:
        """Give a started run whose record somebody has written meanwhile: the observer, or who cancels it."""
        assert run.execution is not None
        found = self._store.run(run.workspace, run.id) or run
        if found.status is RunStatus.CANCELLED and not found.events:
            self._executions.stop(run.execution, CANCELLED)
        return found

    def wait(self, run: Run, seconds: float) -> Run:
        """Wait for a run's end, at most some seconds; gives the run as it is then."""
        deadline = self._clock() + min(seconds, WAIT_SECONDS)
        pause = _FIRST_LOOK
        while run.status not in ENDED and run.execution is not None and ":express:" not in run.execution:
            left = deadline - self._clock()
            if left <= 0:
                break
            self._sleep(min(pause, left))
            pause = min(pause * _BACKOFF, _LONGEST_PAUSE)
            execution = self._executions.describe(run.execution)
            if execution is not None and not execution.runs:
                observed = self._store.run(run.workspace, run.id)
                return observed if observed is not None and observed.status in ENDED else _as_ended(run, execution)
        return run

    def get(self, caller: Caller, run: RunId) -> Run:
        """Give a run.

        Raises:
            NotFoundError: There is none.
        """
        found = self._store.run(caller.workspace, run)
        if found is None:
            raise NotFoundError(ErrorCode.EXECUTION_NOT_FOUND, f"there is no execution {run!r}")
        return found

    def nodes(self, run: Run) -> dict[NodeId, Outcome]:
        """Give how each node stands that a run has come to."""
        return outcomes(self._store, run)

    def find(self, caller: Caller, filter_: RunFilter, page: PageRequest) -> Page[Run]:
        """List runs, newest first, without inputs and outputs."""
        try:
            return self._store.runs(caller.workspace, filter_, page)
        except InvalidCursorError as error:
            raise invalid_cursor() from error

    def steps(self, caller: Caller, run: RunId, page: PageRequest, *, node: NodeId | None = None) -> Page[Step]:
        """List the attempts of a run's nodes; of nodes in loops, those of every item."""
        self.get(caller, run)
        try:
            return self._store.steps(caller.workspace, run, page, node=node)
        except InvalidCursorError as error:
            raise invalid_cursor() from error

    def logs(
        self, caller: Caller, run: RunId, page: PageRequest, *, level: str | None = None, node: NodeId | None = None
    ) -> Page[LogLine]:
        """List the lines of a run's log."""
        self.get(caller, run)
        try:
            return self._store.logs(caller.workspace, run, page, level=level, node=node)
        except InvalidCursorError as error:
            raise invalid_cursor() from error

    def _created(self, caller: Caller, launch: Launch) -> Run:
        run = Run(
            id=_run_id(caller, launch),
            workflow=launch.workflow,
            workspace=caller.workspace,
            owner=caller.user,
            status=RunStatus.PENDING,
            started=moment(self._clock),
            inputs=dict(launch.inputs),
            version=launch.program.version,
            trigger=launch.started_by if launch.started_by is not None else launch.trigger,
            origin=launch.origin,
            estimate=launch.program.estimate,
        )
        try:
            self._store.create_run(run)
        except RecordExistsError:
            existing = self.get(caller, run.id)
            if existing.inputs != run.inputs:
                raise ConflictError(
                    ErrorCode.IDEMPOTENCY_KEY_REUSED,
                    "expected the inputs that this key came with first, found others; use a new key for a new run",
                    {"execution_id": existing.id},
                ) from None
            return existing
        return run


def checked(schema: Mapping[str, object], inputs: Mapping[str, Json]) -> dict[str, Json]:
    """Check inputs, and fill in defaults.

    Raises:
        InvalidRequestError: They do not fit; every fault is listed.
    """
    if not schema:
        return dict(inputs)
    filled, problems = check_inputs(schema, inputs)
    if problems:
        raise InvalidRequestError(
            [
                Fault(f"inputs.{problem.path}" if problem.path else "inputs", f"{problem.message}. {problem.remedy}")
                for problem in problems
            ],
            ErrorCode.INVALID_INPUTS,
        )
    return filled


def _run_id(caller: Caller, launch: Launch) -> RunId:
    if launch.idempotency is None:
        return RunId(str(uuid.uuid4()))
    return RunId(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{caller.workspace}/{launch.workflow}/{launch.idempotency}")))


def _as_ended(run: Run, execution: Execution) -> Run:
    """Give a run as its execution ended, before the observer has written it."""
    if execution.status == "SUCCEEDED":
        return replace(run, status=RunStatus.COMPLETED, outputs=execution.output, completed=execution.stopped)
    if execution.status == "ABORTED":
        status = RunStatus.PAUSED if execution.is_paused else RunStatus.CANCELLED
        return replace(run, status=status, completed=None if execution.is_paused else execution.stopped)
    error: Json = {
        "node_id": None,
        "label": None,
        "type": execution.error or ("States.Timeout" if execution.status == "TIMED_OUT" else "States.Runtime"),
        "message": execution.cause or "the execution failed",
    }
    return replace(run, status=RunStatus.FAILED, error=error, completed=execution.stopped)
