"""Tasks that wait for people: what they ask, and the answers that end them.

An answer goes to Step Functions first and is taken from the inbox afterwards. Step Functions takes one answer for a
token, so only one counts; a crash in between leaves a question that is over, which the next answer to it clears away.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from millrace.model import Json, NodeId
from millrace.services.answers import node_output
from millrace.services.caller import Caller
from millrace.services.errors import ConflictError, ErrorCode, GoneError, NotFoundError
from millrace.services.executions import Executions, TaskOverError
from millrace.services.moments import Clock, moment, written
from millrace.services.workflows import invalid_cursor
from millrace.store.errors import InvalidCursorError
from millrace.store.port import PageRequest, Store
from millrace.store.records import Page, Run, RunId, RunStatus, Waiting, WorkflowId

_ASKED: Final = ("title", "message", "schema", "options", "assignees")
_WAITS: Final = frozenset({RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING})


class UnknownRunError(Exception):
    """A task asks for a run that is not known, so that nobody can be asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that a run goes on with."""

    run: RunId
    node: NodeId
    path: str
    output: Json


class People:
    """Puts questions to people and takes their answers.

    Args:
        store: Where questions wait.
        executions: Ends the tasks; None where questions are only put.
        clock: The time.
    """

    def __init__(self, store: Store, executions: Executions | None = None, clock: Clock = time.time) -> None:
        self._store = store
        self._executions = executions
        self._clock = clock

    def ask(self, event: Mapping[str, Any]) -> Waiting:
        """Put a question into the inbox of its run's workspace.

        Args:
            event: What the compiled task gives its function (`millrace.catalogue.task_token.ask_people`).

        Raises:
            UnknownRunError: No such run is known.
        """
        run = self._run_of(event)
        config = cast("dict[str, Json]", event["config"])
        asked: dict[str, Json] = {name: config[name] for name in _ASKED if name in config}
        seconds: Any = event.get("timeoutSeconds")
        now = self._clock()
        waiting = Waiting(
            run=RunId(event["runId"]),
            node=NodeId(event["node"]),
            workspace=run.workspace,
            workflow=WorkflowId(event.get("workflowId") or run.workflow),
            token=event["token"],
            request={"type": event["type"], **asked},
            created=written(now),
            path=event.get("path") or "",
            expires=written(now + seconds) if isinstance(seconds, (int, float)) else None,
        )
        self._store.put_waiting(waiting)
        return waiting

    def inbox(self, caller: Caller, page: PageRequest) -> Page[Waiting]:
        """List what waits for people; what ended with its run, or its time, is cleared away."""
        try:
            found = self._store.inbox(caller.workspace, page)
        except InvalidCursorError as error:
            raise invalid_cursor() from error
        runs = {run: self._store.run(caller.workspace, run) for run in {waiting.run for waiting in found.records}}
        return Page(
            tuple(waiting for waiting in found.records if not self._is_over(waiting, runs[waiting.run])), found.cursor
        )

    def answer(self, caller: Caller, run: RunId, node: NodeId, answer: Json, *, path: str = "") -> Answered:
        """Answer a question, and let its run go on.

        Args:
            caller: Who answers.
            run: The run that asks.
            node: The node that asks.
            answer: The fields of a form, or a decision.
            path: Which item of which loop asks, as the inbox says; empty outside of loops.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It does not wait there; perhaps somebody has answered.
            InvalidRequestError: The answer does not fit; every fault is listed.
            GoneError: The question has ended, with its run or by its time.
        """
        assert self._executions is not None, "answers need Step Functions"
        waiting = self._store.waiting(caller.workspace, run, node, path)
        if waiting is None:
            if self._store.run(caller.workspace, run) is None:
                raise NotFoundError(ErrorCode.EXECUTION_NOT_FOUND, f"there is no execution {run!r}")
            raise _answered(run, node)
        by = caller.email or caller.user
        output = node_output(_asked(waiting), answer, by=by, at=moment(self._clock))
        try:
            self._executions.answer(waiting.token, output)
        except TaskOverError as error:
            if not self._store.take_waiting(waiting):
                raise _answered(run, node) from error
            raise GoneError(
                ErrorCode.NOT_WAITING,
                f"{node!r} of execution {run!r} waits no longer: its time was up, or the execution was stopped",
                {"expires_at": waiting.expires},
            ) from error
        self._store.take_waiting(waiting)
        return Answered(run, node, path, output)

    def _run_of(self, event: Mapping[str, Any]) -> Run:
        """Find the run that asks; of a subworkflow, which may have no record, the one that has started it."""
        for member in ("runId", "parentRunId"):
            name: Any = event.get(member)
            run = self._store.find_run(RunId(name)) if isinstance(name, str) else None
            if run is not None:
                return run
        raise UnknownRunError(
            f"expected a run that was started here, found execution {event.get('runId')!r}; start it by Millrace"
        )

    def _is_over(self, waiting: Waiting, run: Run | None) -> bool:
        ended = run is not None and run.status not in _WAITS
        late = waiting.expires is not None and waiting.expires < moment(self._clock)
        if late or (ended and run is not None and run.status is not RunStatus.PAUSED):
            self._store.take_waiting(waiting)
        return late or ended


def _asked(waiting: Waiting) -> dict[str, Json]:
    return cast("dict[str, Json]", waiting.request)


def _answered(run: RunId, node: NodeId) -> ConflictError:
    return ConflictError(
        ErrorCode.ALREADY_ANSWERED,
        f"{node!r} of execution {run!r} does not wait for an answer; somebody may have answered already",
    )
