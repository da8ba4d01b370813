"""A stand-in for the compiler's side of `NodeType.lower`, and the evaluation of what a node lowers to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import jsonatapy

from millrace.catalogue import Lowering, NodeType, Value, node_types
from millrace.expressions import (
    Expression,
    NameScope,
    Problem,
    Reference,
    ReferenceKind,
    Template,
    literal,
    parse_expression,
    parse_tree,
    reference,
)
from millrace.model import Code, Json, JsonType, NodeId, type_of

L = TypeVar("L")

NODE = NodeId("this-node")
NODES = frozenset(
    map(NodeId, ("this-node", "fetch-1", "fetch", "loop", "price", "save", "sum", "page", "poll", "orders"))
)


@dataclass(frozen=True, slots=True)
class Report:
    """A problem that a node type reported."""

    code: Code
    at: str
    message: str
    remedy: str
    column: int | None = None


@dataclass
class FakeScope:
    """Parses as the compiler does, and keeps what is reported."""

    node: NodeId = NODE
    input: Expression = field(default_factory=lambda: reference(ReferenceKind.INPUT))
    reports: list[Report] = field(default_factory=list[Report])
    containers: tuple[NodeId, ...] = ()

    def template(self, value: object, at: str, expected: JsonType | None = None) -> Template:
        parsed, problems = parse_tree(value, NameScope(NODES), at)  # pyright: ignore[reportArgumentType] -- any JSON
        for path, problem in problems:
            self._add(problem, path)
        known = parsed.type if isinstance(parsed, Expression) else type_of(parsed)
        if expected and known and known is not expected and parsed is not None:
            self.report(Code.TYPE_MISMATCH, at, f"expected {expected}, found {known}", "")
        return parsed

    def expression(self, text: str, at: str, *, of: Literal["run", "input", "item"] = "run") -> Expression:
        names = NameScope(NODES, fields_of_input=of == "input", fields_of_item=of == "item")
        parsed, problems = parse_expression(text, names)
        for problem in problems:
            self._add(problem, at)
        return parsed or literal(None)

    def report(self, code: Code, at: str, message: str, remedy: str, *, column: int | None = None) -> None:
        self.reports.append(Report(code, at, message, remedy, column))

    def _add(self, problem: Problem, at: str) -> None:
        self.report(problem.code, at, problem.message, problem.remedy)


@dataclass(frozen=True)
class Lowered:
    """A node after lowering.

    Attributes:
        operation: What it became.
        reports: What is wrong with it.
    """

    operation: Lowering
    reports: tuple[Report, ...]

    def as_a(self, kind: type[L]) -> L:
        assert self.reports == ()
        assert isinstance(self.operation, kind)
        return self.operation


def lower(name: str, /, **data: Any) -> Lowered:
    """Lower a node of a type with this config."""
    kind: NodeType[Any] = node_types()[name]
    scope = FakeScope()
    operation = kind.lower(kind.Config.model_validate(data), scope)
    return Lowered(operation, tuple(scope.reports))


def output(name: str, given: Any, /, run: Mapping[str, Any] | None = None, **data: Any) -> Any:
    """Give the output of a native node for an input."""
    return evaluate(lower(name, **data).as_a(Value).value, given, run)


def evaluate(template: Template, given: Any = None, run: Mapping[str, Any] | None = None) -> Any:
    """Resolve a template as a state does; `run` holds inputs, vars and nodes' outputs by their names."""
    match template:
        case Expression():
            return _evaluate(template, given, run or {})
        case list():
            return [evaluate(item, given, run) for item in template]
        case dict():
            return {name: evaluate(member, given, run) for name, member in template.items()}
        case _:
            return template


def _evaluate(expression: Expression, given: Any, run: Mapping[str, Any]) -> Any:
    bindings: dict[str, Json] = {}

    def name_of(part: Reference) -> str:
        name = f"{part.kind.name}__{part.name.replace('-', '_')}"
        bindings[name] = given if part.kind is ReferenceKind.INPUT else run.get(part.name)
        return f"${name}"

    compiled = jsonatapy.compile(expression.render(name_of))
    compiled.register("partition", _partition)
    return compiled.evaluate(None, bindings)


def _partition(items: list[Json], size: float) -> list[list[Json]]:
    """Split a list as Step Functions' `$partition` does."""
    return [items[start : start + int(size)] for start in range(0, len(items), int(size))]
