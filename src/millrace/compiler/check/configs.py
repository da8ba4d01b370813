"""Giving every node its type and config."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError

from millrace.catalogue import NodeConfig, NodeType, Value, node_types
from millrace.compiler.check.payload import payload_fault
from millrace.compiler.check.report import Report, suggestion
from millrace.compiler.graph import Step
from millrace.model import ERROR, Code, Diagnostic, Node, NodeId, Workflow, quote


def typed_steps(workflow: Workflow, report: Report) -> dict[NodeId, Step]:
    """Give every node its type and its checked config; broken nodes are kept as such."""
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
    fault = payload_fault(node.data)
    if fault is not None:
        report(Diagnostic(fault.code, fault.message, fault.remedy, node=node.id, field=fault.path or None))
        return None
    try:
        return kind.Config.model_validate(dict(node.data))
    except ValidationError as error:
        for diagnostic in _config_problems(node, kind, error):
            report(diagnostic)
        return None


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
        f"`{path}`: {expected}" if "found" in expected else f"`{path}`: {expected}; found {found}",
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
