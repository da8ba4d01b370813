"""What the events of states tell of the nodes that they stand for."""

from collections.abc import Callable, Mapping
from typing import Protocol, cast

from millrace.model import NodeId, StateName
from millrace.observation.activation import Activation
from millrace.observation.failures import UNKNOWN, Failure, caught_error, error_of, printed_by
from millrace.observation.frames import Frame, Frames
from millrace.observation.log_event import LogEvent, json_of
from millrace.observation.report import NodeError
from millrace.observation.run_map import Evidence, MappedState, RunMap
from millrace.observation.run_state import RunState


class ChildExecution(Protocol):
    """An execution that does a part of the run's work, as the task that started it sees it."""

    activation: Activation | None
    failure: Failure | None


class StateFold:
    """Takes the events of states.

    Args:
        machine: What the states stand for.
        run: What is known of the run; grows.
        frames: The scopes of the execution.
        execution: Gives an execution by its ARN.
    """

    def __init__(
        self, machine: RunMap, run: RunState, frames: Frames, execution: Callable[[str], ChildExecution]
    ) -> None:
        self._machine = machine
        self._stated = {state.node for state in machine.states.values() if state.node is not None}
        self._run = run
        self._frames = frames
        self._execution = execution

    def take(self, event: LogEvent, frame: Frame) -> None:
        """Take the next event of a scope."""
        kind = event.type
        if kind.endswith("StateEntered"):
            self._entered(event, frame)
        elif kind.endswith("StateExited"):
            self._exited(event, frame)
        elif kind.startswith("MapIteration"):
            self._iteration_event(event, frame)
        elif kind.endswith("StateAborted"):
            self._aborted(event, frame)
        elif kind.startswith(("ParallelState", "MapState")):
            self._fork_event(event, frame)
        elif kind.endswith(("Failed", "TimedOut")):
            self._failed(event, frame)
        else:
            self._task_event(event, frame)

    def _fork_event(self, event: LogEvent, frame: Frame) -> None:
        frame.forked = event.type.endswith("Started")
        if frame.forked:
            length = event.details.get("length")
            frame.length = length if isinstance(length, int) else 0
            frame.inner.clear()
            self._begin(frame, event.time)
        elif event.type == "ParallelStateFailed":
            self._branch_failed(frame, event.time)

    def _task_event(self, event: LogEvent, frame: Frame) -> None:
        if event.type == "TaskSubmitted":
            self._submitted(event, frame)
        elif event.type == "TaskSucceeded":
            self._called(event, frame)
        elif event.type == "TaskStarted":
            self._calling(event, frame)
        elif event.type.endswith("Scheduled"):
            frame.timeout = event.details.get("timeoutInSeconds")
            frame.task = str(event.details.get("parameters", event.details.get("input", "")))
            self._begin(frame, event.time)
            self._calling(event, frame)

    # ---- entering and leaving

    def _entered(self, event: LogEvent, frame: Frame) -> None:
        state = frame.state = StateName(str(event.details["name"]))
        frame.type = event.type.removesuffix("StateEntered")
        frame.inside, frame.forked, frame.entered = True, False, event.time
        frame.child, frame.task, frame.timeout = "", "", None
        frame.inner.clear()
        self._run.transitions += 1
        mapped = self._machine.states.get(state)
        if not self._frames.is_control(frame):
            activation = self._frames.activation(frame, event.time)
            if frame.iterates is not None and activation.given is None:
                given = json_of(event.details.get("input"))
                activation.given = given.get("item") if isinstance(given, dict) else None
            if mapped is not None and mapped.node is None and mapped.stands_for:
                first = mapped.stands_for[0]
                activation.transitions[first] = activation.transitions.get(first, 0) + 1
        elif frame.parent is not None and frame.parent.current is not None and frame.loops is not None:
            around = frame.parent.current.last(frame.loops)
            if around is not None:
                around.transitions += 1
        self._begin(frame, event.time, entered=True)
        node = mapped.node if mapped is not None else None
        if event.type != "FailStateEntered":
            frame.passed_on = None
        elif node is not None:
            told = self._machine.nodes[node].failure
            self.fail(frame, Failure(event.id, node, state, UNKNOWN if told is None else NodeError(*told)), event.time)
        else:
            frame.failure = frame.passed_on

    def _begin(self, frame: Frame, now: int, *, entered: bool = False) -> None:
        """Note that a state's work begins; every try of it is a state transition."""
        frame.failure = None
        node = self._own_node(frame)
        if node is None:
            return
        attempt = self._frames.activation(frame, now).begin(node, now)
        if entered or attempt.transitions == 0:
            attempt.transitions += 1
            self._run.transitions += not entered

    def _exited(self, event: LogEvent, frame: Frame) -> None:
        state = StateName(str(event.details.get("name")))
        mapped = self._machine.states.get(state)
        assigned = cast("Mapping[str, str]", event.details.get("assignedVariables") or {})
        failure, frame.failure = frame.failure, None
        frame.passed_on = failure if frame.child else None
        frame.inside = frame.forked = False
        if not self._frames.is_control(frame):
            activation = self._frames.activation(frame, event.time)
            if mapped is not None:
                self._assign(mapped, assigned, activation, (frame.entered, event.time))
            node = self._own_node(frame)
            if node is not None and (failure is not None or mapped is None or not mapped.leads_on):
                self._ended(activation, node, failure, event.time)
        elif frame.loops is not None and frame.state == self._machine.rounds[frame.loops].repeat:
            self._run.close(self._frames.activation(frame, event.time), event.time)
            frame.current = None

    def _assign(
        self, mapped: MappedState, assigned: Mapping[str, str], activation: Activation, moment: tuple[int, int]
    ) -> None:
        for name, (evidence, node) in mapped.assigned.items():
            if name not in assigned or evidence is Evidence.NONE:
                continue
            value = json_of(assigned[name])
            if evidence is Evidence.OUTPUT and node in self._stated and node not in (mapped.node, mapped.attempts):
                # What it will pass on is known before its own state has begun.
                activation.outputs[node] = value
            else:
                activation.assign(node, evidence, value, moment)

    def _ended(self, activation: Activation, node: NodeId, failure: Failure | None, now: int) -> None:
        activation.end(node, now)
        if failure is None:
            return
        mapped = self._machine.nodes[node]
        if mapped.timeout_port is not None and activation.ports.get(node) == mapped.timeout_port:
            activation.failures.pop(node, None)
        elif not mapped.goes_on:
            # Caught from outside, by a loop that records its items' failures: nothing follows the node.
            activation.outputs.pop(node, None)
        else:
            activation.handled.add(node)
            error = failure.error if failure.error != UNKNOWN else caught_error(activation.outputs.get(node))
            activation.failures[node] = error

    def _own_node(self, frame: Frame) -> NodeId | None:
        mapped = self._machine.states.get(frame.state) if frame.state is not None else None
        return mapped.node if mapped is not None else None

    # ---- tasks

    def _calling(self, event: LogEvent, frame: Frame) -> None:
        node = self._own_node(frame)
        attempt = self._frames.activation(frame, event.time).last(node) if node is not None else None
        if attempt is not None:
            attempt.called = event.time

    def _called(self, event: LogEvent, frame: Frame) -> None:
        """Take the end of a call: what it printed, and how long it took."""
        node = self._own_node(frame)
        attempt = self._frames.activation(frame, event.time).last(node) if node is not None else None
        if attempt is None:
            return
        lines = printed_by(event.details)
        if lines:
            attempt.console, attempt.printed = lines, event.time
        attempt.waits = ""
        if attempt.called is not None and node is not None:
            self._run.bill(node, event.time - attempt.called)
            attempt.busy += event.time - attempt.called
            attempt.calls += 1
            attempt.called = None

    def _submitted(self, event: LogEvent, frame: Frame) -> None:
        """Note that a task waits for a person; connect a part of the run that runs as an execution of its own."""
        node = self._own_node(frame)
        if node is not None:
            self._called(event, frame)
            attempt = self._frames.activation(frame, event.time).last(node)
            if attempt is not None and self._machine.nodes[node].asks:
                attempt.waits, attempt.asked = frame.task or "{}", event.time
                self._run.asking.append(attempt)
            return
        answer = json_of(event.details.get("output"))
        arn = answer.get("ExecutionArn") if isinstance(answer, dict) else None
        if isinstance(arn, str):
            frame.child = arn
            self._execution(arn).activation = self._frames.activation(frame, event.time)

    # ---- failures

    def _failed(self, event: LogEvent, frame: Frame) -> None:
        assert frame.state is not None
        self._called(event, frame)
        part = self._execution(frame.child).failure if frame.child else None
        if part is not None:
            frame.failure = part
            return
        node = self._machine.culprit(frame.state, str(event.details.get("location") or ""))
        error = error_of(event.details, frame.timeout)
        self.fail(frame, Failure(event.id, node, frame.state, error), event.time)
        mapped = self._machine.states.get(frame.state)
        if node is None or mapped is None or mapped.node is not None:
            return
        # In a state that several nodes share, those before the failing one have been computed.
        shared = [used for _, used in mapped.assigned.values()]
        if node in shared:
            activation = self._frames.activation(frame, event.time)
            for computed in shared[: shared.index(node)]:
                activation.done.add(computed)
                activation.moments.setdefault(computed, (frame.entered, event.time))

    def fail(self, frame: Frame, failure: Failure, now: int) -> None:
        """Record a failure with its frame and its node; a container's own states stand in frames inside of it."""
        frame.failure = failure
        node = self._machine.nodes.get(failure.node) if failure.node is not None else None
        if node is None or (node.timeout_port is not None and failure.error.type == "States.Timeout"):
            # Nobody answered in time: that is an outcome of the node, not its failure.
            return
        owner = node.parent
        for around in frame.outwards():
            if around.current is not None and around.current.owner == owner:
                around.current.fail(node.id, failure.error, (frame.entered, now))
                return

    def _iteration_event(self, event: LogEvent, frame: Frame) -> None:
        if event.type == "MapIterationStarted":
            return
        if event.type == "MapIterationFailed" and frame.parent is not None:
            self.hand_on(frame, frame.parent, event.time)
        self._run.close(frame.current, event.time)

    def _branch_failed(self, frame: Frame, now: int) -> None:
        failing = [inner for inner in frame.inner if inner.failure is not None]
        last = max(failing, key=lambda inner: inner.failure.event if inner.failure else 0, default=None)
        last = last or next((inner for inner in frame.inner if inner.state is not None), None)
        if last is not None:
            self.hand_on(last, frame, now)
        for inner in frame.inner:
            if inner.loops is not None:
                self._run.close(inner.current, now)

    def hand_on(self, inner: Frame, outer: Frame, now: int) -> None:
        """Hand a failure from a scope to the Map or Parallel around it."""
        state = inner.state or StateName("")
        outer.failure = inner.failure or Failure(0, self._machine.culprit(state, ""), state, UNKNOWN)
        node = self._own_node(outer)
        if node is not None:
            self._frames.activation(outer, now).fail(node, outer.failure.error, (outer.entered, now))
            self._run.touch(outer.current)

    def _aborted(self, event: LogEvent, frame: Frame) -> None:
        """Take the end of what was at work beside something that failed."""
        frame.forked = False
        node = self._own_node(frame)
        if node is not None:
            self._frames.activation(frame, event.time).interrupt(node, event.time)
