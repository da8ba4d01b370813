"""First pass: give every node its type and config, and check how the nodes are connected and nested."""

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from pydantic import ValidationError

from millrace.catalogue import NodeConfig, NodeType, Value, node_types
from millrace.compiler.context import CompileContext
from millrace.compiler.graph import Graph, Region, Step
from millrace.model import ERROR, Code, Diagnostic, Edge, EdgeId, Node, NodeId, Port, Severity, Workflow, quote

MAX_DEPTH: Final = 100
"""Nesting of a config that the document may have; deeper values are mistakes or attacks."""

MAX_CONTAINER_DEPTH: Final = 20

Report = Callable[[Diagnostic], None]


def check(graph: Graph, context: CompileContext) -> Graph:
    """Type the nodes, check edges and containers, and group the nodes into regions."""
    problems: list[Diagnostic] = []
    steps = _typed(graph.workflow, problems.append)
    steps = _check_parents(steps, graph.workflow.nodes, problems.append)
    _check_places(steps, problems.append)
    edges = _checked_edges(graph.workflow.edges, steps, graph.workflow.nodes, problems.append)
    regions = _regions(steps, edges, problems.append)
    pins = _checked_pins(context, graph.workflow.nodes, problems.append)
    return replace(graph, steps=steps, regions=regions, pins=pins, diagnostics=(*graph.diagnostics, *problems))


def suggestion(word: str, words: Iterable[str]) -> str:
    """Give ", did you mean 'x'?" where a known word is close, else nothing."""
    close = difflib.get_close_matches(word[:80], list(words)[:2000], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _typed(workflow: Workflow, report: Report) -> dict[NodeId, Step]:
    types = node_types()
    steps: dict[NodeId, Step] = {}
    for node in workflow.nodes.values():
        kind = types.get(node.type)
        if kind is None:
            report(
                Diagnostic(
                    Code.UNKNOWN_NODE_TYPE,
                    f"expected a known node type, found {quote(node.type)}{suggestion(node.type, types)}",
                    "Choose one of the types that `millrace nodes` lists.",
                    node=node.id,
                    field="type",
                    expected="a known node type",
                    found=quote(node.type),
                )
            )
            steps[node.id] = _broken(node, _Unknown(), workflow)
            continue
        config = _config(node, kind, report)
        steps[node.id] = _step(node, kind, config) if config is not None else _broken(node, kind, workflow)
    return steps


class _Unknown(NodeType[NodeConfig]):
    """Stands for a type that does not exist."""

    name = "unknown"
    title = "Unknown"


def _broken(node: Node, kind: NodeType[Any], workflow: Workflow) -> Step:
    """Keep a node whose type or config is not sound, with all the ports that its edges use."""
    used = (edge.port for edge in workflow.edges if edge.source == node.id)
    ports = tuple(dict.fromkeys((*kind.ports, *used)))
    return Step(node, kind, NodeConfig(), node.id, ports, operation=Value(None), is_broken=True)


def _step(node: Node, kind: NodeType[Any], config: NodeConfig) -> Step:
    ports = kind.ports_of(config)
    if config.onError == "branch" and ERROR not in ports:
        ports = (*ports, ERROR)
    label = " ".join((config.label or "").split()) or node.id
    return Step(node, kind, config, label, ports)


def _config(node: Node, kind: NodeType[Any], report: Report) -> NodeConfig | None:
    if _too_deep(node.data):
        report(
            Diagnostic(
                Code.LIMIT_EXCEEDED,
                f"expected a config nested at most {MAX_DEPTH} deep",
                "Move deeply nested data into an input or a file.",
                node=node.id,
                expected=f"at most {MAX_DEPTH} levels",
            )
        )
        return None
    try:
        return kind.Config.model_validate(dict(node.data))
    except ValidationError as error:
        for diagnostic in _config_problems(node, kind, error):
            report(diagnostic)
        return None


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        following: list[object] = []
        for item in level:
            if isinstance(item, Mapping):
                following.extend(cast("Mapping[str, object]", item).values())
            elif isinstance(item, list):
                following.extend(cast("list[object]", item))
        if not following:
            return False
        level = following
    return True


def _config_problems(node: Node, kind: NodeType[Any], error: ValidationError) -> list[Diagnostic]:
    """Turn pydantic's errors into one diagnostic a field; the members of a union all complain about the same one."""
    by_field: dict[str, list[Any]] = defaultdict(list)
    for fault in error.errors(include_url=False, include_context=False):
        by_field[_field_path(fault["loc"], node.data)].append(fault)
    return [_config_problem(node, kind, path, faults) for path, faults in by_field.items()]


def _config_problem(node: Node, kind: NodeType[Any], path: str, faults: list[Any]) -> Diagnostic:
    first = faults[0]
    if first["type"] == "missing":
        return Diagnostic(
            Code.MISSING_CONFIG,
            f"{kind.title} needs `{path}`",
            f"Give `{path}` a value.",
            node=node.id,
            field=path,
            expected="a value",
            found="nothing",
        )
    if first["type"] == "extra_forbidden":
        known = kind.Config.model_fields
        name = path.rpartition(".")[2]
        return Diagnostic(
            Code.UNKNOWN_CONFIG,
            f"{kind.title} has no field `{path}`{suggestion(name, known)}",
            "Remove the field, or correct its name.",
            node=node.id,
            field=path,
            expected=", ".join(known),
            found=name,
        )
    expected = " or ".join(dict.fromkeys(_sentence(fault["msg"]) for fault in faults))
    found = quote(first["input"])
    return Diagnostic(
        Code.INVALID_CONFIG,
        f"`{path}`: {expected}; found {found}",
        f"Correct `{path}`.",
        node=node.id,
        field=path,
        expected=expected,
        found=found,
    )


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text[:1].lower() + text[1:]


def _field_path(location: tuple[str | int, ...], data: object) -> str:
    """Write a pydantic location as a dotted path, without the names of union members that stand in it."""
    path, value = "", data
    for position, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
            items = cast("list[object]", value) if isinstance(value, list) else []
            value = items[part] if part < len(items) else None
            continue
        members = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None
        if members is not None and part in members:
            value = members[part]
        elif position < len(location) - 1 or members is None:
            continue
        path += f".{part}" if path else part
    return path


def _check_parents(steps: dict[NodeId, Step], nodes: Mapping[NodeId, Node], report: Report) -> dict[NodeId, Step]:
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


def _check_places(steps: Mapping[NodeId, Step], report: Report) -> None:
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


def _checked_edges(
    edges: Iterable[Edge], steps: Mapping[NodeId, Step], nodes: Mapping[NodeId, Node], report: Report
) -> list[Edge]:
    sound: list[Edge] = []
    seen: set[tuple[NodeId, Port, NodeId]] = set()
    for edge in edges:
        problem = _edge_problem(edge, steps, nodes)
        if problem is not None:
            report(problem)
            continue
        key = (edge.source, edge.port, edge.target)
        if key in seen:
            report(
                Diagnostic(
                    Code.DUPLICATE_EDGE,
                    f"two edges lead from {edge.source!r} port {edge.port!r} to {edge.target!r}",
                    "Remove one of them.",
                    Severity.WARNING,
                    edge=edge.id,
                )
            )
            continue
        seen.add(key)
        sound.append(edge)
    return sound


def _edge_problem(edge: Edge, steps: Mapping[NodeId, Step], nodes: Mapping[NodeId, Node]) -> Diagnostic | None:
    for end, node in (("source", edge.source), ("target", edge.target)):
        if node not in nodes:
            return _edge_fault(
                Code.UNKNOWN_NODE,
                edge.id,
                f"the edge's {end} {quote(node)} does not exist{suggestion(node, nodes)}",
                "Remove the edge, or connect it to a node.",
                field=end,
                found=quote(node),
            )
    if edge.source == edge.target:
        return _edge_fault(
            Code.SELF_LOOP,
            edge.id,
            f"an edge leads from {edge.source!r} to itself",
            "Put what repeats into a loop or while container.",
            node=edge.source,
        )
    source, target = steps[edge.source], steps[edge.target]
    if source.node.parent != target.node.parent:
        return _edge_fault(
            Code.EDGE_ACROSS_CONTAINER,
            edge.id,
            f"{edge.source!r} lies {_place(source.node)}, {edge.target!r} {_place(target.node)}",
            "Connect nodes of one container; the container's own edges carry data in and out.",
        )
    for end, step in (("source", source), ("target", target)):
        if not step.kind.takes_edges or (end == "target" and step.kind.name == "input"):
            return _edge_fault(
                Code.MISPLACED_NODE,
                edge.id,
                f"no edge can lead {'to' if end == 'target' else 'from'} the {step.kind.name} node {step.id!r}",
                "Remove the edge.",
                node=step.id,
            )
    if edge.port not in source.ports:
        return _edge_fault(
            Code.UNKNOWN_PORT,
            edge.id,
            f"{edge.source!r} has no port {quote(edge.port)}{suggestion(edge.port, source.ports)}",
            "Set `onError` to `branch`." if edge.port == ERROR else "Connect one of its ports.",
            node=edge.source,
            field="sourceHandle",
            expected=" or ".join(source.ports) or "no port",
            found=quote(edge.port),
        )
    return None


def _edge_fault(
    code: Code,
    edge: EdgeId,
    message: str,
    remedy: str,
    *,
    node: NodeId | None = None,
    field: str | None = None,
    expected: str | None = None,
    found: str | None = None,
) -> Diagnostic:
    return Diagnostic(code, message, remedy, node=node, edge=edge, field=field, expected=expected, found=found)


def _place(node: Node) -> str:
    return f"in {node.parent!r}" if node.parent else "at the top"


def _regions(steps: Mapping[NodeId, Step], edges: Iterable[Edge], report: Report) -> dict[NodeId | None, Region]:
    members: dict[NodeId | None, list[NodeId]] = {None: []}
    incoming: dict[NodeId, list[Edge]] = {node: [] for node in steps}
    outgoing: dict[NodeId, list[Edge]] = {node: [] for node in steps}
    for step in steps.values():
        if step.kind.takes_edges:
            members.setdefault(step.node.parent, []).append(step.id)
    for edge in edges:
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    regions: dict[NodeId | None, Region] = {}
    for owner, nodes in members.items():
        order = _topological_order(nodes, incoming, outgoing)
        if len(order) < len(nodes):
            report(_cycle(nodes, set(order), outgoing))
        regions[owner] = _region(owner, order, incoming, outgoing)
    return regions


def _region(
    owner: NodeId | None,
    order: list[NodeId],
    incoming: Mapping[NodeId, list[Edge]],
    outgoing: Mapping[NodeId, list[Edge]],
) -> Region:
    position = {node: index for index, node in enumerate(order)}
    ancestors: dict[NodeId, int] = {}
    for node in order:
        mask = 0
        for edge in incoming[node]:
            mask |= ancestors[edge.source] | 1 << position[edge.source]
        ancestors[node] = mask
    return Region(
        owner,
        tuple(order),
        {node: tuple(incoming[node]) for node in order},
        {node: tuple(edge for edge in outgoing[node] if edge.target in position) for node in order},
        position,
        ancestors,
    )


def _topological_order(
    nodes: list[NodeId], incoming: Mapping[NodeId, list[Edge]], outgoing: Mapping[NodeId, list[Edge]]
) -> list[NodeId]:
    """Order the nodes so that edges lead forward (Kahn 1962); nodes on and behind a cycle are left out."""
    waiting = {node: len(incoming[node]) for node in nodes}
    order = [node for node in nodes if not waiting[node]]
    for node in order:
        for edge in outgoing[node]:
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                order.append(edge.target)
    return order


def _cycle(nodes: list[NodeId], ordered: set[NodeId], outgoing: Mapping[NodeId, list[Edge]]) -> Diagnostic:
    left = {node for node in nodes if node not in ordered}
    # Walking backwards from a node that is left over always stays among those left over, so it must meet a cycle.
    sources: dict[NodeId, NodeId] = {}
    for node in left:
        for edge in outgoing[node]:
            if edge.target in left:
                sources.setdefault(edge.target, node)
    node = next(node for node in nodes if node in left)
    path: list[NodeId] = []
    seen: dict[NodeId, int] = {}
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = sources[node]
    cycle = [*path[seen[node] :], node][::-1]
    shown = " → ".join(cycle if len(cycle) <= 12 else [*cycle[:6], NodeId("…"), *cycle[-5:]])
    return Diagnostic(
        Code.CYCLE,
        f"the edges form a cycle: {shown}",
        "Remove one of the edges; put what repeats into a loop or while container.",
        node=cycle[0],
    )


def _checked_pins(context: CompileContext, nodes: Mapping[NodeId, Node], report: Report) -> dict[NodeId, Any]:
    for node in context.pins:
        if node not in nodes:
            report(
                Diagnostic(
                    Code.INVALID_PIN,
                    f"the pinned node {quote(node)} does not exist{suggestion(node, nodes)}",
                    "Pin outputs of nodes of this workflow.",
                    found=quote(node),
                )
            )
    return {node: value for node, value in context.pins.items() if node in nodes}
