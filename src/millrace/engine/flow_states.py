"""Pass, Succeed, Fail, Choice and Wait: the states that do nothing outside."""

from typing import Final

from millrace.engine import transitions
from millrace.engine.core import Core
from millrace.engine.dataflow import TextField
from millrace.engine.definition import ChoiceState, FailState, PassState, SucceedState, WaitState
from millrace.engine.errors import RUNTIME, Failure, StateError
from millrace.engine.expressions import Scope
from millrace.engine.frames import Frame, Phase, Purpose

# AWS refuses a longer wait: the recorded boundary lies at 2**31 - 1 seconds from now.
LONGEST_WAIT: Final = 2**31 - 1


def run_pass(core: Core, frame: Frame, state: PassState | SucceedState) -> None:
    """Leave at once."""
    scope = core.scope(frame)
    flow = state.flow
    result = flow.arguments(scope, flow.enter(scope, frame.input), frame.state)
    transitions.leave(core, frame, result, scope, flow, state.next)


def run_fail(core: Core, frame: Frame, state: FailState) -> None:
    """Fail the scope."""
    scope = core.scope(frame)
    state.flow.enter(scope, frame.input)
    core.ended.append((frame, Failure(_text(state.error, scope), _text(state.cause, scope))))


def run_choice(core: Core, frame: Frame, state: ChoiceState) -> None:
    """Go on by the first rule that holds, else by the default."""
    scope = core.scope(frame)
    entered = state.flow.enter(scope, frame.input)
    for rule in state.rules:
        if rule.condition.holds(scope):
            transitions.leave(core, frame, entered, scope, rule.flow, rule.next)
            return
    if state.default is None:
        raise StateError(RUNTIME, "Failed to transition out of the state. The state does not point to a next state.")
    transitions.leave(core, frame, entered, scope, state.flow, state.default)


def run_wait(core: Core, frame: Frame, state: WaitState) -> None:
    """Set the timer."""
    scope = core.scope(frame)
    state.flow.enter(scope, frame.input)
    if state.seconds is not None:
        seconds = state.seconds.number(scope)
    else:
        assert state.timestamp is not None
        seconds = max(0.0, state.timestamp.moment(scope) - core.now)
    if seconds > LONGEST_WAIT:
        raise StateError(RUNTIME, "Wait state delay is too long.")
    frame.phase = Phase.WAIT
    frame.timer = core.set_timer(frame.id, Purpose.WAIT, seconds)


def end_wait(core: Core, frame: Frame) -> None:
    """Leave a Wait whose timer fired."""
    scope = core.scope(frame)
    entered = core.machine.states[frame.state].flow.enter(scope, frame.input)
    transitions.complete(core, frame, entered, scope)


def _text(field: TextField | None, scope: Scope) -> str | None:
    return None if field is None else field.text(scope)
