"""Checking how nodes lie in containers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from millrace.compiler.check.report import Report, suggestion
from millrace.compiler.graph import Step
from millrace.model import Code, Diagnostic, Node, NodeId, Workflow, quote

MAX_CONTAINER_DEPTH: Final = 20
"""How deep containers may nest; each level is a level of nested states."""


def sound_parents(steps: dict[NodeId, Step], workflow: Workflow, report: Report) -> dict[NodeId, Step]:
    """Check that parents are containers and nest without a cycle; a node with a bad parent is treated as at the top."""
    sound: dict[NodeId, Step] = {}
    circular = _circular(workflow.nodes)
    for step in steps.values():
        if step.node.parent in workflow.unread or step.id in circular:
            sound[step.id] = replace(step, node=replace(step.node, parent=None))
            if step.id not in circular or circular[step.id] != step.id:
                continue
        fault = _parent_fault(step.node, steps, workflow.nodes, circular)
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


def _circular(nodes: Mapping[NodeId, Node]) -> dict[NodeId, NodeId]:
    """Find the nodes that contain themselves, each with the first of its circle in the document."""
    first: dict[NodeId, NodeId] = {}
    settled: set[NodeId] = set()
    for start in nodes:
        path: dict[NodeId, None] = {}
        node: NodeId | None = start
        while node is not None and node in nodes and node not in settled and node not in path:
            path[node] = None
            node = nodes[node].parent
        if node is not None and node in path:
            circle = list(path)[list(path).index(node) :]
            head = min(circle, key=list(nodes).index)
            first.update(dict.fromkeys(circle, head))
        settled.update(path)
    return first


def _parent_fault(
    node: Node, steps: Mapping[NodeId, Step], nodes: Mapping[NodeId, Node], circular: Mapping[NodeId, NodeId]
) -> tuple[str, str] | None:
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
    if node.id in circular:
        return f"{node.id!r} lies in itself, by way of {parent!r}", "Move one of the containers out of the other."
    for _ in range(MAX_CONTAINER_DEPTH):
        if parent is None or parent not in nodes or parent in circular:
            return None
        parent = nodes[parent].parent
    return (
        f"containers nest more than {MAX_CONTAINER_DEPTH} deep",
        "Move the inner part into a workflow of its own.",
    )


def check_places(steps: Mapping[NodeId, Step], workflow: Workflow, report: Report, *, is_read: bool) -> None:
    """Check that nodes stand where their types may stand, and that there are any if the document could be read."""
    if is_read and not any(step.kind.takes_edges for step in steps.values()):
        report(
            Diagnostic(
                Code.EMPTY_WORKFLOW, "the workflow has no node that could run", "Add a node, such as an HTTP request."
            )
        )
    filled = {workflow.nodes[step.id].parent for step in steps.values() if step.kind.takes_edges}
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
