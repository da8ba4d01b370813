"""Map in DISTRIBUTED mode: its items are children of their own, which a Map Run starts and counts."""

import uuid
from dataclasses import replace
from typing import Final

from millrace.engine import fork_states, transitions
from millrace.engine.context import MapItem
from millrace.engine.core import Core, failure_details
from millrace.engine.definition import MapState
from millrace.engine.distributed import DistributedMap, ItemBatcher, ItemReader, ResultWriter, WriterTransformation
from millrace.engine.errors import (
    DATA_LIMIT_EXCEEDED,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    EvaluationError,
    Failure,
    PayloadError,
    StateError,
)
from millrace.engine.expressions import Scope
from millrace.engine.frames import Frame, Phase
from millrace.engine.jsonpath import PathError
from millrace.engine.map_run_spec import BatcherSpec, MapRunSpec, ReaderSpec, WriterSpec, labelled
from millrace.engine.messages import MapRunFailed, MapRunSucceeded, StartMapRun
from millrace.engine.payload import Payload
from millrace.engine.templates import Template, evaluate
from millrace.model.ids import StateName
from millrace.model.json import Json

_STOPPED: Final = Failure(None, "the Map Run was stopped")


def run_map(core: Core, frame: Frame, state: MapState) -> None:
    """Start a Map, inline or by a Map Run."""
    if state.distributed is None:
        fork_states.run_map(core, frame, state)
    else:
        _run_distributed(core, frame, state, state.distributed)


def start_map_run(state: StateName, spec: MapRunSpec) -> StartMapRun:
    """Make the effect that starts a Map Run, for the first time or again."""
    return StartMapRun(spec.arn, state, spec)


def waiting(core: Core, token: str) -> Frame | None:
    """Find the frame that waits for a Map Run; None when nothing does any more."""
    return next((f for f in core.state.frames.values() if f.map_run is not None and f.map_run.arn == token), None)


def on_ended(core: Core, frame: Frame, message: MapRunSucceeded | MapRunFailed) -> None:
    """Take the outcome of a Map Run."""
    run, frame.map_run = frame.map_run, None
    if isinstance(message, MapRunSucceeded):
        core.record(frame, "MapRunSucceeded", {})
        fork_states.settle(core, frame, message.output)
        return
    frame.failed_run = run
    failure = Failure(message.error, message.cause, terminal=message.error in (DATA_LIMIT_EXCEEDED, RUNTIME))
    core.record(frame, "MapRunFailed", failure_details(failure))
    transitions.fail(core, frame, failure)


def redrive(core: Core, frame: Frame) -> bool:
    """Go on with the Map Run that failed a frame's state; tell whether there is one."""
    if frame.failed_run is None:
        return False
    spec = replace(frame.failed_run, redrives=frame.failed_run.redrives + 1)
    core.record(frame, "MapRunRedriven", {"mapRunArn": spec.arn, "redriveCount": spec.redrives})
    frame.phase, frame.map_run, frame.failed_run = Phase.MAP_RUN, spec, None
    core.effects.append(start_map_run(frame.state, spec))
    return True


def select_item(core: Core, token: str, item: MapItem, now: float) -> Payload | Failure:
    """Give the input of an item's child: the item, or what ItemSelector makes of it."""
    frame = waiting(core, token)
    if frame is None:
        return _STOPPED
    state = core.machine.states[frame.state]
    assert isinstance(state, MapState)
    core.now = now
    try:
        return fork_states.selected(core, frame, state, item)
    except EvaluationError as error:
        return Failure(QUERY_EVALUATION_ERROR, f"{core.where(frame)}{error.message}")
    except StateError as error:
        return core.state_failed(frame, error)
    except (PathError, PayloadError) as error:
        return core.state_failed(frame, StateError(RUNTIME, str(error)))


def _run_distributed(core: Core, frame: Frame, state: MapState, distributed: DistributedMap) -> None:
    scope = core.scope(frame)
    entered = state.flow.enter(scope, frame.input)
    mocked = core.inspection is not None and core.inspection.items is not None
    reads = distributed.reader is not None and not mocked
    items: list[Json] | dict[str, Json] = [] if reads else _given_items(core, state, scope, entered)
    core.record(frame, "MapStateStarted", {"length": len(items)})
    limits = fork_states.read_limits(core, state, scope)
    if fork_states.answered(core, frame, state, items if isinstance(items, list) else [*items.values()]):
        return
    spec = MapRunSpec(
        arn=_map_run_arn(core, distributed.label),
        label=distributed.label,
        start_at=state.processor.start_at,
        child_type=distributed.child_type,
        items=None if reads else Payload.of(items),
        reader=_reader(distributed.reader, scope),
        batcher=_batcher(distributed.batcher, scope),
        writer=_writer(distributed.writer, scope),
        concurrency=limits.concurrency,
        tolerated_count=int(limits.tolerated_count or 0),
        tolerated_percentage=limits.tolerated_percentage or 0.0,
    )
    core.record(frame, "MapRunStarted", {"mapRunArn": spec.arn})
    frame.phase, frame.map_run, frame.failed_run = Phase.MAP_RUN, spec, None
    core.effects.append(start_map_run(frame.state, spec))


def _given_items(core: Core, state: MapState, scope: Scope, entered: Payload) -> list[Json] | dict[str, Json]:
    """Give the items; here an object's members may be the items, too."""
    if core.inspection is None or core.inspection.items is None:
        value = state.items.value(scope, entered)
        if isinstance(value, list | dict):
            return value
    return fork_states.given_items(core, state, scope, entered)


def _map_run_arn(core: Core, label: str) -> str:
    info = core.info
    run = uuid.UUID(int=core.random.getrandbits(128), version=4)
    return f"arn:aws:states:{info.region}:{info.account}:mapRun:{labelled(info.machine, label)}:{run}"


def _reader(reader: ItemReader | None, scope: Scope) -> ReaderSpec | None:
    if reader is None:
        return None
    limit = 0 if reader.max_items is None else int(reader.max_items.number(scope))
    return ReaderSpec(reader.resource.action, _arguments(reader.arguments, scope, "ItemReader"), reader.config, limit)


def _batcher(batcher: ItemBatcher | None, scope: Scope) -> BatcherSpec | None:
    if batcher is None:
        return None
    return BatcherSpec(
        max_items=0 if batcher.max_items is None else int(batcher.max_items.number(scope)),
        max_bytes=0 if batcher.max_bytes is None else int(batcher.max_bytes.number(scope)),
        batch_input=None if batcher.batch_input is None else Payload.of(evaluate(batcher.batch_input, scope)),
    )


def _writer(writer: ResultWriter | None, scope: Scope) -> WriterSpec | None:
    if writer is None:
        return None
    bucket = prefix = ""
    transformation = WriterTransformation.COMPACT
    if writer.resource is not None:
        transformation = WriterTransformation.NONE
        arguments = _arguments(writer.arguments, scope, "ResultWriter")
        bucket, prefix = str(arguments.get("Bucket") or ""), str(arguments.get("Prefix") or "")
        if not bucket:
            raise StateError(RUNTIME, "The ResultWriter's Bucket must be a string, but there is none.")
    return WriterSpec(bucket, prefix.rstrip("/"), writer.transformation or transformation, writer.output_type)


def _arguments(template: Template | None, scope: Scope, field: str) -> dict[str, Json]:
    value = {} if template is None else evaluate(template, scope)
    if isinstance(value, dict):
        return value
    raise StateError(RUNTIME, f"The {field}'s arguments must be an object.")
