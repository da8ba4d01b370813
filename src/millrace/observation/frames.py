"""The scopes of a running execution: its own, those of branches and those of iterations.

Step Functions' events do not say which scope they happened in. It follows from `previous_event_id`: the events of a
scope are a chain that begins at the fork's ParallelStateStarted or at its own MapIterationStarted; what comes after the
fork goes on from the last event of the scope that ended last. After a redrive the chains begin anew at
ExecutionRedriven, and the scope is the one that was in the state that the event is about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

import orjson

from millrace.model import Json, NodeId, StateName
from millrace.observation.activation import Activation
from millrace.observation.failures import Failure
from millrace.observation.log_event import LogEvent
from millrace.observation.run_map import Role, RunMap

_FORK_ENDINGS: Final = ("StateSucceeded", "StateFailed", "StateAborted")
_FORKS: Final = ("Parallel", "Map")
_REDRIVEN: Final = "ExecutionRedriven"


@dataclass(slots=True, eq=False)
class Frame:
    """A scope of states that run one after the other.

    Attributes:
        current: The run through a region that its states belong to; None between the iterations of a while.
        parent: The frame of the Parallel or Map that started it.
        iterates: The Map that it is an iteration of.
        index: The iteration's number.
        loops: The while whose iterations follow each other in it.
        rounds: How many of these have begun.
        state: The state that it is in, or was in last.
        type: That state's type.
        inside: Whether it is in that state.
        entered: When it entered the state, in milliseconds since the epoch.
        forked: Whether the state's branches or iterations are under way.
        length: How many items the Map that it is in has.
        failure: How that state failed, until it is tried again or left.
        inner: The frames that the state has started.
        timeout: Seconds that the state's task has.
        task: What the state's task was given, as JSON text.
        child: ARN of the execution that the state has started for a part of the run.
        passed_on: The failure of such an execution, which a Fail state behind the state passes on.
        halted: Whether the execution has ended around it and was redriven, and it has not gone on yet.
    """

    current: Activation | None
    parent: "Frame | None" = None
    iterates: StateName | None = None
    index: int = -1
    loops: NodeId | None = None
    rounds: int = 0
    state: StateName | None = None
    type: str = ""
    inside: bool = False
    entered: int = 0
    forked: bool = False
    length: int = 0
    failure: Failure | None = None
    inner: list["Frame"] = field(default_factory=list["Frame"])
    timeout: Json = None
    task: str = ""
    child: str = ""
    passed_on: Failure | None = None
    halted: bool = False

    def outwards(self) -> Iterator["Frame"]:
        """Give the frame and those around it, the innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent


class Frames:
    """Finds the frames of one execution's events; makes them with the first event in them.

    Args:
        machine: What the states stand for.
        activation: What the execution's own scope belongs to.
        open_: Takes the activations that are made.
    """

    def __init__(self, machine: RunMap, activation: Activation, open_: dict[Activation, None]) -> None:
        self._machine = machine
        self._open = open_
        self._by_event: dict[int, tuple[Frame, str]] = {}
        self.root = Frame(activation)
        self.all: list[Frame] = [self.root]

    def of(self, event: LogEvent) -> Frame:
        """Give the frame of an event."""
        known = self._by_event.get(event.previous)
        if known is None:
            frame = self.root
        elif known[1] == _REDRIVEN:
            frame = self._continued(event)
        else:
            frame = self._following(event, *known)
        self._by_event[event.id] = (frame, event.type)
        return frame

    def redriven(self, event: LogEvent) -> None:
        """Have every scope that was under way go on behind an event."""
        self._by_event[event.id] = (self.root, event.type)
        for frame in self.live():
            frame.halted, frame.failure = True, None
            # Its branches go on where they were, without another ParallelStateStarted or MapStateStarted.
            frame.forked = frame.inside and bool(frame.inner)

    def before(self, event: LogEvent) -> Frame | None:
        """Give the frame of the event that led to an event."""
        known = self._by_event.get(event.previous)
        return None if known is None else known[0]

    def live(self) -> list[Frame]:
        """Give the frames that are under way, or were when the execution ended: those around others come first."""
        found = [self.root]
        for frame in found:
            if frame.inside:
                found += frame.inner
        return found

    def failing(self) -> Frame | None:
        """Give the frame with the last failure that nothing has caught."""
        failing = [frame for frame in self.live() if frame.failure is not None]
        return max(failing, key=lambda frame: frame.failure.event if frame.failure else 0, default=None)

    def within(self, state: StateName) -> Frame | None:
        """Give the last frame that is in a state."""
        return next((frame for frame in reversed(self.all) if frame.state == state), None)

    def activation(self, frame: Frame, now: int) -> Activation:
        """Give the activation that a frame's states belong to; in a while, a new one for each iteration."""
        if frame.current is None:
            assert frame.parent is not None
            around = self.activation(frame.parent, now)
            frame.current = self._opened(around, frame.loops, frame.rounds, now)
            frame.rounds += 1
        return frame.current

    def is_control(self, frame: Frame) -> bool:
        """Whether a frame is in one of the states that drive a while."""
        return frame.loops is not None and frame.state in self._machine.rounds[frame.loops].control

    # ---- within one run of the execution

    def _following(self, event: LogEvent, before: Frame, after: str) -> Frame:
        """Give the frame of an event that follows another.

        Args:
            event: The event.
            before: The frame of the event before it.
            after: The type of that event.
        """
        kind = event.type
        if kind.startswith("MapIteration"):
            return self._of_iteration(event, before)
        if kind.endswith("StateEntered"):
            return self._branch(before, event.time) if after == "ParallelStateStarted" else before
        if kind.endswith("StateExited"):
            return _around(before, lambda frame: frame.state == event.details.get("name"))
        if kind.endswith(_FORK_ENDINGS) and kind.startswith(_FORKS):
            return _around(before, lambda frame: frame.forked and kind.startswith(frame.type))
        if kind.endswith("StateStarted"):
            return _around(before, lambda frame: frame.inside and kind.startswith(frame.type))
        if kind == "EvaluationFailed":
            return self._evaluating(before, event.details.get("state"))
        return before

    def _evaluating(self, before: Frame, state: Json) -> Frame:
        """Give the frame of an EvaluationFailed: it follows the event before the one by which its state was entered."""
        found = _around(before, lambda frame: frame.state == state)
        if found.state == state:
            return found
        return next((inner for inner in before.inner if inner.inside and inner.state == state), before)

    def _of_iteration(self, event: LogEvent, before: Frame) -> Frame:
        name, index = StateName(str(event.details.get("name"))), _index(event)
        if event.type == "MapIterationStarted":
            # The first iterations follow the Map's own event, the others the end of one before them.
            return self._iteration(_around(before, lambda frame: frame.state == name), name, index, event.time)
        return _around(before, lambda frame: frame.iterates == name and frame.index == index)

    def _iteration(self, parent: Frame, state: StateName, index: int, now: int) -> Frame:
        mapped = self._machine.states.get(state)
        node = mapped.node if mapped is not None else None
        activation = self._opened(self.activation(parent, now), node, index, now)
        return self._added(Frame(activation, parent, state, index, entered=now), parent)

    def _branch(self, before: Frame, now: int) -> Frame:
        mapped = self._machine.states.get(before.state) if before.state is not None else None
        node = mapped.node if mapped is not None else None
        if node is not None and self._machine.nodes[node].role is Role.REPEAT:
            return self._added(Frame(None, before, loops=node, entered=now), before)
        return self._added(Frame(self.activation(before, now), before, entered=now), before)

    def _opened(self, around: Activation, owner: NodeId | None, index: int, now: int) -> Activation:
        path = f"{around.path}/{owner}/{index}" if around.path else f"{owner}/{index}"
        activation = Activation(owner, around, path, now)
        self._open[activation] = None
        return activation

    def _added(self, frame: Frame, parent: Frame) -> Frame:
        parent.inner.append(frame)
        self.all.append(frame)
        return frame

    # ---- after a redrive

    def _continued(self, event: LogEvent) -> Frame:
        """Find the scope that goes on with an event behind ExecutionRedriven."""
        frame = self._halted(event) or self.root
        frame.halted = False
        return frame

    def _halted(self, event: LogEvent) -> Frame | None:
        kind = event.type
        halted = [frame for frame in self.live() if frame.halted]
        name = event.details.get("name", event.details.get("state"))
        if kind == "MapIterationStarted":
            return self._next_iteration(event, StateName(str(name)))
        if kind.endswith("StateEntered"):
            return self._entering(StateName(str(name)), halted, event.time)
        inside = [frame for frame in halted if frame.inside]
        if name is not None:
            return next((frame for frame in inside if frame.state == name), None)
        fork = next((fork for fork in _FORKS if kind.startswith(f"{fork}State")), None)
        if fork is not None:
            return next((frame for frame in inside if frame.type == fork), None)
        tasks = [frame for frame in inside if frame.type == "Task"]
        wanted = _told(str(event.details.get("parameters", event.details.get("input", ""))))
        return next((frame for frame in tasks if _told(frame.task) == wanted), None) or next(iter(tasks), None)

    def _entering(self, name: StateName, halted: list[Frame], now: int) -> Frame | None:
        """Find the scope that had not entered its next state yet; a branch may not have entered any."""
        mapped = self._machine.states.get(name)
        around = mapped.around if mapped is not None else ""
        for frame in halted:
            if not frame.inside and self._scope(frame) == around and not self._is_over(frame):
                return frame
        forks = [frame for frame in self.live() if frame.inside and frame.state == around]
        return self._branch(forks[0], now) if forks else None

    def _next_iteration(self, event: LogEvent, name: StateName) -> Frame | None:
        index = _index(event)
        for frame in self.live():
            begun = {inner.index for inner in frame.inner}
            if frame.inside and frame.state == name and index not in begun and index < frame.length:
                return self._iteration(frame, name, index, event.time)
        return None

    def _scope(self, frame: Frame) -> str:
        if frame.iterates is not None:
            return frame.iterates
        return "" if frame.parent is None else str(frame.parent.state)

    def _is_over(self, frame: Frame) -> bool:
        mapped = self._machine.states.get(frame.state) if frame.state is not None else None
        return mapped is not None and mapped.last


def _around(frame: Frame, holds: Callable[[Frame], bool]) -> Frame:
    return next((around for around in frame.outwards() if holds(around)), frame)


def _index(event: LogEvent) -> int:
    index = event.details.get("index")
    return index if isinstance(index, int) else int(str(index or 0))


def _told(task: str) -> Json:
    """Give what a task was given, without its token, which is another one after a redrive."""
    try:
        given = cast("Json", orjson.loads(task))
    except orjson.JSONDecodeError:
        return task
    payload = given.get("Payload") if isinstance(given, dict) else None
    if isinstance(payload, dict):
        payload.pop("token", None)
    return given
