"""What is known of a run while its events are taken in, over all of its executions."""

from dataclasses import dataclass, field

from millrace.model import Json, NodeId
from millrace.observation.activation import Activation, Attempt
from millrace.observation.failures import UNKNOWN
from millrace.observation.report import NodeError, RunError
from millrace.store.records import RunStatus


@dataclass(frozen=True, slots=True)
class Phase:
    """A change of a run's status, at a moment in milliseconds since the epoch."""

    status: RunStatus
    at: int
    error: RunError | None = None


@dataclass(slots=True)
class RunState:
    """A run, as far as it has come.

    Attributes:
        root: The run through the nodes at the top.
        open: The iterations that have not ended.
        closed: Those that have, in the order in which they did.
        touched: Activations of which something new is known.
        asking: Attempts that wait for people, or did.
        phases: How its status changed: to which, when, and by which error.
        started, ended: In milliseconds since the epoch.
        transitions: State transitions, each try of a task among them.
        redrives: How often the run was taken up again.
        billed: Calls of functions, and the milliseconds that they took, by node.
    """

    root: Activation = field(default_factory=Activation)
    open: dict[Activation, None] = field(default_factory=dict[Activation, None])
    closed: dict[Activation, None] = field(default_factory=dict[Activation, None])
    touched: dict[Activation, None] = field(default_factory=dict[Activation, None])
    asking: list[Attempt] = field(default_factory=list[Attempt])
    status: RunStatus = RunStatus.RUNNING
    outputs: dict[str, Json] | None = None
    error: RunError | None = None
    phases: list[Phase] = field(default_factory=list[Phase])
    started: int | None = None
    ended: int | None = None
    transitions: int = 0
    redrives: int = 0
    billed: dict[NodeId, tuple[int, int]] = field(default_factory=dict[NodeId, "tuple[int, int]"])

    @property
    def is_final(self) -> bool:
        """Whether nothing of the run is at work."""
        return self.status is not RunStatus.RUNNING

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a person."""
        self.asking = [attempt for attempt in self.asking if attempt.waits]
        return not self.is_final and bool(self.asking)

    def bill(self, node: NodeId, milliseconds: int) -> None:
        """Count the call of a node's function."""
        calls, busy = self.billed.get(node, (0, 0))
        self.billed[node] = (calls + 1, busy + milliseconds)

    def touch(self, activation: Activation | None) -> None:
        """Note that something new is known of an activation."""
        if activation is not None:
            self.touched[activation] = None

    def close(self, activation: Activation | None, now: int) -> None:
        """Note that an iteration has ended."""
        if activation is not None and activation in self.open:
            del self.open[activation]
            activation.ended = now
            self.closed[activation] = None
            self.touch(activation)

    def reopen(self, activation: Activation | None) -> None:
        """Note that an iteration goes on after a redrive."""
        if activation is not None:
            activation.ended = None
            self.touch(activation)
            if activation in self.closed:
                del self.closed[activation]
                self.open[activation] = None

    def name_error(self, error: NodeError) -> None:
        """Give the nodes that failed by an error that only the run's end names that error."""
        for activation in (self.root, *self.open, *self.closed):
            unnamed = {node: error for node, known in activation.failures.items() if known == UNKNOWN}
            if unnamed:
                activation.failures.update(unnamed)
                self.touch(activation)
