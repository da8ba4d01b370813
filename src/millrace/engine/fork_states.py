"""Parallel and Map: the states that run scopes side by side."""

from collections.abc import Callable
from typing import Final, NamedTuple

from millrace.engine import transitions
from millrace.engine.context import MapItem
from millrace.engine.core import Core, Outcome
from millrace.engine.dataflow import NumberField, fitting
from millrace.engine.definition import INLINE_CONCURRENCY, MapState, ParallelState
from millrace.engine.errors import EXCEED_TOLERATED_FAILURE_THRESHOLD, Failure
from millrace.engine.expressions import Scope
from millrace.engine.frames import Fork, Frame, Phase
from millrace.engine.payload import Payload
from millrace.engine.templates import evaluate
from millrace.model.ids import StateName
from millrace.model.json import Json

_THRESHOLD_CAUSE: Final = "The specified tolerated failure threshold was exceeded"


def run_parallel(core: Core, frame: Frame, state: ParallelState) -> None:
    """Start all branches."""
    scope, flow = core.scope(frame), state.flow
    arguments = flow.arguments(scope, flow.enter(scope, frame.input), frame.state)
    core.record(frame, "ParallelStateStarted", {})
    if answered(core, frame, state, None):
        return
    frame.phase = Phase.FORK
    frame.fork = fork = Fork([None] * len(state.branches), limit=len(state.branches))
    for branch in state.branches:
        _start_child(core, frame, fork, branch.start_at, arguments, frame.previous)


def run_map(core: Core, frame: Frame, state: MapState) -> None:
    """Start the first iterations of an inline Map."""
    scope = core.scope(frame)
    items = given_items(core, state, scope, state.flow.enter(scope, frame.input))
    # Before this event, where a distributed Map looks at its numbers after it (both recorded).
    limits = read_limits(core, state, scope)
    core.record(frame, "MapStateStarted", {"length": len(items)})
    if answered(core, frame, state, items):
        return
    frame.phase = Phase.FORK
    frame.fork = Fork(
        [None] * len(items),
        items,
        limit=min(INLINE_CONCURRENCY, limits.concurrency or INLINE_CONCURRENCY),
        tolerance=(limits.tolerated_count, limits.tolerated_percentage),
        strict=limits.tolerated_count is None and limits.tolerated_percentage is None,
    )
    _start_iterations(core, frame, state, frame.previous)
    _finish_if_done(core, frame)


def selected(core: Core, frame: Frame, state: MapState, item: MapItem) -> Payload:
    """Give the input of an iteration: what ItemSelector makes of the item, or the item."""
    if state.selector is None:
        return fitting(Payload.of(item.input), frame.state)
    scope = core.scope(frame, item)
    state.flow.enter(scope, frame.input)
    return fitting(Payload.of(evaluate(state.selector, scope)), frame.state)


def on_child_ended(core: Core, parent: Frame, child: Frame, outcome: Outcome) -> None:
    """Take the result of a branch or an iteration."""
    fork = parent.fork
    assert fork is not None
    state = core.machine.states[parent.state]
    del fork.children[child.index]
    fork.ended += 1
    if isinstance(state, MapState):
        ending = "Succeeded" if isinstance(outcome, Payload) else "Failed"
        core.emit(
            f"MapIteration{ending}",
            child.previous,
            {"name": parent.state, "index": child.index},
            parent.state,
            child.id,
        )
    parent.previous = child.previous
    if isinstance(outcome, Failure):
        if _is_silent(core, child):
            transitions.record_aborted(core, child)
        parent.previous = child.previous
        outcome = _tolerated(fork, outcome)
    if isinstance(outcome, Failure):
        transitions.halt(core, child)
        fork.children[child.index] = child.id
        fork.ended -= 1
        transitions.fail(core, parent, outcome)
        return
    transitions.drop(core, child)
    fork.results[child.index] = outcome
    if isinstance(state, MapState):
        _guarded(core, parent, lambda: _start_iterations(core, parent, state, child.previous))
    _guarded(core, parent, lambda: _finish_if_done(core, parent))


def _is_silent(core: Core, frame: Frame) -> bool:
    """Tell whether a failing state has no event that says so: a Parallel and a Map have one of their own."""
    return core.machine.states[frame.state].type in ("Task", "Wait")


def _guarded(core: Core, frame: Frame, action: Callable[[], None]) -> None:
    core.guard(frame, action, lambda failure: transitions.fail(core, frame, failure))


def go_on(core: Core, frame: Frame) -> None:
    """Start what a redriven Map has room for, beside the iterations that are taken up again."""
    state = core.machine.states[frame.state]
    if isinstance(state, MapState):
        _guarded(core, frame, lambda: _start_iterations(core, frame, state, frame.previous))


def _finish_if_done(core: Core, frame: Frame) -> None:
    fork = frame.fork
    if fork is None or fork.ended < len(fork.results):
        return
    settle(core, frame, Payload.array([part for part in fork.results if part is not None]))


def settle(core: Core, frame: Frame, outcome: Outcome) -> None:
    """Leave a Parallel or a Map by the outcome of all its branches or iterations."""
    if isinstance(outcome, Failure):
        transitions.fail(core, frame, outcome)
        return
    frame.fork = None
    core.record(frame, f"{core.machine.states[frame.state].type}StateSucceeded", {})
    frame.settled = True
    core.tell("result", outcome.value)
    transitions.complete(core, frame, outcome, core.scope(frame, result=outcome.value))


def _start_iterations(core: Core, frame: Frame, state: MapState, previous: int) -> None:
    """Start iterations up to the limit; the events of each follow `previous`."""
    fork = frame.fork
    assert fork is not None
    assert fork.items is not None
    while len(fork.children) < fork.limit and fork.started < len(fork.items):
        index = fork.started
        item = MapItem(index, fork.items[index])
        child = core.state.next_frame
        started = core.emit("MapIterationStarted", previous, {"name": frame.state, "index": index}, frame.state, child)
        _start_child(core, frame, fork, state.processor.start_at, selected(core, frame, state, item), started, item)


def _start_child(
    core: Core,
    parent: Frame,
    fork: Fork,
    start_at: StateName,
    payload: Payload,
    previous: int,
    item: MapItem | None = None,
) -> None:
    child = Frame(core.state.next_frame, parent.id, fork.started, start_at, payload, previous, item)
    core.state.next_frame += 1
    core.state.frames[child.id] = child
    core.state.ready.append(child.id)
    fork.children[fork.started] = child.id
    fork.started += 1


def _tolerated(fork: Fork, failure: Failure) -> Outcome:
    """Give what stands for a failed iteration in the result, or the failure of the whole."""
    if fork.items is None or fork.strict:
        return failure
    failures = fork.failures + 1
    count, percentage = fork.tolerance
    exceeded = count is None and percentage is None
    if count is not None:
        exceeded = failures > count
    if percentage is not None:
        exceeded = exceeded or failures * 100 / len(fork.items) > percentage
    if exceeded:
        # Not counted: a redrive takes the iteration up again.
        return Failure(EXCEED_TOLERATED_FAILURE_THRESHOLD, _THRESHOLD_CAUSE)
    fork.failures = failures
    return Payload.of(dict(failure.output()))


class Limits(NamedTuple):
    """How many iterations may run at once, and how many may fail; 0 and None where the definition sets none."""

    concurrency: int
    tolerated_count: float | None
    tolerated_percentage: float | None


def read_limits(core: Core, state: MapState, scope: Scope) -> Limits:
    """Evaluate a Map's numbers."""
    concurrency = int(state.concurrency.number(scope))
    core.tell("maxConcurrency", concurrency)
    return Limits(
        concurrency,
        _number(core, "toleratedFailureCount", state.tolerated_count, scope),
        _number(core, "toleratedFailurePercentage", state.tolerated_percentage, scope),
    )


def given_items(core: Core, state: MapState, scope: Scope, entered: Payload) -> list[Json]:
    """Give a Map's items, as far as no reader reads them."""
    if core.inspection is not None and core.inspection.items is not None:
        return core.inspection.items
    return state.items.items(scope, entered)


def answered(core: Core, frame: Frame, state: ParallelState | MapState, items: list[Json] | None) -> bool:
    """Have TestState's mock stand for what the branches or iterations would give."""
    inspection = core.inspection
    if inspection is None or inspection.fork is None:
        return False
    if isinstance(state, MapState) and state.selector is not None:
        inputs = [selected(core, frame, state, MapItem(*pair)).value for pair in enumerate(items or [])]
        core.tell("afterItemSelector", inputs)
    settle(core, frame, inspection.fork(state, items))
    return True


def _number(core: Core, stage: str, field: NumberField | None, scope: Scope) -> float | None:
    if field is None:
        return None
    value = field.number(scope)
    core.tell(stage, value)
    return value
