"""What the states of a machine stand for: all that following its runs needs, as JSON that is kept beside the machine.

It is made once, by the compiler's release that made the machine (`mapping.map_of`), and read by every later release.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, cast

from millrace.model import Json, NodeId, Port, StateName

FORMAT: Final = 1
"""The version of the JSON."""


class Role(StrEnum):
    """What a node does, as far as following it needs to know."""

    TASK = "task"
    WAIT = "wait"
    STOP = "stop"
    DECIDE = "decide"
    EACH = "each"
    REPEAT = "repeat"
    RESULT = "result"
    INPUT = "input"
    PASS = "pass"  # noqa: S105 - no password
    VALUE = "value"


class Evidence(StrEnum):
    """What a variable that a state assigns tells of its node."""

    OUTPUT = "output"
    WRITTEN = "written"
    PORT = "port"
    NONE = "none"


Edge: TypeAlias = tuple[NodeId, Port]
"""The source of an edge, and the port that it leaves by."""


@dataclass(frozen=True, slots=True)
class MappedNode:
    """A node of the workflow.

    Attributes:
        type: The node type's name.
        parent: The container that it lies in.
        ports: The ways out.
        taken: The only port that can be live, where that is known before the run.
        goes_on: Whether `onError` lets the run go on after its failure.
        timeout_port: The port that is live when the task's time is up, instead of an error.
        result: The name among the run's outputs.
        alias: The node whose output is its output as it stands; "" for its input.
        failure: Error and cause of a stop, where its config says them outright.
        memory_gb: Memory of the function that runs it; 0 where none does.
        asks: Whether it waits for a task token.
    """

    id: NodeId
    label: str
    type: str
    role: Role
    parent: NodeId | None = None
    ports: tuple[Port, ...] = ()
    taken: Port | None = None
    goes_on: bool = False
    timeout_port: Port | None = None
    result: str | None = None
    alias: NodeId | Literal[""] | None = None
    failure: tuple[str, str] | None = None
    memory_gb: float = 0.0
    asks: bool = False

    @property
    def decides(self) -> bool:
        """Whether the run decides which of several ports is live."""
        return len(self.ports) > 1 and self.taken is None


@dataclass(frozen=True, slots=True)
class MappedRegion:
    """The nodes that lie directly in one container, or at the top.

    Attributes:
        order: The nodes in a topological order.
        incoming: Edges into a node, in edge order.
    """

    order: tuple[NodeId, ...]
    incoming: Mapping[NodeId, tuple[Edge, ...]]


@dataclass(frozen=True, slots=True)
class MappedState:
    """A state.

    Attributes:
        node: The node that it does the work of, for states that belong to one node.
        owner: The container that its `States` object belongs to.
        around: The Parallel or Map that its `States` object stands in; "" for a machine's own.
        last: Whether its scope ends with it.
        leads_on: Whether its node's work goes on in the next state.
        stands_for: The nodes that it stands for, as in the source map.
        attempts: The node whose work it tries, inside the state of that node.
        assigned: What each variable that it assigns tells, in the order in which they are computed.
    """

    node: NodeId | None
    owner: NodeId | None
    around: StateName | Literal[""]
    last: bool
    stands_for: tuple[NodeId, ...] = ()
    attempts: NodeId | None = None
    leads_on: bool = False
    assigned: Mapping[str, tuple[Evidence, NodeId]] = field(default_factory=dict[str, "tuple[Evidence, NodeId]"])


@dataclass(frozen=True, slots=True)
class Rounds:
    """The states that drive a while.

    Attributes:
        repeat: The Pass that ends an iteration; None where none comes to its end.
        control: It, the Choice before each iteration, and the states before the first and behind the last.
    """

    repeat: StateName | None
    control: frozenset[StateName]


@dataclass(frozen=True, slots=True)
class Prices:
    """US$ for what a run uses."""

    transition: float
    express_request: float
    express_gb_second: float
    lambda_request: float
    lambda_gb_second: float


@dataclass(frozen=True, slots=True)
class RunMap:
    """What the states of a machine, and of its children, stand for.

    Attributes:
        express: Whether the machine is an Express one.
        timeout_seconds: How long a run may take.
        nodes: The nodes, but for notes, in the order of the document.
        evident: Nodes whose end a state's exit shows; the others only pass a value on, or name one.
    """

    express: bool
    timeout_seconds: int | None
    prices: Prices
    nodes: Mapping[NodeId, MappedNode]
    regions: Mapping[NodeId | None, MappedRegion]
    states: Mapping[StateName, MappedState]
    rounds: Mapping[NodeId, Rounds]
    evident: frozenset[NodeId]

    def enclosing(self, node: NodeId) -> Iterator[NodeId]:
        """Give the containers around a node, the innermost first."""
        parent = self.nodes[node].parent
        while parent is not None:
            yield parent
            parent = self.nodes[parent].parent

    def culprit(self, state: StateName, location: str) -> NodeId | None:
        """Give the node that a state's failure is the failure of.

        Args:
            state: The state.
            location: The field whose expression failed, such as `Assign/total/sum`; empty where none is known.
        """
        mapped = self.states.get(state)
        if mapped is None:
            return None
        part, _, rest = location.partition("/")
        used = mapped.assigned.get(rest.partition("/")[0]) if part == "Assign" else None
        if used is not None:
            return used[1]
        own = mapped.node or mapped.attempts
        if own is not None:
            return own
        owner = mapped.owner
        if owner is not None and owner in self.rounds and state in self.rounds[owner].control:
            return owner
        nodes = [*(node for _, node in mapped.assigned.values()), *mapped.stands_for]
        return nodes[0] if nodes else owner

    def to_json(self) -> dict[str, Json]:
        """Write the map as JSON; what is at its default is left out."""
        prices = self.prices
        return {
            "format": FORMAT,
            "express": self.express,
            "timeoutSeconds": self.timeout_seconds,
            "prices": {
                "transition": prices.transition,
                "expressRequest": prices.express_request,
                "expressGbSecond": prices.express_gb_second,
                "lambdaRequest": prices.lambda_request,
                "lambdaGbSecond": prices.lambda_gb_second,
            },
            "nodes": [_node_to_json(node) for node in self.nodes.values()],
            "regions": [
                {
                    "owner": owner,
                    "order": list(region.order),
                    "incoming": {
                        str(node): [[source, port] for source, port in edges]
                        for node, edges in region.incoming.items()
                        if edges
                    },
                }
                for owner, region in self.regions.items()
            ],
            "states": {str(name): _state_to_json(state) for name, state in self.states.items()},
            "rounds": {
                str(node): {"repeat": rounds.repeat, "control": [*sorted(rounds.control)]}
                for node, rounds in self.rounds.items()
            },
            "evident": [*sorted(self.evident)],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RunMap":
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is of a format that this release does not know.
        """
        if data.get("format") != FORMAT:
            raise ValueError(
                f"expected a run map of format {FORMAT}, found {data.get('format')!r}: publish the workflow again"
            )
        prices = data["prices"]
        return cls(
            data["express"],
            data["timeoutSeconds"],
            Prices(
                prices["transition"],
                prices["expressRequest"],
                prices["expressGbSecond"],
                prices["lambdaRequest"],
                prices["lambdaGbSecond"],
            ),
            {NodeId(node["id"]): _node_from_json(node) for node in data["nodes"]},
            {region["owner"]: _region_from_json(region) for region in data["regions"]},
            {StateName(name): _state_from_json(state) for name, state in data["states"].items()},
            {
                NodeId(node): Rounds(rounds["repeat"], frozenset(map(StateName, rounds["control"])))
                for node, rounds in data["rounds"].items()
            },
            frozenset(map(NodeId, data["evident"])),
        )


_DEFAULTS: Final[Mapping[str, Json]] = {
    "parent": None,
    "taken": None,
    "goesOn": False,
    "timeoutPort": None,
    "result": None,
    "alias": None,
    "failure": None,
    "memoryGb": 0.0,
    "asks": False,
}


def _node_to_json(node: MappedNode) -> dict[str, Json]:
    written: dict[str, Json] = {
        "id": node.id,
        "label": node.label,
        "type": node.type,
        "role": node.role.value,
        "parent": node.parent,
        "ports": list(node.ports),
        "taken": node.taken,
        "goesOn": node.goes_on,
        "timeoutPort": node.timeout_port,
        "result": node.result,
        "alias": node.alias,
        "failure": None if node.failure is None else list(node.failure),
        "memoryGb": node.memory_gb,
        "asks": node.asks,
    }
    return {name: value for name, value in written.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}


def _node_from_json(data: Mapping[str, Any]) -> MappedNode:
    failure = cast("list[str] | None", data.get("failure"))
    return MappedNode(
        data["id"],
        data["label"],
        data["type"],
        Role(data["role"]),
        data.get("parent"),
        tuple(data["ports"]),
        data.get("taken"),
        data.get("goesOn", False),
        data.get("timeoutPort"),
        data.get("result"),
        data.get("alias"),
        None if failure is None else (failure[0], failure[1]),
        data.get("memoryGb", 0.0),
        data.get("asks", False),
    )


def _region_from_json(data: Mapping[str, Any]) -> MappedRegion:
    order = tuple(map(NodeId, data["order"]))
    incoming = {node: tuple((source, port) for source, port in data["incoming"].get(node, ())) for node in order}
    return MappedRegion(order, incoming)


def _state_to_json(state: MappedState) -> dict[str, Json]:
    written: dict[str, Json] = {
        "node": state.node,
        "owner": state.owner,
        "around": state.around,
        "last": state.last,
        "standsFor": list(state.stands_for),
        "attempts": state.attempts,
        "leadsOn": state.leads_on,
        "assigned": {name: [evidence.value, node] for name, (evidence, node) in state.assigned.items()},
    }
    return {name: value for name, value in written.items() if value}


def _state_from_json(data: Mapping[str, Any]) -> MappedState:
    return MappedState(
        data.get("node"),
        data.get("owner"),
        data.get("around", ""),
        data.get("last", False),
        tuple(data.get("standsFor", ())),
        data.get("attempts"),
        data.get("leadsOn", False),
        {name: (Evidence(evidence), node) for name, (evidence, node) in data.get("assigned", {}).items()},
    )
