"""The contract of a node type: metadata, configuration, ports, and how it lowers or runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from millrace.catalogue.config import NodeConfig, Retry
from millrace.catalogue.lowering import LAMBDA_INVOKE, Lowering, Task
from millrace.expressions import Expression, Template
from millrace.model import OUT, Code, Json, JsonType, NodeId, Port

C = TypeVar("C", bound=NodeConfig)


class Category(StrEnum):
    """The groups of the palette."""

    FLOW = "Flow"
    DATA = "Data"
    CODE = "Code"
    NETWORK = "Network"
    PEOPLE = "People"
    STRUCTURE = "Structure"


class Function(StrEnum):
    """The Lambda functions that run nodes; each is a folder under functions/."""

    STEPS = "steps"
    CODE = "code"
    PEOPLE = "people"


class NodeFailure(Exception):  # noqa: N818 - Step Functions' term for how a task ends
    """A node's own failure at run time: a name that `retry` and `onError` see, and a message for people.

    Attributes:
        error: The error's name, such as `Http.Status`; Step Functions' retriers and catchers match it.
        transient: Whether trying again may help.
    """

    def __init__(
        self, error: str, message: str, *, transient: bool = False, details: Mapping[str, Json] | None = None
    ) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.transient = transient
        self.details = details


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a node that runs in a function knows of its run.

    Attributes:
        node: The node's id.
        input: The node's input, resolved.
        console: Takes a line of console output.
        remaining_seconds: How long the function may still run.
    """

    node: NodeId
    run_id: str = ""
    input: Json = None
    console: Callable[[str], None] = field(default=lambda _line: None)
    remaining_seconds: Callable[[], float] = field(default=lambda: 60.0)


class LowerScope(Protocol):
    """What `lower` may ask of the compiler about the node at hand; problems are reported, never raised."""

    @property
    def node(self) -> NodeId:
        """The node's id."""
        ...

    @property
    def containers(self) -> tuple[NodeId, ...]:
        """The containers around the node, the outermost first."""
        ...

    @property
    def input(self) -> Expression:
        """The node's input."""
        ...

    def template(self, value: object, at: str, expected: JsonType | None = None) -> Template:
        """Parse a config value; every string in it may hold expressions.

        Args:
            value: A value of the config.
            at: The field's dotted path, for diagnostics.
            expected: The JSON type that the value must have, where it can be known before the run.
        """
        ...

    def expression(self, text: str, at: str, *, of: Literal["run", "input", "item"] = "run") -> Expression:
        """Parse JSONata that stands without `${ … }`.

        Args:
            text: The JSONata.
            at: The field's dotted path, for diagnostics.
            of: What it is about; of an `item`, bare names are the item's fields and `$` is the item; of the `input`, a
                bare field is an error that suggests `input.<field>`.
        """
        ...

    def report(self, code: Code, at: str, message: str, remedy: str, *, column: int | None = None) -> None:
        """Add an error about a field; `column` is 1-based."""
        ...


class NodeType(Generic[C]):
    """A node type: one subclass, one file.

    A subclass is data where it can be: the attributes below. It overrides `lower` when the node becomes an operation
    other than a call of its `function`, and defines `run` when a function of ours runs it.

    Attributes:
        name: The type's name in documents.
        title: What the palette shows.
        summary: One sentence, what it does.
        icon: Name of a Lucide icon.
        Config: Model of the node's `data`.
        output: JSON Schema of the output.
        ports: The ways out, when they do not depend on the config.
        function: The function that runs it; None for a node that runs without code of ours.
        reaches_outside: Whether it talks to the world, and is therefore retried on transient errors by default.
        expected_seconds: How long it takes, when nothing better is known.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    category: ClassVar[Category]
    icon: ClassVar[str]
    Config: ClassVar[type[NodeConfig]] = NodeConfig
    output: ClassVar[Mapping[str, Json]] = {}
    ports: ClassVar[tuple[Port, ...]] = (OUT,)
    function: ClassVar[Function | None] = None
    reaches_outside: ClassVar[bool] = False
    is_container: ClassVar[bool] = False
    takes_edges: ClassVar[bool] = True
    expected_seconds: ClassVar[float] = 0.0
    examples: ClassVar[tuple[Mapping[str, Json], ...]] = ()

    def ports_of(self, config: C) -> tuple[Port, ...]:
        """The ways out of a node with this config, without the `error` port of `onError: branch`."""
        del config
        return self.ports

    def retry_of(self, config: C) -> Retry | None:
        """The retries of a node with this config: its own, or the default for nodes that reach outside."""
        return config.retry or (Retry() if self.reaches_outside else None)

    def lower(self, config: C, scope: LowerScope) -> Lowering:
        """Say what the node becomes; by default a call of its function with its resolved config."""
        assert self.function is not None, f"{self.name} names no function and does not say what it lowers to"
        return Task(
            resource=LAMBDA_INVOKE,
            arguments={
                "type": self.name,
                "node": scope.node,
                "config": scope.template(self.settings(config), ""),
                "input": scope.input,
            },
            result=".Payload.output",
            function=self.function,
            expected_seconds=self.expected_seconds,
        )

    def settings(self, config: C) -> dict[str, Any]:
        """Give the fields of the type itself that are set, as in the document."""
        common = NodeConfig.model_fields.keys()
        return config.model_dump(mode="json", exclude=set(common), exclude_unset=True, by_alias=True)

    def run(self, config: C, context: RunContext) -> Json:
        """Run the node; only in the function that `function` names.

        Args:
            config: The config with every expression resolved.
            context: The run's surroundings.

        Returns:
            The node's output.

        Raises:
            NodeFailure: It failed; the name and message go into the run's history.
        """
        raise AssertionError(f"{self.name} does not run in a function: {config} {context}")
