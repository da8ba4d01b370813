"""Checking how nodes lie in containers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from millrace.compiler.check.report import Report, suggestion
from millrace.compiler.graph import Step
from millrace.model import Code, Diagnostic, Node, NodeId, quote

MAX_CONTAINER_DEPTH: Final = 20
"""How deep containers may nest; each level is a level of nested states."""


def sound_parents(steps: dict[NodeId, Step], nodes: Mapping[NodeId, Node], report: Report) -> dict[NodeId, Step]:
    """Check that parents are containers and nest without a cycle; a node with a bad parent is treated as at the top."""
    sound: dict[NodeId, Step] = {}
    for step in steps.values():
        fault = _parent_fault(step.node, steps, nodes)
        if fault is None:
            sound[step.id] = step
            continue
        message, remedy = fault
        report(
            Diagnostic(
                Code.INVALID_PARENT,
                message,
                remedy,
                node=step.id,
                field="parentId",
                expected="the id of a loop or while node",
                found=quote(step.node.parent),
            )
        )
        sound[step.id] = replace(step, node=replace(step.node, parent=None))
    return sound


def _parent_fault(node: Node, steps: Mapping[NodeId, Step], nodes: Mapping[NodeId, Node]) -> tuple[str, str] | None:
    parent = node.parent
    if parent is None:
        return None
    if parent not in nodes:
        return (
            f"the container {quote(parent)} does not exist{suggestion(parent, nodes)}",
            "Move the node out, or name a container.",
        )
    if not steps[parent].kind.is_container and steps[parent].kind.name != "unknown":
        return (
            f"{parent!r} is a {nodes[parent].type} node, which holds no others",
            "Move the node into a loop or while, or out.",
        )
    seen = {node.id}
    for _ in range(MAX_CONTAINER_DEPTH):
        if parent is None or parent not in nodes:
            return None
        if parent in seen:
            return (
                f"the containers around {node.id!r} contain each other",
                "Move one of the containers out of the other.",
            )
        seen.add(parent)
        parent = nodes[parent].parent
    return f"containers nest more than {MAX_CONTAINER_DEPTH} deep", "Move the inner part into a workflow of its own."


def check_places(steps: Mapping[NodeId, Step], report: Report) -> None:
    """Check that nodes stand where their types may stand."""
    if not any(step.kind.takes_edges for step in steps.values()):
        report(
            Diagnostic(
                Code.EMPTY_WORKFLOW, "the workflow has no node that could run", "Add a node, such as an HTTP request."
            )
        )
    filled = {step.node.parent for step in steps.values() if step.kind.takes_edges}
    inputs = [step for step in steps.values() if step.kind.name == "input"]
    for step in inputs[1:]:
        report(
            Diagnostic(
                Code.DUPLICATE_INPUT,
                f"{step.id!r} is a second input node beside {inputs[0].id!r}",
                "Declare all inputs in one input node.",
                node=step.id,
            )
        )
    for step in steps.values():
        if step.kind.is_container and step.id not in filled:
            report(
                Diagnostic(
                    Code.EMPTY_CONTAINER,
                    f"the {step.kind.name} {step.id!r} holds no node",
                    "Put the nodes to repeat into it.",
                    node=step.id,
                )
            )
        if step.node.parent is not None and step.kind.name in ("input", "output", "respond"):
            report(
                Diagnostic(
                    Code.MISPLACED_NODE,
                    f"an {step.kind.name} node belongs to the whole run and cannot stand in {step.node.parent!r}",
                    f"Move {step.id!r} out of the container.",
                    node=step.id,
                )
            )
