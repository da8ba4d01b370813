"""Pass, Succeed, Fail, Choice and Wait: the states that do nothing outside."""

import datetime as dt
import re
from typing import Final

from millrace.engine import transitions
from millrace.engine.core import Core
from millrace.engine.definition import ChoiceState, FailState, PassState, SucceedState, WaitState
from millrace.engine.errors import RUNTIME, EvaluationError, Failure, StateError
from millrace.engine.expressions import Expression, Scope
from millrace.engine.frames import Frame, Phase, Purpose
from millrace.engine.numbers import SECONDS_LIMIT, number
from millrace.engine.templates import Template, evaluate

# AWS refuses a longer wait: the recorded boundary lies at 2**31 - 1 seconds from now.
LONGEST_WAIT: Final = 2**31 - 1

_TIMESTAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)\Z")


def run_pass(core: Core, frame: Frame, _state: PassState | SucceedState) -> None:
    """Leave at once."""
    transitions.complete(core, frame, frame.input, core.scope(frame))


def run_fail(core: Core, frame: Frame, state: FailState) -> None:
    """Fail the scope."""
    scope = core.scope(frame)
    failure = Failure(_text(state.error, scope), _text(state.cause, scope))
    core.ended.append((frame, failure))


def run_choice(core: Core, frame: Frame, state: ChoiceState) -> None:
    """Go on by the first rule that holds, else by the default."""
    scope = core.scope(frame)
    for rule in state.rules:
        holds = rule.condition if isinstance(rule.condition, bool) else rule.condition.boolean(scope)
        if holds:
            transitions.leave(
                core, frame, frame.input, scope, assign=rule.assign, output=rule.output, next_state=rule.next
            )
            return
    if state.default is None:
        raise StateError(RUNTIME, "Failed to transition out of the state. The state does not point to a next state.")
    transitions.leave(
        core, frame, frame.input, scope, assign=state.assign, output=state.output, next_state=state.default
    )


def run_wait(core: Core, frame: Frame, state: WaitState) -> None:
    """Set the timer."""
    scope = core.scope(frame)
    if state.seconds is not None:
        seconds = number(state.seconds, scope, "Seconds", high=SECONDS_LIMIT)
    else:
        assert state.timestamp is not None
        text = _text(state.timestamp, scope)
        moment = parse_timestamp(text or "")
        if moment is None:
            raise EvaluationError(
                f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {text}",
                "Timestamp",
            )
        seconds = max(0.0, moment - core.now)
    if seconds > LONGEST_WAIT:
        raise StateError(RUNTIME, "Wait state delay is too long.")
    frame.phase = Phase.WAIT
    frame.timer = core.set_timer(frame.id, Purpose.WAIT, seconds)


def end_wait(core: Core, frame: Frame) -> None:
    """Leave a Wait whose timer fired."""
    transitions.complete(core, frame, frame.input, core.scope(frame))


def parse_timestamp(text: str) -> float | None:
    """Read an ISO-8601 date and time with its offset as seconds since the epoch; None when it is none."""
    match = _TIMESTAMP.match(text)
    if match is None:
        return None
    moment, fraction, offset = match.groups()
    try:
        parsed = dt.datetime.fromisoformat(f"{moment}{offset}")
    except ValueError:
        return None
    return parsed.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


def _text(template: Template | None, scope: Scope) -> str | None:
    if template is None:
        return None
    value = evaluate(template, scope)
    if isinstance(value, str):
        return value
    assert isinstance(template, Expression)
    raise template.unexpected("string", value)
