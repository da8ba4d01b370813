"""Running one node: the event that a Task state sends, the node type's `run`, the response."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from millrace.catalogue.node import NodeFailure, NodeType, RunContext
from millrace.model import Json, NodeId
from millrace.steps.errors import step_error
from millrace.steps.output_cache import CacheRequest, OutputCache
from millrace.steps.output_store import OUTPUT_LIMIT_BYTES, NoOutputStore, OutputStore

M = TypeVar("M", bound=BaseModel)

_RESPONSE_LIMIT_BYTES: Final = 250 * 1024
"""What output and console may have together; Step Functions adds about 2 KB of its own to 256 KiB at most."""

_NAME: Final = re.compile(r"[A-Za-z_][\w-]*\Z")
_TYPE_LABELS: Final = frozenset(
    {"int", "float", "str", "bool", "list", "dict", "none", "literal", "constrained-str", "constrained-int"}
)


class LambdaContext(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the time until Lambda ends the invocation."""
        ...


def handle(
    event: Mapping[str, Any],
    context: LambdaContext | None,
    types: Mapping[str, NodeType[Any]],
    store: OutputStore | None = None,
    cache: OutputCache | None = None,
) -> dict[str, Json]:
    """Run a node.

    Args:
        event: `{"type", "node", "config", "input"}`, every expression resolved; optionally `run`, the run's id, and
            `cache`, a `CacheRequest`.
        context: Lambda's context; None for a run without a time limit of its own.
        types: The node types that this function runs, by name.
        store: Keeps outputs that are too large to return.
        cache: Keeps outputs for later runs, where the event asks for it; None to run every time.

    Returns:
        `{"output", "console"}`.

    Raises:
        StepError: The node failed; the class is called as the error is.
    """
    console: list[str] = []
    try:
        output, size = _output(event, context, types, cache, console)
        if size > OUTPUT_LIMIT_BYTES:
            encoded = json.dumps(output, ensure_ascii=False).encode()
            output = (store or NoOutputStore()).keep(encoded, node=NodeId(event["node"]), run_id=event.get("run", ""))
            size = 0
    except NodeFailure as failure:
        raise step_error(failure, console) from None
    return {"output": output, "console": _fitting(console, _RESPONSE_LIMIT_BYTES - size)}


def _output(
    event: Mapping[str, Any],
    context: LambdaContext | None,
    types: Mapping[str, NodeType[Any]],
    cache: OutputCache | None,
    console: list[str],
) -> tuple[Json, int]:
    """Give the node's output and its size in bytes of UTF-8 JSON, from the cache or from a run."""
    node_type = _node_type(event, types)

    def run() -> tuple[Json, int]:
        return _well_formed(_run(event, context, node_type, console))

    if cache is None or event.get("cache") is None:
        return run()
    request = _validated(CacheRequest, event["cache"], "cache")
    return cache.output(request, event, run, console.append)


def _node_type(event: Mapping[str, Any], types: Mapping[str, NodeType[Any]]) -> NodeType[Any]:
    missing = [name for name in ("type", "node", "config") if name not in event]
    if missing:
        raise NodeFailure(
            "Config.Invalid", f"The event lacks {', '.join(missing)}; expected type, node, config and input"
        )
    node_type = types.get(event["type"])
    if node_type is None:
        known = ", ".join(sorted(types))
        raise NodeFailure(
            "Config.Invalid", f"This function does not run nodes of type {event['type']!r}; it runs {known}"
        )
    return node_type


def _run(event: Mapping[str, Any], context: LambdaContext | None, node_type: NodeType[Any], console: list[str]) -> Json:
    config = _validated(node_type.Config, event["config"])
    remaining = {} if context is None else {"remaining_seconds": lambda: context.get_remaining_time_in_millis() / 1000}
    return node_type.run(
        config,
        RunContext(
            NodeId(event["node"]),
            run_id=event.get("run", ""),
            input=event.get("input"),
            console=console.append,
            **remaining,
        ),
    )


def _validated(model: type[M], value: object, at: str = "") -> M:
    """Check what an event holds at a path.

    Raises:
        NodeFailure: Config.Invalid, naming every field that has a bad value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise NodeFailure("Config.Invalid", _faults(error, at)) from None


def _faults(error: ValidationError, at: str) -> str:
    """Name every field that has a bad value, once its expressions are resolved."""
    faults: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False, include_context=False):
        found = repr(fault["input"])[:80]
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] != "missing":
            message = f"{message}, found {found}"
        messages = faults.setdefault(_path((at, *fault["loc"]) if at else fault["loc"]), [])
        if message not in messages:
            messages.append(message)
    listed = "; ".join(f"{path or 'config'}: {' or '.join(messages)}" for path, messages in faults.items())
    return f"The node's config is not valid after its expressions were resolved. {listed}"


def _path(location: tuple[int | str, ...]) -> str:
    """Write a field's place as in the document; pydantic's names of union members are left out."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _NAME.match(part) and part not in _TYPE_LABELS:
            path += f".{part}" if path else part
    return path


def _well_formed(output: Json) -> tuple[Json, int]:
    """Give an output that any JSON reader takes, and its size in bytes of UTF-8 JSON."""
    try:
        text = json.dumps(output, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise NodeFailure("Output.Invalid", "The output is nested too deeply; flatten it") from None
    except (TypeError, ValueError) as error:
        raise NodeFailure("Output.Invalid", f"The output is not JSON: {error}") from None
    try:
        return output, len(text.encode())
    except UnicodeEncodeError:  # halves of surrogate pairs, which JSON's escapes can name and UTF-8 cannot hold
        encoded = text.encode("utf-8", "replace")
        return json.loads(encoded), len(encoded)


def _fitting(console: list[str], limit: int) -> list[Json]:
    """Give the first console lines that fit into so many bytes."""
    lines: list[Json] = []
    left = limit
    for line in console:
        left -= len(json.dumps(line)) + 2
        if left < 0:
            break
        lines.append(line.encode("utf-8", "replace").decode())
    return lines
