"""Leaving a state: by its output, by a retry, by a catcher, or by the failure of its scope."""

from millrace.engine.core import Core
from millrace.engine.dataflow import DataFlow
from millrace.engine.definition import Catcher
from millrace.engine.errors import RUNTIME, Failure
from millrace.engine.expressions import Scope
from millrace.engine.frames import Frame, Phase, Purpose
from millrace.engine.payload import Payload
from millrace.model.ids import StateName
from millrace.model.json import Json

# States whose abortion is an event of its own; the others end within the step that enters them.
_ABORTABLE = frozenset({"Task", "Wait", "Parallel", "Map"})


def complete(core: Core, frame: Frame, result: Payload, scope: Scope) -> None:
    """Leave a state that succeeded.

    Args:
        core: The execution.
        frame: The frame.
        result: What came of its work.
        scope: What its fields see.
    """
    state = core.machine.states[frame.state]
    leave(core, frame, result, scope, state.flow, state.next)


def leave(
    core: Core, frame: Frame, result: Payload, scope: Scope, flow: DataFlow, next_state: StateName | None
) -> None:
    """Leave a state by the data flow of the state, of a catcher or of a rule; Next None ends the scope."""
    assigned, payload = flow.leave(scope, frame.input, result, frame.state)
    details: dict[str, Json] = {"name": frame.state, "output": payload.text}
    if assigned:
        details["assignedVariables"] = core.sizes.assign(frame, assigned, core.state.frames.values())
        frame.variables = {**frame.variables, **assigned}
    if core.inspection is not None:
        core.tell("variables", core.variables(frame))
    state = core.machine.states[frame.state]
    core.record(frame, f"{state.type}StateExited", details)
    if next_state is None:
        core.ended.append((frame, payload))
    else:
        frame.move(next_state, payload)
        core.state.ready.append(frame.id)


def fail(core: Core, frame: Frame, failure: Failure) -> None:
    """Have a failed state retried or caught, or fail its scope."""
    if core.inspection is not None:
        core.tell("failure", dict(failure.output()))
    state = core.machine.states[frame.state]
    core.drop_task(frame, cancel=False)
    abort_children(core, frame)
    if _retry(core, frame, failure):
        discard_children(core, frame)
        return
    if state.type in ("Parallel", "Map") and not frame.settled and failure.error != RUNTIME:
        core.record(frame, f"{state.type}StateFailed", {})
    for index, catcher in enumerate(state.catch):
        if failure.matches(catcher.errors):
            core.tell("errorDetails", {"catchIndex": index})
            discard_children(core, frame)
            _catch(core, frame, failure, catcher)
            return
    core.ended.append((frame, failure))


def abort_children(core: Core, frame: Frame) -> None:
    """Halt what a frame's state has running, and record that it was aborted; a redrive may take it up again."""
    core.drop_map_run(frame)
    fork = frame.fork
    if fork is None:
        return
    for index, child in sorted(fork.children.items()):
        inner = core.state.frames[child]
        if inner.halted:
            continue
        if fork.items is not None:
            core.emit(
                "MapIterationAborted", inner.previous, {"name": frame.state, "index": index}, frame.state, inner.id
            )
        abort_children(core, inner)
        record_aborted(core, inner)
        halt(core, inner)


def record_aborted(core: Core, frame: Frame) -> None:
    """Record that a frame's state was entered and will not be left."""
    state = core.machine.states[frame.state]
    if frame.phase is not Phase.ENTER and state.type in _ABORTABLE:
        core.record(frame, f"{state.type}StateAborted", {})


def halt(core: Core, frame: Frame) -> None:
    """Have a frame wait for nothing any more, but keep it."""
    core.drop_task(frame, cancel=True)
    core.cancel_timer(frame.timer)
    frame.timer, frame.halted = None, True


def drop(core: Core, frame: Frame) -> None:
    """Forget a frame, and what it waits for."""
    discard_children(core, frame)
    halt(core, frame)
    core.state.frames.pop(frame.id, None)


def discard_children(core: Core, frame: Frame) -> None:
    """Forget the frames that were kept for a redrive."""
    fork, frame.fork = frame.fork, None
    for child in () if fork is None else fork.children.values():
        drop(core, core.state.frames[child])


def _retry(core: Core, frame: Frame, failure: Failure) -> bool:
    """Set the timer of a retry, if the first retrier that matches has one left."""
    for index, retrier in enumerate(core.machine.states[frame.state].retry):
        if not failure.matches(retrier.errors):
            continue
        used = frame.attempts.get(index, 0)
        if used >= retrier.attempts:
            core.tell("errorDetails", {"retryIndex": index})
            return False
        seconds = retrier.delay(used)
        core.tell("errorDetails", {"retryIndex": index, "retryBackoffIntervalSeconds": seconds})
        if retrier.jitter:
            seconds *= core.random.random()
        frame.attempts[index] = used + 1
        frame.phase, frame.settled = Phase.RETRY, False
        frame.timer = core.set_timer(frame.id, Purpose.RETRY, seconds)
        return True
    return False


def _catch(core: Core, frame: Frame, failure: Failure, catcher: Catcher) -> None:
    error = Payload.of(dict(failure.output()))

    def go_on() -> None:
        leave(core, frame, error, core.scope(frame, errorOutput=error.value), catcher.flow, catcher.next)

    core.guard(frame, go_on, lambda again: core.ended.append((frame, again)))
