"""Writing what log events tell into the store.

Invocations may come out of order, more than once, and several at a time. What was taken in lies in the store: a run's
record says how many events (`events`), and every event of a run that has not completed is kept. An invocation folds the
kept events and its own, writes what follows, steps before the run, the run only where nobody else has written it, and
then keeps its own events. Whoever is in between finds the run written or the events kept, and does the rest:

- The run's record is refused: another invocation came first. Everything is read and written again, since its steps may
  have been overwritten with older ones.
- An event was kept by another invocation that could not go on without ours: it is found when the events are read again,
  after ours were kept. Of two that wait for each other one always sees the other's.
- A crash before the events are kept: they are delivered again, and the counts differ, so that everything is written.

A completed run is final: it is written whatever stands there, together with others, and its last events are not kept.
"""

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from millrace.model import Json
from millrace.observation import Changes, LogEvent, RunRecorder, execution_name
from millrace.store.port import Store
from millrace.store.records import Run, RunId, RunStatus, WorkflowId

from .error_triggers import ErrorTriggers
from .run_maps import RunMaps
from .subscribers import Subscribers
from .subworkflows import Subworkflows

_log: Final = logging.getLogger(__name__)

_RUN_ID_LENGTH: Final = 36
_ROUNDS: Final = 8
_PAUSE_SECONDS: Final = 0.02
_KNOWN: Final = 256
"""Runs that a process keeps in mind between invocations."""


@dataclass(slots=True)
class _Work:
    """A run for which there are events.

    Attributes:
        events: Those that came, or that others have kept.
        run: Its record, as it was read.
        recorder: What is known of it.
        fresh: Events that are not kept yet.
        changes: What is to be written.
        again: Whether it must be looked at once more.
        refused: Whether another invocation is ahead.
    """

    events: list[LogEvent]
    run: Run
    recorder: RunRecorder
    fresh: list[LogEvent] = field(default_factory=list[LogEvent])
    changes: Changes | None = None
    again: bool = False
    refused: bool = False


class Recording:
    """Records runs.

    Args:
        store: Where records are kept.
        maps: Finds what states stand for.
        subscribers: Tells who watches.
        failures: Hands on runs that have failed.
        subworkflows: Finds the runs that other runs have started.
        sleep: Waits some seconds for another invocation.
    """

    def __init__(
        self,
        store: Store,
        maps: RunMaps,
        subscribers: Subscribers,
        failures: ErrorTriggers,
        subworkflows: Subworkflows,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._maps = maps
        self._subscribers = subscribers
        self._failures = failures
        self._subworkflows = subworkflows
        self._sleep = sleep
        self._known: OrderedDict[RunId, RunRecorder] = OrderedDict()

    def take(self, events: Iterable[LogEvent]) -> None:
        """Take log events of any executions."""
        due: dict[RunId, list[LogEvent]] = {}
        for event in events:
            due.setdefault(run_id_of(event.execution), []).append(event)
        for attempt in range(_ROUNDS):
            done = self._round(due, first=attempt == 0)
            due = {work.run.id: work.events for work in done if work.again}
            if not due:
                return
            if any(work.refused for work in done):
                self._sleep(_PAUSE_SECONDS * 2**attempt)
        _log.warning("other invocations go on with %s", ", ".join(due))

    def _round(self, due: dict[RunId, list[LogEvent]], *, first: bool) -> list[_Work]:
        """Go on with runs: steps and lines of all of them are written together."""
        known = self._store.find_runs(due)
        works = [
            work
            for run_id, events in due.items()
            if (run := known.get(run_id) or self._subworkflows.adopt(run_id, events)) is not None
            and (work := self._prepared(run, events, first=first)) is not None
        ]
        changed = [work.changes for work in works if work.changes is not None]
        self._store.put_steps([step for changes in changed for step in changes.steps])
        self._store.put_logs([line for changes in changed for line in changes.lines])
        self._store.put_runs([changes.run for changes in changed if changes.run.status is RunStatus.COMPLETED])
        for work in works:
            self._finish(work)
        self._note([work.changes.run for work in works if work.changes is not None and not work.refused])
        return works

    def _note(self, runs: Iterable[Run]) -> None:
        """Show with each workflow how its latest run stands."""
        latest: dict[WorkflowId, Run] = {}
        for run in sorted(runs, key=lambda run: run.started):
            latest[run.workflow] = run
        for run in latest.values():
            self._store.note_last_run(run)

    # ---- reading

    def _prepared(self, run: Run, events: list[LogEvent], *, first: bool) -> _Work | None:
        """Find out what events change; None where that is nothing."""
        run_id = run.id
        if run.status is RunStatus.COMPLETED and first:
            return None
        recorder = self._known.pop(run_id, None)
        kept: list[LogEvent] = []
        if recorder is None or recorder.taken != run.events:
            recorder = self._made(run, events)
            if recorder is None:
                return None
            if run.events or not first:
                kept = self._kept(run_id)
        work = _Work(events, run, recorder)
        try:
            _follow(work, kept)
        except Exception:  # noqa: BLE001 - one run's fault must not keep others from being recorded
            # The events stay with the run for a release that can follow it.
            _log.exception("run %s cannot be followed", run_id)
            self._keep(run_id, work.fresh)
            return None
        return work

    def _made(self, run: Run, events: Sequence[LogEvent]) -> RunRecorder | None:
        own = next((event.execution for event in events if execution_name(event.execution) == run.id), None)
        machine = self._maps.of(run, own)
        return None if machine is None else RunRecorder(run, machine)

    def _kept(self, run: RunId) -> list[LogEvent]:
        """Give the events that were kept of a run."""
        return [
            LogEvent.from_log(cast("dict[str, Any]", written))
            for chunk in self._store.events(run)
            for written in (chunk if isinstance(chunk, list) else ())
        ]

    # ---- writing

    def _finish(self, work: _Work) -> None:
        run_id, recorder = work.run.id, work.recorder
        if work.changes is not None:
            if recorder.is_complete or self._store.save_run(work.changes.run, events=work.run.events):
                self._subscribers.tell(run_id, work.changes.messages)
                self._failures.tell(work.changes.run)
            else:
                work.refused = True
        if recorder.is_complete or work.run.status is RunStatus.COMPLETED:
            return
        self._keep(run_id, work.fresh)
        if work.refused:
            work.again = True
            return
        others = [event for event in self._kept(run_id) if not recorder.knows(event)]
        if others:
            work.again, work.events = True, others
        self._remember(run_id, recorder)

    def _keep(self, run: RunId, events: Sequence[LogEvent]) -> None:
        if events:
            written: list[Json] = [event.to_log() for event in events]
            self._store.put_events(run, [(_key(events), written)])

    def _remember(self, run: RunId, recorder: RunRecorder) -> None:
        self._known[run] = recorder
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)


def _follow(work: _Work, kept: Sequence[LogEvent]) -> None:
    """Find out what a run's events change; does no input or output."""
    run, recorder = work.run, work.recorder
    if kept:
        recorder.observe(kept)
        if recorder.taken == run.events:
            # What these tell has been written.
            recorder.changes(run)
    work.fresh = [event for event in work.events if not recorder.knows(event)]
    recorder.observe(work.fresh)
    if recorder.taken < run.events:
        work.refused = True
    elif recorder.taken > run.events or recorder.has_changes:
        work.changes = recorder.changes(run)


def run_id_of(execution: str) -> RunId:
    """Give the run that an execution belongs to: the executions of parts are named after the run's own."""
    name = execution_name(execution)
    is_part = len(name) > _RUN_ID_LENGTH and name[_RUN_ID_LENGTH] == "-"
    return RunId(name[:_RUN_ID_LENGTH] if is_part else name)


def _key(events: Sequence[LogEvent]) -> int:
    """Give the key of a chunk of events: the same for the same ones, and another for others."""
    named = ",".join(f"{event.execution}#{event.id}" for event in events)
    return int.from_bytes(hashlib.blake2b(named.encode(), digest_size=7).digest())
