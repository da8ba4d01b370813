"""What is done when a trigger is due: its workflow runs, once for each time, event or failure."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from millrace.model import Json
from millrace.services.caller import Caller
from millrace.services.errors import ServiceError, UnavailableError
from millrace.services.moments import Clock
from millrace.services.runs import OPEN, Runs, Start
from millrace.services.schedules import ScheduleConfig, Schedules
from millrace.services.triggers import ErrorConfig
from millrace.store.port import PageRequest, RunFilter, Store
from millrace.store.records import Run, RunId, RunStatus, Trigger, TriggerId, Workflow, WorkspaceId

_LOG: Final = logging.getLogger(__name__)

_STARTING_SECONDS: Final = 30
"""How long one start keeps others of its workflow out, should it not end."""

_AGAIN_SECONDS: Final = 60
"""Scheduler's precision is a minute."""

_QUEUED_SECONDS: Final = 24 * 3600
_LOOKED_AT: Final = 2
"""Open runs looked at: the one that is being started, and another."""


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of it.

    Attributes:
        run: The run that was started, now or by an earlier call for the same.
        skipped: Why none was.
    """

    run: RunId | None = None
    skipped: str = ""

    def to_json(self) -> Json:
        """Give it as the function returns it."""
        return {"runId": self.run} if self.run is not None else {"skipped": self.skipped}


class Firing:
    """Starts the runs of triggers.

    Every start has a key, made of the trigger and what it is due for, from which the run's id follows: a call that
    comes twice, or again after a crash, is one run.

    Args:
        store: Where triggers are.
        runs: Starts runs.
        schedules: Takes queued times.
        clock: The time.
    """

    def __init__(self, store: Store, runs: Runs, schedules: Schedules, clock: Clock = time.time) -> None:
        self._store = store
        self._runs = runs
        self._schedules = schedules
        self._clock = clock

    def due(self, workspace: WorkspaceId, trigger: TriggerId, due: str) -> Fired:
        """Start the run of a schedule's time.

        Args:
            workspace: The trigger's.
            trigger: Which.
            due: The time it is due for, as Scheduler writes it.

        Raises:
            UnavailableError: Call again.
        """
        found = self._enabled(workspace, trigger)
        if found is None:
            return Fired(skipped="the trigger is gone, or disabled")
        config = ScheduleConfig.model_validate(found.config)
        given: Json = {"type": "schedule", "triggerId": found.id, "due": due, "timezone": config.timezone}
        start = Start(inputs=config.inputs, trigger=given, idempotency=f"{found.id}:{due}")
        if config.overlap == "allow":
            return self._start(found, start)
        return self._alone(found, config, start, due)

    def event(self, workspace: WorkspaceId, trigger: TriggerId, event: Json) -> Fired:
        """Start the run of an event of EventBridge.

        Raises:
            UnavailableError: Call again.
        """
        found = self._enabled(workspace, trigger)
        if found is None:
            return Fired(skipped="the trigger is gone, or disabled")
        members = event if isinstance(event, dict) else {}
        detail = members.get("detail")
        start = Start(
            inputs=detail if isinstance(detail, dict) else {},
            trigger={"type": "event", "triggerId": found.id, "event": event},
            idempotency=f"{found.id}:{members.get('id')}",
        )
        return self._start(found, start)

    def failed(self, run: Run) -> tuple[RunId, ...]:
        """Start the runs of the error triggers that watch the workflow of a run that has failed.

        A failure of a run that an error trigger has started, or of a retry of it, starts none; else two workflows that
        fail would start each other for ever.

        Args:
            run: The run; calling again for it starts nothing more.

        Raises:
            UnavailableError: Call again.
        """
        if run.status is not RunStatus.FAILED or self._handles_an_error(run):
            return ()
        watching = [
            trigger
            for trigger in self._store.triggers_of_type(run.workspace, "error")
            if trigger.enabled
            and trigger.workflow != run.workflow
            and ErrorConfig.model_validate(trigger.config).workflow in (None, run.workflow)
        ]
        if not watching:
            return ()
        failure = self._failure(run)
        key = f"{run.id}:{run.redrives}"
        fired = [
            self._start(
                trigger,
                Start(
                    inputs=failure,
                    trigger={"type": "error", "triggerId": trigger.id, **failure},
                    idempotency=f"{trigger.id}:{key}",
                ),
            )
            for trigger in watching
        ]
        return tuple(one.run for one in fired if one.run is not None)

    def _failure(self, run: Run) -> dict[str, Json]:
        workflow: Workflow | None = self._store.workflow(run.workspace, run.workflow)
        return {
            "workflow": {"id": run.workflow, "name": workflow.name if workflow is not None else None},
            "run": {"id": run.id, "startedAt": run.started, "version": run.version},
            "error": run.error,
        }

    def _handles_an_error(self, run: Run) -> bool:
        seen: set[RunId] = set()
        current: Run | None = run
        while current is not None and current.id not in seen:
            if isinstance(current.trigger, dict) and current.trigger.get("type") == "error":
                return True
            seen.add(current.id)
            current = self._store.run(run.workspace, current.origin) if current.origin is not None else None
        return False

    def _enabled(self, workspace: WorkspaceId, trigger: TriggerId) -> Trigger | None:
        found = self._store.trigger(workspace, trigger)
        return found if found is not None and found.enabled else None

    def _alone(self, trigger: Trigger, config: ScheduleConfig, start: Start, due: str) -> Fired:
        """Start a run unless another one of the workflow is at work, or is being started."""
        key = f"starting:{trigger.workflow}"
        if self._store.claim(key, _STARTING_SECONDS):
            try:
                if not self._is_at_work(trigger, due):
                    return self._start(trigger, start)
            finally:
                self._store.release(key)
        if config.overlap == "skip":
            return Fired(skipped="a run of the workflow is at work")
        if self._clock() - datetime.fromisoformat(due).timestamp() > _QUEUED_SECONDS:
            return Fired(skipped="runs of the workflow were at work for a day")
        self._schedules.again(trigger, due, _AGAIN_SECONDS)
        return Fired(skipped="queued: a run of the workflow is at work")

    def _is_at_work(self, trigger: Trigger, due: str) -> bool:
        """Tell whether a run of the workflow has not ended, other than the one for this very time."""
        listed = (
            run
            for status in OPEN
            for run in self._store.runs(
                trigger.workspace, RunFilter(trigger.workflow, status), PageRequest(_LOOKED_AT)
            ).records
        )
        found = (self._store.run(trigger.workspace, run.id) for run in listed)
        own = (trigger.id, due)
        return any(run is not None and _due(run) != own for run in found)

    def _start(self, trigger: Trigger, start: Start) -> Fired:
        """Start a run; what the workflow is the reason for would fail again, and is only told."""
        caller = Caller(trigger.workspace, trigger.owner)
        try:
            return Fired(run=self._runs.start(caller, trigger.workflow, start).id)
        except UnavailableError:
            raise
        except ServiceError as error:
            _LOG.warning("trigger %s starts no run: %s", trigger.id, error.code)
            return Fired(skipped=error.message)


def _due(run: Run) -> tuple[str, str] | None:
    given = cast("dict[str, str]", run.trigger) if isinstance(run.trigger, dict) else {}
    return (given["triggerId"], given["due"]) if given.get("type") == "schedule" else None
