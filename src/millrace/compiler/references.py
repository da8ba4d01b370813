"""Pass: check that every reference names something that the node can read where it stands."""

from dataclasses import replace
from typing import Final

from millrace.catalogue import Each, SetVariable
from millrace.compiler.check import suggestion
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Step
from millrace.expressions import Reference, ReferenceKind
from millrace.model import Code, Diagnostic, NodeId, Severity

_INSIDE_FIELDS: Final = ("collect", "condition")
"""Fields of a container that are evaluated in its iterations and may read the nodes in it."""


def check_references(graph: Graph, context: CompileContext) -> Graph:
    """Report references to nodes that do not come before, to unknown inputs and to variables that nobody writes."""
    del context
    checker = _Checker(graph)
    problems = [
        problem
        for step in graph.steps.values()
        for at, reference in step.uses
        if (problem := checker.check(step, at, reference)) is not None
    ]
    return replace(graph, diagnostics=(*graph.diagnostics, *dict.fromkeys(problems)))


def reads_inside(step: Step, at: str) -> bool:
    """Whether a field of a container is evaluated in its iterations."""
    return step.kind.is_container and at.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0] in _INSIDE_FIELDS


class _Checker:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._variables = {
            step.operation.name for step in graph.steps.values() if isinstance(step.operation, SetVariable)
        }
        # A variable node whose config is broken may be the one that is meant.
        self._unsure = any(step.is_broken and step.node.type == "variable" for step in graph.steps.values())

    def check(self, step: Step, at: str, reference: Reference) -> Diagnostic | None:
        match reference.kind:
            case ReferenceKind.OUTPUT | ReferenceKind.ERROR:
                return self._check_node(step, at, reference)
            case ReferenceKind.ITEM | ReferenceKind.INDEX:
                return self._check_container(step, at, reference)
            case ReferenceKind.INPUTS:
                return self._check_input(step, at, reference.name)
            case ReferenceKind.VARIABLE:
                return self._check_variable(step, at, reference.name)
            case _:
                return None

    def _check_node(self, step: Step, at: str, reference: Reference) -> Diagnostic | None:
        graph, node = self._graph, reference.node
        target = graph.steps.get(node)
        if target is None:
            return None
        if not target.kind.takes_edges:
            return _problem(
                Code.NOT_AN_ANCESTOR,
                step,
                at,
                f"{node!r} is a {target.kind.name} and has no output",
                "Remove the reference.",
            )
        if target.node.parent == step.id and reads_inside(step, at):
            return None
        place = self._level(step, target)
        if place is None:
            container = target.node.parent
            return _problem(
                Code.OUTSIDE_CONTAINER,
                step,
                at,
                f"{node!r} runs inside {container!r}; its output cannot be read from outside",
                f"Read `{container}.output.results`, or move {step.id!r} into {container!r}.",
            )
        if place == node:
            return _problem(
                Code.NOT_AN_ANCESTOR,
                step,
                at,
                f"{node!r} refers to itself"
                if place == step.id
                else f"{step.id!r} runs inside {node!r}, which ends after it",
                "Refer to `input`, or to a node that runs before.",
            )
        region = graph.region_of(node)
        if place not in region.ancestors or node not in region.ancestors:
            return None
        if not region.is_ancestor(node, place):
            backwards = region.is_ancestor(place, node)
            return _problem(
                Code.NOT_AN_ANCESTOR,
                step,
                at,
                f"{node!r} {'runs after' if backwards else 'does not run before'} {place!r}",
                f"Refer to a node that runs before {place!r}."
                if backwards
                else f"Draw an edge from {node!r} to {place!r}, or to a node before it.",
                expected=f"an ancestor of {place!r}",
            )
        if reference.kind is ReferenceKind.ERROR and not target.is_broken and target.config.onError == "stop":
            return _problem(
                Code.NOT_BRANCHING,
                step,
                at,
                f"{node!r} stops the run when it fails, so `{node}.error` never has a value",
                f"Set `onError` of {node!r} to `branch` or `continue`.",
                severity=Severity.WARNING,
            )
        return None

    def _level(self, step: Step, target: Step) -> NodeId | None:
        """Give the node in the target's region that the reader is, or lies in; None where the target lies deeper."""
        if step.node.parent == target.node.parent:
            return step.id
        for container in self._graph.enclosing(step.id):
            if self._graph.steps[container].node.parent == target.node.parent:
                return container
        return None

    def _check_container(self, step: Step, at: str, reference: Reference) -> Diagnostic | None:
        graph, node = self._graph, reference.node
        target = graph.steps.get(node)
        if target is None or target.is_broken:
            return None
        if not target.kind.is_container:
            return _problem(
                Code.OUTSIDE_CONTAINER,
                step,
                at,
                f"{node!r} is a {target.kind.name} node; only a loop or while has `.{reference.kind.value}`",
                f"Read `{node}.output`.",
            )
        if node not in graph.enclosing(step.id) and not (node == step.id and reads_inside(step, at)):
            return _problem(
                Code.OUTSIDE_CONTAINER,
                step,
                at,
                f"`{node}.{reference.kind.value}` has a value only inside of {node!r}",
                f"Move {step.id!r} into {node!r}, or read `{node}.output.results`.",
            )
        if reference.kind is ReferenceKind.ITEM and not isinstance(target.operation, Each):
            return _problem(
                Code.OUTSIDE_CONTAINER,
                step,
                at,
                f"{node!r} is a while, which has no items",
                f"Read `{node}.index`, or a variable.",
            )
        return None

    def _check_input(self, step: Step, at: str, name: str) -> Diagnostic | None:
        schema = self._graph.inputs_schema
        if not name or schema is None or schema.get("additionalProperties", True) is not False:
            return None
        known = schema.get("properties", {})
        if name in known:
            return None
        return _problem(
            Code.UNKNOWN_INPUT,
            step,
            at,
            f"the workflow has no input {name!r}{suggestion(name, known)}",
            f"Declare {name!r} in the input node, or correct the name.",
            expected=" or ".join(known) or "no input",
            found=name,
        )

    def _check_variable(self, step: Step, at: str, name: str) -> Diagnostic | None:
        if name in self._variables or self._unsure:
            return None
        return _problem(
            Code.UNKNOWN_VARIABLE,
            step,
            at,
            f"no variable node writes {name!r}{suggestion(name, self._variables)}",
            f"Add a variable node that sets {name!r}, or correct the name.",
            found=name,
        )


def _problem(
    code: Code,
    step: Step,
    at: str,
    message: str,
    remedy: str,
    *,
    severity: Severity = Severity.ERROR,
    expected: str | None = None,
    found: str | None = None,
) -> Diagnostic:
    return Diagnostic(code, message, remedy, severity, node=step.id, field=at or None, expected=expected, found=found)
