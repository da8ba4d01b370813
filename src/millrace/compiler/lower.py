"""Pass: parse every expression of every config and ask each node type what the node becomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, cast

from millrace.catalogue import (
    Decide,
    Each,
    Gather,
    Lowering,
    Nothing,
    Pause,
    Repeat,
    Result,
    SetVariable,
    Stop,
    Task,
    Value,
)
from millrace.catalogue.input_schema import check_schema, to_json_schema
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Step
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
from millrace.model import Code, Diagnostic, Json, JsonType, NodeId, Severity, type_of

_NATIVE: Final = (Value, SetVariable, Decide, Pause, Result, Gather, Stop)

_SCHEMA_TYPES: Final[Mapping[str, JsonType]] = {
    "string": JsonType.STRING,
    "number": JsonType.NUMBER,
    "integer": JsonType.NUMBER,
    "boolean": JsonType.BOOLEAN,
    "array": JsonType.ARRAY,
    "object": JsonType.OBJECT,
}


def lower(graph: Graph, context: CompileContext) -> Graph:
    """Give every step its operation; steps whose expressions are broken get one too, beside their diagnostics."""
    del context
    problems: list[Diagnostic] = []
    schema = _inputs_schema(graph)
    names = NameScope(frozenset(graph.workflow.nodes) | {NodeId(name) for name in graph.workflow.unread})
    types = _input_types(schema)
    steps: dict[NodeId, Step] = {}
    for step in graph.steps.values():
        if step.is_broken:
            steps[step.id] = step
            continue
        scope = _Scope(step.id, names, types, problems, containers=tuple(reversed([*graph.enclosing(step.id)])))
        operation = _with_cache(step.kind.lower(step.config, scope), step, scope)
        timeout = scope.template(step.config.timeoutSeconds, "timeoutSeconds", JsonType.NUMBER)
        operation = _with_timeout(operation, timeout)
        steps[step.id] = replace(step, operation=operation, timeout=timeout, uses=tuple(scope.uses))
        problems += _without_effect(step, operation)
    return replace(graph, steps=steps, inputs_schema=schema, diagnostics=(*graph.diagnostics, *problems))


def _inputs_schema(graph: Graph) -> Mapping[str, Any] | None:
    for step in graph.steps.values():
        if step.kind.name == "input" and not step.is_broken:
            declared: Any = getattr(step.config, "schema_", None)
            # The node itself reports what is wrong with its schema.
            return None if check_schema(declared) else to_json_schema(declared)
    return None


def _input_types(schema: Mapping[str, Any] | None) -> Mapping[str, JsonType | None]:
    if schema is None:
        return {}
    properties = cast("Mapping[str, Any]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    types: dict[str, JsonType | None] = {}
    for name, declared in properties.items():
        member: Mapping[str, Any] = cast("Mapping[str, Any]", declared) if isinstance(declared, Mapping) else {}
        kind: Any = member.get("type")
        certain = name in required or "default" in member
        types[name] = _SCHEMA_TYPES.get(kind) if certain and isinstance(kind, str) else None
    return types


@dataclass(slots=True)
class _Scope:
    """The parser's side of `NodeType.lower` for one node; every problem becomes a diagnostic of that node."""

    node: NodeId
    names: NameScope
    input_types: Mapping[str, JsonType | None]
    problems: list[Diagnostic]
    uses: list[tuple[str, Reference]] = field(default_factory=list[tuple[str, Reference]])
    containers: tuple[NodeId, ...] = ()

    @property
    def input(self) -> Expression:
        return reference(ReferenceKind.INPUT)

    def template(self, value: object, at: str, expected: JsonType | None = None) -> Template:
        template, problems = parse_tree(cast("Json", value), self.names, at)
        for path, problem in problems:
            self._add(path, problem)
        self._record(template, at)
        if expected is not None and not problems:
            self._check_type(template, at, expected)
        return template

    def expression(self, text: str, at: str, *, of: Literal["run", "input", "item"] = "run") -> Expression:
        names = replace(self.names, fields_of_input=of == "input", fields_of_item=of == "item")
        expression, problems = parse_expression(text, names)
        for problem in problems:
            self._add(at, problem)
        if expression is None:
            return literal(None)
        self._record(expression, at)
        return expression

    def report(self, code: Code, at: str, message: str, remedy: str, *, column: int | None = None) -> None:
        self.problems.append(Diagnostic(code, message, remedy, node=self.node, field=at or None, column=column))

    def _record(self, template: Template, at: str) -> None:
        match template:
            case Expression():
                self.uses += [(at, used) for used in sorted(template.references)]
            case list():
                for index, item in enumerate(template):
                    self._record(item, f"{at}[{index}]")
            case dict():
                for key, item in template.items():
                    self._record(item, f"{at}.{key}" if at else key)
            case _:
                pass

    def _add(self, path: str, problem: Problem) -> None:
        self.problems.append(
            Diagnostic(
                problem.code,
                problem.message,
                problem.remedy,
                node=self.node,
                field=path or None,
                column=problem.column,
                expected=problem.expected,
                found=problem.found,
            )
        )

    def _check_type(self, template: Template, at: str, expected: JsonType) -> None:
        found = self._known_type(template)
        if found is None or found is expected or (found is JsonType.NULL and not isinstance(template, Expression)):
            return
        self.problems.append(
            Diagnostic(
                Code.TYPE_MISMATCH,
                f"expected `{at}` to be of type {expected.value}, found {found.value}",
                f"Write a value or an expression that gives a {expected.value}"
                + (
                    "; text around `${ … }` makes the whole a string."
                    if found is JsonType.STRING and isinstance(template, Expression)
                    else "."
                ),
                node=self.node,
                field=at,
                expected=expected.value,
                found=found.value,
            )
        )

    def _known_type(self, template: Template) -> JsonType | None:
        if not isinstance(template, Expression):
            return type_of(template)
        match template.parts:
            case (Reference(kind=ReferenceKind.INPUTS, name=name),) if name:
                return self.input_types.get(name)
            case _:
                return template.type


def _runs_in_function(operation: Lowering) -> bool:
    """Whether a function of ours gives the node's output; one that waits for a token only asks for it."""
    return isinstance(operation, Task) and operation.function is not None and not operation.waits_for_token


def _with_cache(operation: Lowering, step: Step, scope: _Scope) -> Lowering:
    """Tell the function that runs a node to keep the output and use it again (`millrace.steps.CacheRequest`)."""
    cache = step.config.cache
    if cache is None or not isinstance(operation, Task) or not _runs_in_function(operation):
        return operation
    assert isinstance(operation.arguments, dict), "a function's payload is an object"
    request: dict[str, Template] = {"ttlSeconds": cache.ttlSeconds}
    if cache.key is not None:
        request["key"] = scope.template(cache.key, "cache.key")
        request["workflowId"] = reference(ReferenceKind.WORKFLOW_ID)
    return replace(operation, arguments={**operation.arguments, "cache": request})


def _with_timeout(operation: Lowering, timeout: Template) -> Lowering:
    """Tell the function that asks people how many seconds they have; null for any time."""
    if not isinstance(operation, Task) or operation.function is None or not operation.waits_for_token:
        return operation
    assert isinstance(operation.arguments, dict), "a function's payload is an object"
    return replace(operation, arguments={**operation.arguments, "timeoutSeconds": timeout})


def _without_effect(step: Step, operation: Lowering) -> list[Diagnostic]:
    """Warn of common config that does nothing on this kind of node."""
    fields: list[str] = []
    if isinstance(operation, (*_NATIVE, Each, Repeat)) and step.config.timeoutSeconds is not None:
        fields.append("timeoutSeconds")
    if step.config.cache is not None and not _runs_in_function(operation):
        fields.append("cache")
    if isinstance(operation, _NATIVE) and step.config.retry is not None:
        fields.append("retry")
    if isinstance(operation, (Nothing, Stop)) and step.config.onError != "stop":
        fields.append("onError")
    return [
        Diagnostic(
            Code.NO_EFFECT,
            f"`{field}` has no effect on {_article(step.kind.title)} node: {_runs(operation)}",
            f"Remove `{field}`.",
            Severity.WARNING,
            node=step.id,
            field=field,
        )
        for field in fields
    ]


def _runs(operation: Lowering) -> str:
    match operation:
        case Task(waits_for_token=True):
            return "it waits for an answer from outside"
        case Task():
            return "Step Functions calls a service for it"
        case Nothing():
            return "it takes no part in the run"
        case _:
            return "it runs inside Step Functions itself"


def _article(title: str) -> str:
    return f"{'an' if title[:1] in 'AEIOU' else 'a'} {title}"
