"""Following a run by its history events, one at a time.

The events are those of Step Functions; the compilation says what the states stand for. Nothing but events is needed, so
a run can be followed while it goes on, or afterwards from its history.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import orjson

from millrace.catalogue import Repeat, Stop, Task
from millrace.compiler import Compilation
from millrace.engine import HistoryEvent
from millrace.local.activation import Activation, settle
from millrace.local.machine_map import MachineMap
from millrace.local.report import NodeError, NodeReport, RunError, RunReport, RunStatus
from millrace.local.tally import Tally
from millrace.model import Json, NodeId, StateName

_STARTS: Final = ("Scheduled", "StateStarted")
_FAILURES: Final = ("Failed", "TimedOut", "Aborted")
_NAMED_STATE: Final = re.compile(r"(?:executing the state|state/task) '(.*?)'(?: \(entered| returned)", re.DOTALL)
_WHERE: Final = re.compile(
    r"\AAn error occurred while executing the state '.*?' \(entered at the event id #\d+\)\. ", re.DOTALL
)

FrameKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Failure:
    """A state's failure, as it goes outwards."""

    event: int
    node: NodeId | None
    state: StateName
    error: NodeError


@dataclass(slots=True, eq=False)
class _Frame:
    """A scope of states that run one after the other: the machine's own, a branch, or an iteration.

    Attributes:
        activation: The run through a region that its states belong to; None between the iterations of a while.
        parent: The frame of the Parallel or Map that started it.
        iterates: The Map that it is an iteration of.
        loops: The while whose iterations follow each other in it.
    """

    activation: Activation | None
    parent: "_Frame | None" = None
    iterates: StateName | None = None
    loops: NodeId | None = None
    state: StateName = StateName("")
    failure: _Failure | None = None
    inner: list["_Frame"] = field(default_factory=list["_Frame"])
    timeout: Json = None


class RunObserver:
    """Takes the events of a run and says at any moment how the run and its nodes stand.

    Args:
        compilation: What runs.
    """

    def __init__(self, compilation: Compilation) -> None:
        self._machine = MachineMap(compilation)
        self._graph = compilation.graph
        self._root = Activation()
        self._open: dict[Activation, None] = {}
        self._tallies: dict[NodeId, Tally] = {}
        self._frames: dict[FrameKey, _Frame] = {}
        self._frame_of_event: dict[FrameKey, _Frame] = {}
        self._links: dict[str, Activation] = {"": self._root}
        self._waiting: dict[str, list[HistoryEvent]] = {}
        self._child_failures: dict[str, _Failure | None] = {}
        self._submitted: dict[int, str] = {}
        self._status = RunStatus.RUNNING
        self._outputs: dict[str, Json] | None = None
        self._error: RunError | None = None

    def observe(self, event: HistoryEvent, execution: str = "") -> None:
        """Take the next event of an execution.

        Args:
            event: The event; those of one execution come in order.
            execution: ARN of the execution of a child machine; empty for the run's own.
        """
        if execution not in self._links:
            # A child's first events may come before the event by which its parent names it.
            self._waiting.setdefault(execution, []).append(event)
            return
        if event.type.startswith("Execution"):
            self._execution_event(event, execution)
            return
        frame = self._frame(event, execution)
        self._frame_of_event[execution, event.id] = frame
        self._state_event(event, frame)

    def report(self) -> RunReport:
        """Say how the run and its nodes stand."""
        results = self._outputs or {}
        settled = settle(self._root, self._machine, final=self._status is not RunStatus.RUNNING, results=results)
        reports = {
            node: NodeReport(status, settled.outputs.get(node), self._root.failures.get(node))
            for node, status in settled.statuses.items()
        }
        tallies = {node: tally.copy() for node, tally in self._tallies.items()}
        for activation in self._open:
            self._count(activation, tallies, final=self._status is not RunStatus.RUNNING)
        nodes: dict[NodeId, NodeReport] = {}
        for node, step in self._graph.steps.items():
            if node in reports:
                nodes[node] = reports[node]
            elif self._is_inside(node):
                around = [nodes.get(owner) or reports.get(owner) for owner in self._graph.enclosing(node)]
                nodes[node] = tallies.get(node, Tally()).report([known.status for known in around if known is not None])
            del step
        return RunReport(self._status, self._outputs, self._error, nodes)

    def _is_inside(self, node: NodeId) -> bool:
        parent = self._graph.steps[node].node.parent
        region = self._graph.regions.get(parent)
        from millrace.catalogue import Nothing

        return parent is not None and region is not None and not isinstance(self._graph.steps[node].operation, Nothing)

    # The execution

    def _execution_event(self, event: HistoryEvent, execution: str) -> None:
        key = (execution, 0)
        match event.type:
            case "ExecutionStarted":
                self._frames[key] = _Frame(self._links[execution])
                if not execution:
                    given = _json(event.details.get("input"))
                    self._root.given = given.get("inputs") if isinstance(given, dict) else given
            case "ExecutionSucceeded":
                if not execution:
                    output = _json(event.details.get("output"))
                    self._status = RunStatus.COMPLETED
                    self._outputs = output if isinstance(output, dict) else {}
            case _:
                failure = self._frames[key].failure or self._unrecorded(event, self._frames[key])
                if execution:
                    self._child_failures[execution] = failure
                else:
                    self._end(event, failure)

    def _end(self, event: HistoryEvent, failure: _Failure | None) -> None:
        self._status = RunStatus.CANCELLED if event.type == "ExecutionAborted" else RunStatus.FAILED
        error = _error_of(event.details)
        if event.type == "ExecutionTimedOut":
            seconds = self._graph.settings.timeout_seconds
            limit = f"took longer than {seconds} seconds" if seconds else "took too long"
            self._error = RunError(None, NodeError("States.Timeout", f"the run {limit}"))
        elif failure is None:
            self._error = RunError(None, error)
        else:
            known = failure.error if failure.error.message or not error.message else error
            self._error = RunError(failure.node, known, failure.state)
            frame: _Frame | None = self._frames["", 0]
            if failure.node is not None and frame is not None:
                self._blame(failure.node, known)

    def _blame(self, node: NodeId, error: NodeError) -> None:
        """Record the error that ended the run with its node, where only the end tells it."""
        for activation in (self._root, *self._open):
            if node in activation.failures:
                activation.failures[node] = error
        if node in self._tallies:
            self._tallies[node].error = error

    def _unrecorded(self, event: HistoryEvent, root: _Frame) -> _Failure | None:
        """Find the failure of a state that no event tells of: a value too large, or a fault of the machine."""
        named = _NAMED_STATE.search(str(event.details.get("cause", "")))
        if named is None or named[1] not in self._machine.owners:
            return None
        state = StateName(named[1])
        failure = _Failure(event.id, self._machine.culprit(state, ""), state, _error_of(event.details))
        frames = [frame for frame in self._frames.values() if frame.state == state] or [root]
        if failure.node is not None:
            self._fail_node(frames[-1], failure)
        return failure

    # Frames

    def _frame(self, event: HistoryEvent, execution: str) -> _Frame:
        key = (execution, event.frame)
        if key not in self._frames:
            before = self._frame_of_event[execution, event.previous]
            self._frames[key] = self._iteration(event, before) if _is_iteration(event) else self._branch(before)
        return self._frames[key]

    def _iteration(self, event: HistoryEvent, before: _Frame) -> _Frame:
        state = StateName(event.state)
        if before.iterates == state and before.parent is not None:
            before = before.parent
        activation = Activation(self._machine.nodes.get(state), before.activation)
        self._open[activation] = None
        frame = _Frame(activation, before, iterates=state)
        before.inner.append(frame)
        return frame

    def _branch(self, before: _Frame) -> _Frame:
        node = self._machine.nodes.get(before.state)
        loops = node if node is not None and isinstance(self._graph.steps[node].operation, Repeat) else None
        frame = _Frame(None if loops else before.activation, before, loops=loops)
        before.inner.append(frame)
        return frame

    def _activation(self, frame: _Frame) -> Activation:
        """Give the activation that a frame's states belong to; in a while, a new one for each iteration."""
        if frame.activation is None:
            assert frame.parent is not None
            frame.activation = Activation(frame.loops, self._activation(frame.parent))
            self._open[frame.activation] = None
        return frame.activation

    def _close(self, activation: Activation | None) -> None:
        if activation is not None and activation in self._open:
            del self._open[activation]
            self._count(activation, self._tallies, final=True)

    def _count(self, activation: Activation, tallies: dict[NodeId, Tally], *, final: bool) -> None:
        settled = settle(activation, self._machine, final=final, results={})
        for node, status in settled.statuses.items():
            tallies.setdefault(node, Tally()).add(status, settled.outputs.get(node), activation.failures.get(node))

    # The states

    def _state_event(self, event: HistoryEvent, frame: _Frame) -> None:
        kind = event.type
        if kind.endswith("StateEntered"):
            self._entered(event, frame)
        elif kind.endswith("StateExited"):
            self._exited(event, frame)
        elif kind == "MapIterationSucceeded":
            self._close(frame.activation)
        elif kind in ("MapIterationFailed", "MapIterationAborted"):
            self._iteration_ended(event, frame)
        elif kind == "ParallelStateFailed":
            self._branch_failed(frame)
        elif kind == "TaskSubmitted":
            self._submitted_task(event, frame)
        elif kind.endswith(_STARTS):
            frame.timeout = event.details.get("timeoutInSeconds")
            self._begin(frame)
        elif kind.endswith(_FAILURES) and kind not in ("MapStateFailed",) and not kind.endswith("Aborted"):
            self._failed(event, frame)

    def _entered(self, event: HistoryEvent, frame: _Frame) -> None:
        frame.state, frame.failure = StateName(str(event.details["name"])), None
        frame.inner.clear()
        activation = frame.activation
        if frame.loops is None or frame.state not in self._machine.rounds[frame.loops].control:
            activation = self._activation(frame)
        if frame.iterates is not None and activation is not None and activation.given is None:
            given = _json(event.details.get("input"))
            activation.given = given.get("item") if isinstance(given, dict) else None
        self._begin(frame)
        node = self._machine.nodes.get(frame.state)
        if event.type == "FailStateEntered" and node is not None:
            failure = _Failure(event.id, node, frame.state, _stop_error(self._graph.steps[node].operation))
            frame.failure = failure
            self._fail_node(frame, failure)

    def _begin(self, frame: _Frame) -> None:
        frame.failure = None
        node = self._machine.nodes.get(frame.state)
        if node is not None:
            self._activation(frame).begin(node)

    def _exited(self, event: HistoryEvent, frame: _Frame) -> None:
        assigned = cast("Mapping[str, str]", event.details.get("assignedVariables") or {})
        node = self._machine.nodes.get(frame.state)
        failure, frame.failure = frame.failure, None
        activation = frame.activation
        if activation is not None:
            for name, used in self._machine.assigned(frame.state).items():
                if name in assigned:
                    activation.assign(used, _json(assigned[name]))
            if node is not None:
                self._ended(activation, node, failure)
        loops = frame.loops
        if loops is not None and frame.state == self._machine.rounds[loops].repeat:
            self._close(self._activation(frame))
            frame.activation = None

    def _ended(self, activation: Activation, node: NodeId, failure: _Failure | None) -> None:
        step = self._graph.steps[node]
        activation.running.discard(node)
        if failure is None:
            activation.end(node)
            return
        operation = step.operation
        if isinstance(operation, Task) and activation.ports.get(node) == operation.timeout_port is not None:
            activation.failures.pop(node, None)
            activation.end(node)
        elif step.config.onError != "stop":
            activation.handled.add(node)
            activation.failures.setdefault(node, failure.error)
            output = activation.outputs.get(node)
            if not failure.error.type and isinstance(output, dict):
                activation.failures[node] = _caught_error(output.get("error"))
        else:
            # Caught from outside, by a loop that records its items' failures: nothing follows it.
            activation.outputs.pop(node, None)

    # Failures

    def _failed(self, event: HistoryEvent, frame: _Frame) -> None:
        location = str(event.details.get("location", ""))
        child = self._child_failures.get(self._submitted.get(id(frame), ""))
        if child is not None:
            frame.failure = child
            return
        error = _error_of(event.details)
        if event.type.endswith("TimedOut") and frame.timeout is not None and not error.message:
            error = NodeError(error.type, f"timed out after {frame.timeout} seconds")
        node = self._machine.culprit(frame.state, location)
        frame.failure = _Failure(event.id, node, frame.state, error)
        self._fail_node(frame, frame.failure)
        for used in self._machine.assigned(frame.state).values():
            if node is None or self._machine.nodes.get(frame.state) is not None or used.node == node:
                break
            self._activation(frame).done.add(used.node)

    def _fail_node(self, frame: _Frame, failure: _Failure) -> None:
        """Record a failure with its node, and with the frame's container where the failure is in its own states."""
        node = failure.node
        if node is None:
            return
        around: _Frame | None = frame
        while around is not None:
            activation = around.activation
            owner = activation.owner if activation is not None else around.loops
            if activation is not None and self._graph.steps[node].node.parent == owner:
                activation.fail(node, failure.error)
                return
            around = around.parent

    def _iteration_ended(self, event: HistoryEvent, frame: _Frame) -> None:
        parent = frame.parent
        if event.type == "MapIterationFailed" and parent is not None:
            self._outwards(frame, parent, event.id)
        self._close(frame.activation)

    def _branch_failed(self, frame: _Frame) -> None:
        failing = [inner for inner in frame.inner if inner.failure is not None]
        if failing:
            last = max(failing, key=lambda inner: inner.failure.event if inner.failure else 0)
            self._outwards(last, frame, 0)
        for inner in frame.inner:
            if inner.loops is not None:
                self._close(inner.activation)

    def _outwards(self, inner: _Frame, outer: _Frame, event: int) -> None:
        """Hand a failure from a scope to the Map or Parallel around it."""
        failure = inner.failure or _Failure(
            event, self._machine.culprit(inner.state, ""), inner.state, NodeError("", "")
        )
        outer.failure = failure
        node = self._machine.nodes.get(outer.state)
        if node is not None and outer.activation is not None:
            outer.activation.fail(node, failure.error)

    # Children

    def _submitted_task(self, event: HistoryEvent, frame: _Frame) -> None:
        answer = _json(event.details.get("output"))
        if self._machine.nodes.get(frame.state) is not None or not isinstance(answer, dict):
            return
        execution = answer.get("ExecutionArn")
        if isinstance(execution, str):
            self._links[execution] = self._activation(frame)
            self._submitted[id(frame)] = execution
            for waiting in self._waiting.pop(execution, []):
                self.observe(waiting, execution)


def _is_iteration(event: HistoryEvent) -> bool:
    return event.type == "MapIterationStarted"


def _json(text: object) -> Json:
    return orjson.loads(text) if isinstance(text, str) else None


def _error_of(details: Mapping[str, Json]) -> NodeError:
    error, cause = details.get("error"), details.get("cause")
    return NodeError(error if isinstance(error, str) else "", message_of(cause if isinstance(cause, str) else ""))


def message_of(cause: str) -> str:
    """Give what a cause says to people: Lambda and nested executions wrap it in JSON, expressions name the state."""
    if cause.startswith("{") and cause.endswith("}"):
        try:
            report = orjson.loads(cause)
        except orjson.JSONDecodeError:
            return cause
        if isinstance(report.get("errorMessage"), str):
            return report["errorMessage"]
        if isinstance(report.get("Error"), str) and "ExecutionArn" in report:
            inner = message_of(str(report.get("Cause") or ""))
            return f"{report['Error']}: {inner}" if inner else report["Error"]
    return _WHERE.sub("", cause)


def _caught_error(value: Json) -> NodeError:
    members = value if isinstance(value, dict) else {}
    return NodeError(str(members.get("type") or ""), str(members.get("message") or ""))


def _stop_error(operation: object) -> NodeError:
    """Give the error of a Fail state as far as its config says it: the state's own event does not."""
    if not isinstance(operation, Stop):
        return NodeError("", "")
    error, cause = operation.error, operation.cause
    if isinstance(error, str) and isinstance(cause, str):
        return NodeError(error, cause)
    return NodeError("", "")
