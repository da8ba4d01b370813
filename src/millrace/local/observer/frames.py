"""The scopes of a running execution: its own, those of branches and those of iterations."""

from dataclasses import dataclass, field

from millrace.catalogue import Repeat
from millrace.engine import HistoryEvent
from millrace.local.observer.activation import Activation
from millrace.local.observer.failures import Failure
from millrace.local.observer.machine_map import MachineMap
from millrace.model import Json, NodeId, StateName


@dataclass(slots=True, eq=False)
class Frame:
    """A scope of states that run one after the other.

    Attributes:
        current: The run through a region that its states belong to; None between the iterations of a while.
        parent: The frame of the Parallel or Map that started it.
        iterates: The Map that it is an iteration of.
        loops: The while whose iterations follow each other in it.
        state: The state that it is in.
        failure: How that state failed, until it is tried again or left.
        inner: The frames that the state has started.
        timeout: Seconds that the state's task has.
        child: ARN of the execution that the state has started for a part of the run.
        passed_on: The failure of such an execution, which a Fail state behind the state passes on.
    """

    current: Activation | None
    parent: "Frame | None" = None
    iterates: StateName | None = None
    loops: NodeId | None = None
    state: StateName | None = None
    failure: Failure | None = None
    inner: list["Frame"] = field(default_factory=list["Frame"])
    timeout: Json = None
    child: str = ""
    passed_on: Failure | None = None


class Frames:
    """Finds the frame that an event happened in; makes it with the first event in it.

    Attributes:
        open: The activations of iterations that have not ended.
    """

    def __init__(self, machine: MachineMap) -> None:
        self._machine = machine
        self._by_id: dict[tuple[str, int], Frame] = {}
        self._by_event: dict[tuple[str, int], Frame] = {}
        self.open: dict[Activation, None] = {}

    def start(self, execution: str, activation: Activation) -> None:
        """Make the frame of an execution's own scope."""
        self._by_id[execution, 0] = Frame(activation)

    def root(self, execution: str) -> Frame:
        """Give the frame of an execution's own scope."""
        return self._by_id[execution, 0]

    def of(self, event: HistoryEvent, execution: str) -> Frame:
        """Give the frame of an event."""
        key = (execution, event.frame)
        frame = self._by_id.get(key)
        if frame is None:
            before = self._by_event[execution, event.previous]
            is_iteration = event.type == "MapIterationStarted"
            frame = self._iteration(StateName(event.state), before) if is_iteration else self._branch(before)
            self._by_id[key] = frame
        self._by_event[execution, event.id] = frame
        return frame

    def failing(self) -> Frame | None:
        """Give the frame with the last failure that nothing has caught."""
        failing = [frame for frame in self._by_id.values() if frame.failure is not None]
        return max(failing, key=lambda frame: frame.failure.event if frame.failure else 0, default=None)

    def within(self, state: StateName) -> Frame | None:
        """Give the last frame that is in a state."""
        return next((frame for frame in reversed(self._by_id.values()) if frame.state == state), None)

    def activation(self, frame: Frame) -> Activation:
        """Give the activation that a frame's states belong to; in a while, a new one for each iteration."""
        if frame.current is None:
            assert frame.parent is not None
            frame.current = Activation(frame.loops, self.activation(frame.parent))
            self.open[frame.current] = None
        return frame.current

    def is_control(self, frame: Frame) -> bool:
        """Whether a frame is in one of the states that drive a while."""
        return frame.loops is not None and frame.state in self._machine.rounds[frame.loops].control

    def _iteration(self, state: StateName, before: Frame) -> Frame:
        # The first iterations follow the Map's own event, the others the end of one before them.
        parent = before.parent if before.iterates == state and before.parent is not None else before
        activation = Activation(self._machine.nodes.get(state), self.activation(parent))
        self.open[activation] = None
        return self._added(Frame(activation, parent, iterates=state), parent)

    def _branch(self, before: Frame) -> Frame:
        node = self._machine.nodes.get(before.state) if before.state is not None else None
        if node is not None and isinstance(self._machine.compilation.graph.steps[node].operation, Repeat):
            return self._added(Frame(None, before, loops=node), before)
        return self._added(Frame(before.current, before), before)

    def _added(self, frame: Frame, parent: Frame) -> Frame:
        parent.inner.append(frame)
        return frame
