"""The lines of a run's log: what its steps tell, and what code printed."""

from collections.abc import Iterator
from typing import Final, cast

from millrace.model import Json
from millrace.observation.activation import Attempt
from millrace.observation.moments import milliseconds_between, moment
from millrace.observation.run_map import MappedNode, Role, RunMap
from millrace.store.records import LogLine, Run, RunStatus, Step, StepStatus

INFO: Final = "info"
WARN: Final = "warn"
ERROR: Final = "error"

_TAKES_TIME: Final = (Role.TASK, Role.WAIT, Role.EACH, Role.REPEAT)

# Lines of one moment stand in this order.
_RUN_STARTED, _STARTED, _ASKED, _PRINTED, _ENDED, _RUN_ENDED = range(6)

_RUN_LINES: Final[dict[RunStatus, tuple[str, str]]] = {
    RunStatus.COMPLETED: (INFO, "Run completed"),
    RunStatus.FAILED: (ERROR, "Run failed"),
    RunStatus.CANCELLED: (WARN, "Run cancelled"),
    RunStatus.PAUSED: (INFO, "Run paused"),
}


def run_line(record: Run, at: str, *, resumed: bool) -> LogLine:
    """Give the line of a run's beginning, its going on, or its end.

    Args:
        record: The run, with its status then.
        at: When.
        resumed: Whether it goes on after a redrive.
    """
    known = _RUN_LINES.get(record.status)
    if known is None:
        message = "Run resumed" if resumed else "Run started"
        return LogLine(record.id, _sequence(at, _RUN_STARTED, "", 0), record.workspace, INFO, message, at)
    level, message = known
    error = cast("dict[str, Json]", record.error) if isinstance(record.error, dict) else {}
    label = error.get("label")
    told = ": ".join(str(part) for part in (label and f"{label!r} failed", error.get("message")) if part)
    text = f"{message}: {told}" if told else message
    return LogLine(
        record.id, _sequence(at, _RUN_ENDED, "", 0), record.workspace, level, text, at, metadata=record.error
    )


def step_lines(step: Step, machine: RunMap, *, is_last: bool, attempt: Attempt | None) -> Iterator[LogLine]:
    """Give the lines of a step.

    Args:
        step: The step.
        machine: What knows its node.
        is_last: Whether no later attempt is known.
        attempt: What more is known of it.
    """
    if step.status is StepStatus.SKIPPED or step.started is None:
        return
    node = machine.nodes[step.node]
    if node.role in _TAKES_TIME:
        yield _line(step, _STARTED, INFO, _titled(step, node, "started"), step.started)
    if attempt is not None and attempt.asked is not None:
        yield _line(step, _ASKED, INFO, _titled(step, node, "waits for an answer"), moment(attempt.asked))
    if attempt is not None:
        for number, text in enumerate(attempt.console):
            yield _line(step, _PRINTED, INFO, text, moment(attempt.printed), number, {"source": "console"})
    if step.completed is not None:
        yield _ending(step, node, is_last=is_last)


def _ending(step: Step, node: MappedNode, *, is_last: bool) -> LogLine:
    assert step.started is not None
    assert step.completed is not None
    duration = milliseconds_between(step.started, step.completed)
    metadata: dict[str, Json] = {"duration_ms": duration}
    match step.status:
        case StepStatus.COMPLETED:
            level, message = INFO, _titled(step, node, f"completed in {duration} ms" if duration else "completed")
        case StepStatus.CANCELLED:
            level, message = WARN, _titled(step, node, "cancelled")
        case _:
            metadata["error"] = step.error
            error = cast("dict[str, Json]", step.error) if isinstance(step.error, dict) else {}
            told = ": ".join(str(part) for part in (error.get("type"), error.get("message")) if part)
            is_final = is_last and not node.goes_on
            level = ERROR if is_final else WARN
            message = _titled(step, node, f"failed: {told}" if told else "failed")
            if not is_last:
                message += " (tried again)"
    return _line(step, _ENDED, level, message, step.completed, metadata=metadata)


def _titled(step: Step, node: MappedNode, what: str) -> str:
    at = f" [{step.path}]" if step.path else ""
    tries = f", attempt {step.attempt}" if step.attempt > 1 else ""
    return f"{node.label}{at}{tries} {what}"


def _line(
    step: Step, rank: int, level: str, message: str, at: str, number: int = 0, metadata: dict[str, Json] | None = None
) -> LogLine:
    told: dict[str, Json] = {"attempt": step.attempt, **({"path": step.path} if step.path else {}), **(metadata or {})}
    where = f"{step.path}#{step.node}#{step.attempt:03d}"
    return LogLine(step.run, _sequence(at, rank, where, number), step.workspace, level, message, at, step.node, told)


def _sequence(at: str, rank: int, where: str, number: int) -> str:
    return f"{at}#{rank}#{where}#{number:05d}"
