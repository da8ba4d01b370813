"""What can be done to a run: cancel, pause, resume, and retry from where it failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn, cast

from millrace.model import Json, NodeId
from millrace.services.caller import Caller
from millrace.services.errors import ErrorCode, PreconditionError
from millrace.services.executions import CANCELLED, PAUSED, Execution, Executions, NotRedrivableError
from millrace.services.moments import moment
from millrace.services.outcomes import outcomes, own_outputs
from millrace.services.programs import Programs
from millrace.services.retry import reusable
from millrace.services.runs import Launch, Runs, checked
from millrace.services.workflows import Workflows
from millrace.store.port import Store
from millrace.store.records import Run, RunId, RunStatus, StepStatus, Workflow

_POSSIBLE: Final[Mapping[RunStatus, tuple[str, ...]]] = {
    RunStatus.PENDING: ("cancel", "pause"),
    RunStatus.RUNNING: ("cancel", "pause"),
    RunStatus.WAITING: ("cancel", "pause"),
    RunStatus.PAUSED: ("resume", "cancel"),
    RunStatus.COMPLETED: (),
    RunStatus.FAILED: ("retry",),
    RunStatus.CANCELLED: ("retry",),
}
_AGAIN: Final = frozenset({StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.RUNNING, StepStatus.WAITING})


@dataclass(frozen=True, slots=True)
class Retry:
    """How a run is to be retried; without anything as it was.

    Attributes:
        draft: With the saved draft.
        version: With a published version.
        inputs: With other inputs; then nothing is used again.
        pins: Outputs to use in place of running nodes, whatever the run gave.
    """

    draft: bool = False
    version: int | None = None
    inputs: Mapping[str, Json] | None = None
    pins: Mapping[NodeId, Json] = field(default_factory=dict[NodeId, Json])


@dataclass(frozen=True, slots=True)
class Retried:
    """What came of a retry.

    Attributes:
        run: The run that goes on: the same one where it was redriven, else a new one.
        redriven: Whether it is the same.
        reused: The nodes that do not run again.
    """

    run: Run
    redriven: bool
    reused: tuple[NodeId, ...]


class RunControl:
    """Steers runs. Their records follow by the observer, as everything does that an execution's log tells of.

    Args:
        store: Where runs are kept.
        executions: Runs them.
        programs: What can run.
        runs: Finds and starts runs.
    """

    def __init__(self, store: Store, executions: Executions, programs: Programs, runs: Runs) -> None:
        self._store = store
        self._executions = executions
        self._programs = programs
        self._runs = runs
        self._workflows = Workflows(store)

    def cancel(self, caller: Caller, run: RunId) -> Run:
        """End a run for good.

        Raises:
            NotFoundError: There is no such run.
            PreconditionError: It has ended.
        """
        found, execution = self._looked_at(caller, run)
        paused = found.status is RunStatus.PAUSED and execution.is_paused
        if paused or (found.status is RunStatus.PENDING and found.execution is None):
            # No execution runs, so that no event will tell the observer.
            cancelled = replace(found, status=RunStatus.CANCELLED, completed=moment())
            if self._store.save_run(cancelled, expected=[found.status]):
                return cancelled
            found, execution = self._looked_at(caller, run)
        if not execution.runs:
            _refuse(found, execution, ErrorCode.EXECUTION_ENDED, "one that has not ended")
        self._executions.stop(_arn(found), CANCELLED)
        return self._stopped(found, CANCELLED)

    def pause(self, caller: Caller, run: RunId) -> Run:
        """End a run so that it can go on; tasks at work are given up, and run again.

        Raises:
            NotFoundError: There is no such run.
            PreconditionError: It does not run.
        """
        found, execution = self._looked_at(caller, run)
        if not execution.runs:
            _refuse(found, execution, ErrorCode.EXECUTION_ENDED, "one that runs")
        self._executions.stop(_arn(found), PAUSED)
        return self._stopped(found, PAUSED)

    def resume(self, caller: Caller, run: RunId) -> Run:
        """Let a paused run go on.

        Raises:
            NotFoundError: There is no such run.
            PreconditionError: It is not paused, or was for too long.
        """
        found, execution = self._looked_at(caller, run)
        if not execution.is_paused or found.status is RunStatus.CANCELLED:
            _refuse(found, execution, ErrorCode.EXECUTION_NOT_PAUSED, "a paused one")
        try:
            self._executions.redrive(_arn(found))
        except NotRedrivableError as error:
            raise PreconditionError(
                ErrorCode.EXECUTION_NOT_PAUSED,
                f"execution {run!r} cannot go on: {error}; cancel it, and retry it",
                {"status": RunStatus.PAUSED.value, "possible": ["cancel"]},
            ) from error
        return replace(found, status=RunStatus.RUNNING, completed=None)

    def retry(self, caller: Caller, run: RunId, retry: Retry | None = None) -> Retried:
        """Let a failed or cancelled run go on from where it failed.

        The same workflow goes on in the same execution where Step Functions allows it. An edited one runs as a new
        execution, in which the outputs of completed nodes stand for these.

        Raises:
            NotFoundError: There is no such run, workflow or version.
            PreconditionError: It did not fail.
            InvalidDocumentError: The edited workflow does not compile.
            InvalidRequestError: The inputs do not fit.
        """
        wanted = retry or Retry()
        found, execution = self._looked_at(caller, run)
        if execution.runs:
            _refuse(found, execution, ErrorCode.EXECUTION_RUNNING, "a failed or cancelled one")
        if execution.status == "SUCCEEDED" or (execution.is_paused and found.status is not RunStatus.CANCELLED):
            _refuse(found, execution, ErrorCode.EXECUTION_NOT_FAILED, "a failed or cancelled one")
        known = outcomes(self._store, found, most=None)
        outputs = own_outputs(known)
        same = not (wanted.draft or wanted.inputs is not None or wanted.pins)
        if same and wanted.version in (None, found.version) and execution.redrivable:
            try:
                self._executions.redrive(_arn(found))
            except NotRedrivableError:
                pass
            else:
                going = replace(found, status=RunStatus.RUNNING, completed=None, error=None)
                return Retried(going, redriven=True, reused=tuple(sorted(outputs)))
        again = frozenset(node for node, outcome in known.items() if outcome.status in _AGAIN)
        return self._anew(caller, found, wanted, outputs, again)

    def _anew(
        self,
        caller: Caller,
        run: Run,
        retry: Retry,
        outputs: Mapping[NodeId, Json],
        again: frozenset[NodeId],
    ) -> Retried:
        workflow = self._workflows.get(caller, run.workflow)
        old, taken_over = self._programs.source(run)
        new = self._document(workflow, retry, run, old)
        given = cast("dict[str, Json]", run.inputs)
        inputs = retry.inputs if retry.inputs is not None else given
        pins: dict[NodeId, Json] = {}
        if inputs == given and old is not None:
            pins = reusable(old, new, {**taken_over, **outputs}, again)
        pins |= retry.pins
        program = self._programs.compiled(workflow, new, pins)
        trigger = _first_trigger(run)
        fresh = self._runs.launch(
            caller,
            Launch(
                program=program,
                workflow=workflow.id,
                inputs=checked(program.schema, inputs),
                trigger=trigger,
                started_by={"type": "retry", "execution_id": run.id, "trigger": trigger},
                origin=run.id,
            ),
        )
        return Retried(fresh, redriven=False, reused=tuple(pins))

    def _document(self, workflow: Workflow, retry: Retry, run: Run, old: Json) -> Json:
        if retry.draft:
            return self._workflows.definition(workflow)
        if retry.version is not None and retry.version != run.version:
            version = self._store.version(workflow.workspace, workflow.id, retry.version)
            if version is None:
                self._programs.published(workflow, retry.version)
            else:
                return version.document
        if old is None:
            raise PreconditionError(
                ErrorCode.EXECUTION_NOT_FAILED,
                f"what execution {run.id!r} ran is kept no longer; retry it with the draft or a version",
            )
        return old

    def _looked_at(self, caller: Caller, run: RunId) -> tuple[Run, Execution]:
        """Give a run with its execution, which knows its end earlier than the record does."""
        found = self._runs.get(caller, run)
        if found.execution is None or ":express:" in found.execution:
            return found, _as_recorded(found)
        return found, self._executions.describe(found.execution) or _as_recorded(found)

    def _stopped(self, run: Run, cause: str) -> Run:
        """Give a run as it was stopped; another end may have come first."""
        execution = self._executions.describe(_arn(run)) or _as_recorded(run)
        if execution.status != "ABORTED" or execution.cause != cause:
            _refuse(run, execution, ErrorCode.EXECUTION_ENDED, "one that has not ended")
        status = RunStatus.PAUSED if cause == PAUSED else RunStatus.CANCELLED
        return replace(run, status=status, completed=None if cause == PAUSED else execution.stopped)


def possible(run: Run) -> tuple[str, ...]:
    """Give what can be done to a run."""
    if run.execution is None and run.status is RunStatus.PENDING:
        return ("cancel",)
    if run.execution is None or ":express:" in run.execution:
        return ("retry",) if "retry" in _POSSIBLE[run.status] else ()
    return _POSSIBLE[run.status]


def _as_recorded(run: Run) -> Execution:
    """Give the end that a run's record tells of, where Step Functions knows no more of its execution."""
    match run.status:
        case RunStatus.COMPLETED:
            return Execution("SUCCEEDED")
        case RunStatus.FAILED:
            return Execution("FAILED")
        case RunStatus.CANCELLED:
            return Execution("ABORTED", cause=CANCELLED)
        case RunStatus.PAUSED:
            return Execution("ABORTED", cause=PAUSED)
        case _:
            return Execution("RUNNING")


def _refuse(run: Run, execution: Execution, code: ErrorCode, expected: str) -> NoReturn:
    status = _status(run, execution)
    options = possible(replace(run, status=status))
    can = f"it can be: {', '.join(options)}" if options else "nothing can be done to it"
    raise PreconditionError(
        code,
        f"expected {expected}, found that execution {run.id!r} is {status.value}; {can}",
        {"status": status.value, "possible": list(options)},
    )


def _status(run: Run, execution: Execution) -> RunStatus:
    """Give a run's status as its execution has it, which the record may be behind."""
    match execution.status:
        case "SUCCEEDED":
            return RunStatus.COMPLETED
        case "FAILED" | "TIMED_OUT":
            return RunStatus.FAILED
        case "ABORTED" if execution.is_paused and run.status is not RunStatus.CANCELLED:
            return RunStatus.PAUSED
        case "ABORTED":
            return RunStatus.CANCELLED
        case _:
            return run.status if run.status in (RunStatus.PENDING, RunStatus.WAITING) else RunStatus.RUNNING


def _arn(run: Run) -> str:
    if run.execution is None or ":express:" in run.execution:
        raise PreconditionError(
            ErrorCode.EXECUTION_RUNNING,
            f"expected a Standard execution that has started, found that {run.id!r} "
            + ("has not started yet; try again" if run.execution is None else "is an Express one; it ends by itself"),
            {"status": run.status.value, "possible": []},
        )
    return run.execution


def _first_trigger(run: Run) -> Json:
    """Give what expressions see as `trigger`: what started the first run of a series of retries."""
    trigger = run.trigger
    match trigger:
        case {"type": "retry"}:
            return trigger.get("trigger")
        case {"type": "partial"}:
            return {"type": "manual"}
        case _:
            return trigger
