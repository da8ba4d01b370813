"""One run through the nodes of a region: the workflow's own, or an iteration of a container's body."""

from dataclasses import dataclass, field

from millrace.model import Json, NodeId, Port
from millrace.observation.report import NodeError
from millrace.observation.run_map import Evidence


@dataclass(slots=True)
class Attempt:
    """One attempt of a node that has a state of its own.

    Attributes:
        started: Milliseconds since the epoch, as all moments here.
        ended: None while it is at work.
        error: Why it failed, as far as its own events tell.
        cancelled: Whether it was at work when its scope ended.
        called: When its function was called.
        waits: What the task was given, as JSON text, while it waits for a person; empty otherwise.
        asked: When it began to wait for a person.
        console, printed: What code printed, and when that was known.
        transitions: State transitions that it took.
        busy, calls: Milliseconds for which its function is billed, and how often it was called.
    """

    started: int
    ended: int | None = None
    error: NodeError | None = None
    cancelled: bool = False
    called: int | None = None
    waits: str = ""
    asked: int | None = None
    console: tuple[str, ...] = ()
    printed: int = 0
    transitions: int = 0
    busy: int = 0
    calls: int = 0


@dataclass(slots=True, eq=False)
class Activation:
    """What is known of one run through a region.

    Attributes:
        owner: The container whose body it is; None for the workflow.
        parent: The activation that the container runs in.
        path: Container ids and indexes that lead to it, outermost first; empty for the workflow.
        started, ended: When its scope began, and ended; None while it is open.
        given: The value that the region's first nodes are given: the run's inputs, or the item of a loop.
        outputs: Outputs by node.
        ports: The ports that nodes took.
        done: Nodes whose end was seen.
        running: Nodes at work.
        failures: Nodes that failed, handled or not.
        handled: Those of them whose failure `onError` handled.
        attempts: The attempts of nodes that have states of their own.
        moments: When nodes without states of their own were computed.
        transitions: State transitions of states that several nodes share, by the first of them.
    """

    owner: NodeId | None = None
    parent: "Activation | None" = None
    path: str = ""
    started: int = 0
    ended: int | None = None
    given: Json = None
    outputs: dict[NodeId, Json] = field(default_factory=dict[NodeId, Json])
    ports: dict[NodeId, Port] = field(default_factory=dict[NodeId, Port])
    done: set[NodeId] = field(default_factory=set[NodeId])
    running: set[NodeId] = field(default_factory=set[NodeId])
    failures: dict[NodeId, NodeError] = field(default_factory=dict[NodeId, NodeError])
    handled: set[NodeId] = field(default_factory=set[NodeId])
    attempts: dict[NodeId, list[Attempt]] = field(default_factory=dict[NodeId, "list[Attempt]"])
    moments: dict[NodeId, tuple[int, int]] = field(default_factory=dict[NodeId, "tuple[int, int]"])
    transitions: dict[NodeId, int] = field(default_factory=dict[NodeId, int])

    def assign(self, node: NodeId, evidence: Evidence, value: Json, moment: tuple[int, int]) -> None:
        """Take a value that a state has assigned."""
        match evidence:
            case Evidence.OUTPUT:
                self.outputs[node] = value
                self._computed(node, moment)
            case Evidence.WRITTEN:
                self._computed(node, moment)
            case Evidence.PORT if isinstance(value, str):
                self.ports[node] = Port(value)
            case _:
                pass

    def _computed(self, node: NodeId, moment: tuple[int, int]) -> None:
        self.done.add(node)
        self.moments.setdefault(node, moment)

    def last(self, node: NodeId) -> Attempt | None:
        """Give the last attempt of a node."""
        attempts = self.attempts.get(node)
        return attempts[-1] if attempts else None

    def begin(self, node: NodeId, now: int) -> Attempt:
        """Note that a node is at work: for the first time, once more after a failure, or in another of its states."""
        self.running.add(node)
        self.failures.pop(node, None)
        attempts = self.attempts.setdefault(node, [])
        if not attempts or attempts[-1].error is not None or attempts[-1].cancelled:
            attempts.append(Attempt(now))
        attempts[-1].ended = None
        return attempts[-1]

    def end(self, node: NodeId, now: int) -> None:
        """Note that a node has ended."""
        self.running.discard(node)
        self.done.add(node)
        attempt = self.last(node)
        if attempt is not None:
            attempt.waits = ""
            if attempt.ended is None:
                attempt.ended = now

    def fail(self, node: NodeId, error: NodeError, moment: tuple[int, int]) -> None:
        """Note that a node has failed."""
        self.running.discard(node)
        self.failures[node] = error
        attempt = self.last(node)
        if attempt is None:
            self.moments[node] = moment
            return
        attempt.error, attempt.waits = error, ""
        if attempt.ended is None:
            attempt.ended = moment[1]

    def interrupt(self, node: NodeId, now: int) -> None:
        """Note that what a node was at is given up; it may be taken up again."""
        self.running.discard(node)
        attempt = self.last(node)
        if attempt is not None and attempt.ended is None:
            attempt.ended, attempt.cancelled, attempt.waits = now, True, ""

    def console(self, node: NodeId) -> tuple[str, ...]:
        """Give what a node's code printed, by its last attempt that printed."""
        return next((known.console for known in reversed(self.attempts.get(node, ())) if known.console), ())
