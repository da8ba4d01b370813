"""Task: the state that has something outside do work."""

from collections.abc import Mapping

from millrace.engine import transitions
from millrace.engine.core import Core, failure_details
from millrace.engine.dataflow import data_limit_cause
from millrace.engine.definition import TaskState
from millrace.engine.errors import DATA_LIMIT_EXCEEDED, RUNTIME, TIMEOUT, Failure
from millrace.engine.frames import Frame, PendingTask, Phase, Purpose
from millrace.engine.messages import StartTask
from millrace.engine.payload import NULL, PAYLOAD_LIMIT, Payload
from millrace.engine.resource import Integration, Pattern, Resource
from millrace.engine.templates import evaluate
from millrace.model.ids import StateName
from millrace.model.json import Json


def run_task(core: Core, frame: Frame, state: TaskState) -> None:
    """Start the task."""
    resource = state.resource
    token = core.token()
    scope = core.scope(frame, token=token if resource.pattern is Pattern.TOKEN else None)
    flow = state.flow
    parameters = flow.arguments(scope, flow.enter(scope, frame.input), frame.state)
    timeout = None if state.timeout is None else state.timeout.number(scope)
    heartbeat = None if state.heartbeat is None else state.heartbeat.number(scope)
    credentials = evaluate(state.credentials, scope) if state.credentials else None
    is_activity = resource.integration is Integration.ACTIVITY
    if is_activity and core.activity_exists is not None and not core.activity_exists(resource.arn):
        transitions.fail(core, frame, Failure(RUNTIME, f"The activity {resource.arn} does not exist.", terminal=True))
        return
    _record(core, frame, resource, "Scheduled", _scheduled(core, resource, parameters, timeout, heartbeat, credentials))
    if not is_activity:
        _record(core, frame, resource, "Started", {})
    frame.phase = Phase.TASK
    frame.task = task = PendingTask(token, parameters, credentials, timeout, heartbeat)
    core.state.tokens[token] = frame.id
    if timeout is not None:
        task.timers[Purpose.TIMEOUT] = core.set_timer(frame.id, Purpose.TIMEOUT, timeout)
    if not is_activity:
        _expect_heartbeat(core, frame, task)
    core.effects.append(start_task(frame.state, resource, task))


def start_task(state: StateName, resource: Resource, task: PendingTask) -> StartTask:
    """Make the effect that starts a task, for the first time or again."""
    return StartTask(
        task.token, state, resource, task.parameters, task.credentials, task.timeout, task.heartbeat, task.submitted
    )


def on_started(core: Core, frame: Frame, worker: str | None) -> None:
    """Record that a worker took an activity task."""
    resource = _resource(core, frame)
    if resource.integration is Integration.ACTIVITY:
        if frame.task is not None:
            frame.task.submitted = NULL
            # A worker is to be heard of from here on; an activity's task may wait for one.
            _expect_heartbeat(core, frame, frame.task)
        _record(core, frame, resource, "Started", {} if worker is None else {"workerName": worker})


def on_submitted(core: Core, frame: Frame, output: Payload) -> None:
    """Record that a task's job was started, or its token handed over."""
    if frame.task is not None:
        frame.task.submitted = output
    _record(core, frame, _resource(core, frame), "Submitted", {"output": output.text})


def on_succeeded(core: Core, frame: Frame, output: Payload) -> None:
    """Leave the state with the task's result."""
    resource = _resource(core, frame)
    if output.size > PAYLOAD_LIMIT:
        cause = data_limit_cause(resource.service or resource.arn)
        on_failed(core, frame, Failure(DATA_LIMIT_EXCEEDED, cause))
        return
    core.drop_task(frame, cancel=False)
    _record(core, frame, resource, "Succeeded", {"output": output.text})
    core.tell("result", output.value)
    transitions.complete(core, frame, output, core.scope(frame, result=output.value))


def on_failed(core: Core, frame: Frame, failure: Failure) -> None:
    """Fail the state with the task's error."""
    _record(core, frame, _resource(core, frame), "Failed", failure_details(failure))
    transitions.fail(core, frame, failure)


def on_timed_out(core: Core, frame: Frame, purpose: Purpose) -> None:
    """Fail the state because its task took too long, or kept silent for too long."""
    core.drop_task(frame, cancel=True)
    _record(core, frame, _resource(core, frame), "TimedOut", {"error": TIMEOUT})
    transitions.fail(core, frame, Failure(TIMEOUT, "", heartbeat=purpose is Purpose.HEARTBEAT))


def on_heartbeat(core: Core, frame: Frame) -> None:
    """Give a task until its next heartbeat."""
    if frame.task is not None:
        _expect_heartbeat(core, frame, frame.task)


def _expect_heartbeat(core: Core, frame: Frame, task: PendingTask) -> None:
    if task.heartbeat is not None:
        timer = task.timers.get(Purpose.HEARTBEAT)
        task.timers[Purpose.HEARTBEAT] = core.set_timer(frame.id, Purpose.HEARTBEAT, task.heartbeat, timer)


def _resource(core: Core, frame: Frame) -> Resource:
    state = core.machine.states[frame.state]
    assert isinstance(state, TaskState)
    return state.resource


def _record(core: Core, frame: Frame, resource: Resource, what: str, details: Mapping[str, Json]) -> None:
    if resource.integration is Integration.SERVICE:
        details = {"resourceType": resource.service, "resource": resource.action, **details}
    core.record(frame, f"{resource.integration}{what}", details)


def _scheduled(
    core: Core,
    resource: Resource,
    parameters: Payload,
    timeout: float | None,
    heartbeat: float | None,
    credentials: Json,
) -> dict[str, Json]:
    details: dict[str, Json]
    if resource.integration is Integration.SERVICE:
        details = {"region": core.info.region, "parameters": parameters.text}
    else:
        details = {"resource": resource.arn, "input": parameters.text}
    if timeout is not None:
        details["timeoutInSeconds"] = timeout
    if heartbeat is not None and resource.integration is not Integration.FUNCTION:
        details["heartbeatInSeconds"] = heartbeat
    if isinstance(credentials, dict):
        details["taskCredentials"] = {"roleArn": credentials.get("RoleArn")}
    return details
