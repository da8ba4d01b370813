"""Following a run by its history events, one at a time.

The events are those of Step Functions; the compilation says what the states stand for. Nothing else is needed: a run
can be followed while it goes on, or afterwards from its history.
"""

from collections.abc import Mapping
from typing import Final, cast

import orjson

from millrace.catalogue import Nothing, Stop, Task
from millrace.compiler import Compilation
from millrace.engine import HistoryEvent
from millrace.local.observer.activation import Activation
from millrace.local.observer.failures import (
    UNKNOWN,
    Failure,
    caught_error,
    error_of,
    printed_by,
    state_named_in,
    stop_error,
)
from millrace.local.observer.frames import Frame, Frames
from millrace.local.observer.machine_map import MachineMap, node_of
from millrace.local.observer.report import NodeError, NodeReport, RunError, RunReport, RunStatus
from millrace.local.observer.settlement import settle
from millrace.local.observer.tally import Tally
from millrace.model import Json, NodeId, StateName

_STARTS: Final = ("Scheduled", "StateStarted")
_FAILURES: Final = ("Failed", "TimedOut")


class RunObserver:
    """Takes the events of a run and says at any moment how the run and its nodes stand.

    Args:
        compilation: What runs.
    """

    def __init__(self, compilation: Compilation) -> None:
        self._machine = MachineMap(compilation)
        self._graph = compilation.graph
        self._frames = Frames(self._machine)
        self._root = Activation()
        self._tallies: dict[NodeId, Tally] = {}
        self._executions: dict[str, Activation] = {"": self._root}
        self._early: dict[str, list[HistoryEvent]] = {}
        self._child_failures: dict[str, Failure | None] = {}
        self._status = RunStatus.RUNNING
        self._outputs: dict[str, Json] | None = None
        self._error: RunError | None = None

    def observe(self, event: HistoryEvent, execution: str = "") -> None:
        """Take the next event of an execution.

        Args:
            event: The event; those of one execution come in order.
            execution: ARN of the execution of a child machine; empty for the run's own.
        """
        if execution not in self._executions:
            # A child's first events may come before the one by which its parent names it.
            self._early.setdefault(execution, []).append(event)
        elif event.type.startswith("Execution"):
            self._execution_event(event, execution)
        else:
            self._state_event(event, self._frames.of(event, execution))

    # What is known

    def report(self) -> RunReport:
        """Say how the run and its nodes stand."""
        final = self._status is not RunStatus.RUNNING
        settled = settle(self._root, self._machine, final=final, results=self._outputs or {})
        reports = {
            node: NodeReport(
                status,
                settled.outputs.get(node),
                self._root.failures.get(node),
                console=self._root.console.get(node, ()),
            )
            for node, status in settled.statuses.items()
        }
        tallies = {node: tally.copy() for node, tally in self._tallies.items()}
        for activation in self._frames.open:
            self._count(activation, tallies, final=final)
        nodes = [node for node, step in self._graph.steps.items() if not isinstance(step.operation, Nothing)]
        for node in sorted(nodes, key=lambda node: sum(1 for _ in self._graph.enclosing(node))):
            if node not in reports:
                around = [reports[container].status for container in self._graph.enclosing(node)]
                reports[node] = tallies.get(node, Tally()).report(around)
        return RunReport(self._status, self._outputs, self._error, {node: reports[node] for node in nodes})

    def _count(self, activation: Activation, tallies: dict[NodeId, Tally], *, final: bool) -> None:
        settled = settle(activation, self._machine, final=final, results={})
        for node, status in settled.statuses.items():
            failure, console = activation.failures.get(node), activation.console.get(node, ())
            tallies.setdefault(node, Tally()).add(status, settled.outputs.get(node), failure, console)

    def _close(self, activation: Activation | None) -> None:
        """Count an iteration that has ended."""
        if activation is not None and activation in self._frames.open:
            del self._frames.open[activation]
            self._count(activation, self._tallies, final=True)

    # Executions

    def _execution_event(self, event: HistoryEvent, execution: str) -> None:
        match event.type:
            case "ExecutionStarted":
                self._frames.start(execution, self._executions[execution])
                given = _json(event.details.get("input"))
                if not execution:
                    self._root.given = given.get("inputs") if isinstance(given, dict) else given
            case "ExecutionSucceeded" if not execution:
                output = _json(event.details.get("output"))
                self._status = RunStatus.COMPLETED
                self._outputs = output if isinstance(output, dict) else {}
            case "ExecutionSucceeded":
                pass
            case _ if execution:
                root = self._frames.root(execution)
                self._child_failures[execution] = root.failure or self._unrecorded(event, root)
            case _:
                self._end(event)

    def _end(self, event: HistoryEvent) -> None:
        """Take the end of a run that did not complete."""
        self._status = RunStatus.CANCELLED if event.type == "ExecutionAborted" else RunStatus.FAILED
        error = error_of(event.details)
        if event.type != "ExecutionFailed":
            seconds = self._graph.settings.timeout_seconds
            reason = (
                f"the run took longer than {seconds} seconds" if event.type == "ExecutionTimedOut" else error.message
            )
            self._error = RunError(None, NodeError(error.type or "States.Timeout", reason))
            return
        root = self._frames.root("")
        failure = root.failure or self._unhandled(root) or self._unrecorded(event, root)
        if failure is None:
            self._error = RunError(None, error)
            return
        if failure.error == UNKNOWN:
            self._name_error(error)
        self._error = RunError(failure.node, error if failure.error == UNKNOWN else failure.error, failure.state)

    def _name_error(self, error: NodeError) -> None:
        """Give the nodes that failed by an error that only the run's end names that error."""
        for activation in (self._root, *self._frames.open):
            activation.failures.update({node: error for node, known in activation.failures.items() if known == UNKNOWN})
        for tally in self._tallies.values():
            tally.error = error if tally.error == UNKNOWN else tally.error

    def _unhandled(self, root: Frame) -> Failure | None:
        """Find the failure that went through all scopes without an event of them, as States.Runtime does."""
        frame = self._frames.failing()
        while frame is not None and frame is not root and frame.parent is not None:
            self._hand_on(frame, frame.parent)
            frame = frame.parent
        return root.failure

    def _unrecorded(self, event: HistoryEvent, root: Frame) -> Failure | None:
        """Find the state whose failure no event of its own tells of."""
        state = state_named_in(event.details)
        if state is None or state not in self._machine.owners:
            return None
        frame = self._frames.within(state) or root
        self._fail(frame, Failure(event.id, self._machine.culprit(state, ""), state, error_of(event.details)))
        return self._unhandled(root)

    # States

    def _state_event(self, event: HistoryEvent, frame: Frame) -> None:
        kind = event.type
        if kind.endswith("StateEntered"):
            self._entered(event, frame)
        elif kind.endswith("StateExited"):
            self._exited(event, frame)
        elif kind == "TaskSubmitted":
            self._submitted(event, frame)
        elif kind == "TaskSucceeded":
            self._printed(event, frame)
        elif kind.startswith("MapIteration"):
            self._iteration_event(event, frame)
        elif kind.endswith(_STARTS):
            frame.timeout = event.details.get("timeoutInSeconds")
            self._begin(frame)
        elif kind == "ParallelStateFailed":
            self._branch_failed(frame)
        elif kind.endswith(_FAILURES) and kind != "MapStateFailed":
            self._failed(event, frame)

    def _entered(self, event: HistoryEvent, frame: Frame) -> None:
        state = frame.state = StateName(str(event.details["name"]))
        frame.child = ""
        frame.inner.clear()
        if not self._frames.is_control(frame):
            activation = self._frames.activation(frame)
            if frame.iterates is not None and activation.given is None:
                given = _json(event.details.get("input"))
                activation.given = given.get("item") if isinstance(given, dict) else None
        self._begin(frame)
        node = self._machine.nodes.get(state)
        if event.type != "FailStateEntered":
            frame.passed_on = None
        elif node is not None:
            operation = cast("Stop", self._graph.steps[node].operation)
            self._fail(frame, Failure(event.id, node, state, stop_error(operation)))
        else:
            frame.failure = frame.passed_on

    def _begin(self, frame: Frame) -> None:
        frame.failure = None
        node = self._own_node(frame)
        if node is not None:
            self._frames.activation(frame).begin(node)

    def _exited(self, event: HistoryEvent, frame: Frame) -> None:
        assert frame.state is not None
        assigned = cast("Mapping[str, str]", event.details.get("assignedVariables") or {})
        failure, frame.failure = frame.failure, None
        frame.passed_on = failure if frame.child else None
        if not self._frames.is_control(frame):
            activation = self._frames.activation(frame)
            for name, used in self._machine.assigned(frame.state).items():
                if name in assigned:
                    activation.assign(used, _json(assigned[name]))
            node = self._own_node(frame)
            if node is not None:
                self._ended(activation, node, failure)
        elif frame.loops is not None and frame.state == self._machine.rounds[frame.loops].repeat:
            self._close(self._frames.activation(frame))
            frame.current = None

    def _ended(self, activation: Activation, node: NodeId, failure: Failure | None) -> None:
        step = self._graph.steps[node]
        activation.end(node)
        if failure is None:
            return
        operation = step.operation
        if isinstance(operation, Task) and activation.ports.get(node) == operation.timeout_port is not None:
            activation.failures.pop(node, None)
        elif step.config.onError == "stop":
            # Caught from outside, by a loop that records its items' failures: nothing follows the node.
            activation.outputs.pop(node, None)
        else:
            activation.handled.add(node)
            error = failure.error if failure.error != UNKNOWN else caught_error(activation.outputs.get(node))
            activation.failures[node] = error

    def _printed(self, event: HistoryEvent, frame: Frame) -> None:
        node, lines = self._own_node(frame), printed_by(event.details)
        if node is not None and lines:
            self._frames.activation(frame).console[node] = lines

    def _own_node(self, frame: Frame) -> NodeId | None:
        return self._machine.nodes.get(frame.state) if frame.state is not None else None

    def _submitted(self, event: HistoryEvent, frame: Frame) -> None:
        """Connect a part of the run that runs as an execution of its own."""
        answer = _json(event.details.get("output"))
        execution = answer.get("ExecutionArn") if isinstance(answer, dict) else None
        if self._own_node(frame) is not None or not isinstance(execution, str):
            return
        frame.child = execution
        self._executions[execution] = self._frames.activation(frame)
        for early in self._early.pop(execution, []):
            self.observe(early, execution)

    # Failures

    def _failed(self, event: HistoryEvent, frame: Frame) -> None:
        assert frame.state is not None
        self._printed(event, frame)
        part = self._child_failures.get(frame.child)
        if part is not None:
            frame.failure = part
            return
        node = self._machine.culprit(frame.state, str(event.details.get("location") or ""))
        self._fail(frame, Failure(event.id, node, frame.state, error_of(event.details, frame.timeout)))
        if self._own_node(frame) is not None or node is None:
            return
        # In a state that several nodes share, those before the failing one have been computed.
        shared = [node_of(used) for used in self._machine.assigned(frame.state).values()]
        if node in shared:
            self._frames.activation(frame).done.update(shared[: shared.index(node)])

    def _fail(self, frame: Frame, failure: Failure) -> None:
        """Record a failure with its frame and its node; a container's own states stand in frames inside of it."""
        frame.failure = failure
        if failure.node is None:
            return
        owner = self._graph.steps[failure.node].node.parent
        around: Frame | None = frame
        while around is not None:
            if around.current is not None and around.current.owner == owner:
                around.current.fail(failure.node, failure.error)
                return
            around = around.parent

    def _iteration_event(self, event: HistoryEvent, frame: Frame) -> None:
        if event.type == "MapIterationStarted":
            return
        if event.type == "MapIterationFailed" and frame.parent is not None:
            self._hand_on(frame, frame.parent)
        self._close(frame.current)

    def _branch_failed(self, frame: Frame) -> None:
        failing = [inner for inner in frame.inner if inner.failure is not None]
        last = max(failing, key=lambda inner: inner.failure.event if inner.failure else 0, default=None)
        last = last or next((inner for inner in frame.inner if inner.state is not None), None)
        if last is not None:
            self._hand_on(last, frame)
        for inner in frame.inner:
            if inner.loops is not None:
                self._close(inner.current)

    def _hand_on(self, inner: Frame, outer: Frame) -> None:
        """Hand a failure from a scope to the Map or Parallel around it."""
        state = inner.state or StateName("")
        outer.failure = inner.failure or Failure(0, self._machine.culprit(state, ""), state, UNKNOWN)
        node = self._own_node(outer)
        if node is not None:
            self._frames.activation(outer).fail(node, outer.failure.error)


def _json(text: object) -> Json:
    return cast("Json", orjson.loads(text)) if isinstance(text, str) else None
