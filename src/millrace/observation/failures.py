"""Failures as history events tell of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson

from millrace.model import Json, NodeId, StateName
from millrace.observation.report import NodeError

UNKNOWN: Final = NodeError("", "")
"""The error of a failure that only the end of the run, or a catcher, will name."""

CONSOLE_MARK: Final = "\n\nConsole output:\n"
"""What parts message and console lines in a function's failure; `millrace.catalogue.failure` has it for the writers.

A copy, since loading the node types takes longer than all that the observer does.
"""

_NAMED_STATE: Final = re.compile(r"(?:executing the state|state/task) '(.*?)'(?: \(entered| returned)", re.DOTALL)
_WHERE: Final = re.compile(
    r"\AAn error occurred while executing the state '.*?' \(entered at the event id #\d+\)\. ", re.DOTALL
)
_EXPRESSION_FAULT: Final = re.compile(
    r"The JSONata expression '(.*)' specified for the field '.*?' "
    r"(?:threw an error during evaluation\. (?:\w\d+: )?)?(.*?)\.?\Z",
    re.DOTALL,
)
_GUARDED: Final = re.compile(r"\(\$exists\(\$_ := (.*)\) \? \$_ : null\)(?: \? true : false)?", re.DOTALL)
"""How the compiler writes an expression that may give nothing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A state's failure, as it goes outwards.

    Attributes:
        event: The id of the event that told of it.
        node: The node to blame, if there is one.
    """

    event: int
    node: NodeId | None
    state: StateName
    error: NodeError


def error_of(details: Mapping[str, Json], timeout: Json = None) -> NodeError:
    """Read the error and the cause of an event.

    Args:
        details: The event's details.
        timeout: The time that the state had, in seconds, for an event that gives no cause.
    """
    error, cause = details.get("error"), details.get("cause")
    message = message_of(cause) if isinstance(cause, str) else ""
    if not message and error == "States.Timeout" and timeout is not None:
        message = f"timed out after {timeout} seconds"
    return NodeError(error if isinstance(error, str) else "", message)


def printed_by(details: Mapping[str, Json]) -> tuple[str, ...]:
    """Give the lines that a function printed: part of its result, or behind the message of its failure."""
    output, cause = details.get("output"), details.get("cause")
    text = output if isinstance(output, str) else cause
    if not isinstance(text, str) or not text.startswith("{") or "console" not in text.lower():
        return ()
    try:
        told = cast("dict[str, Any]", orjson.loads(text))
    except orjson.JSONDecodeError:
        return ()
    if text is cause:
        message = told.get("errorMessage")
        return _parted(message)[1] if isinstance(message, str) else ()
    payload = told.get("Payload")
    lines = cast("dict[str, Any]", payload).get("console") if isinstance(payload, dict) else None
    return tuple(map(str, cast("list[Any]", lines))) if isinstance(lines, list) else ()


def message_of(cause: str) -> str:
    """Give what a cause says to people: functions and nested executions wrap it in JSON, expressions name the state."""
    if cause.startswith("{") and cause.endswith("}"):
        try:
            report = cast("dict[str, Any]", orjson.loads(cause))
        except orjson.JSONDecodeError:
            return cause
        if isinstance(report.get("errorMessage"), str):
            return _parted(report["errorMessage"])[0]
        if isinstance(report.get("Error"), str) and "ExecutionArn" in report:
            inner = message_of(str(report.get("Cause") or ""))
            error = report["Error"]
            return inner if inner and error == "States.TaskFailed" else f"{error}: {inner}" if inner else error
    text = _WHERE.sub("", cause)
    fault = _EXPRESSION_FAULT.match(text)
    if fault is None:
        return text
    expression, what = fault.groups()
    guarded = _GUARDED.fullmatch(expression)
    return f"{what}, in the expression {guarded[1] if guarded else expression}"


def state_named_in(details: Mapping[str, Json]) -> StateName | None:
    """Give the state that a cause names: a value that is too large, and a fault of the machine, have no other event."""
    named = _NAMED_STATE.search(str(details.get("cause") or ""))
    return None if named is None else StateName(named[1])


def caught_error(output: Json) -> NodeError:
    """Read the error that `onError: continue` gives as the node's output."""
    error = output.get("error") if isinstance(output, dict) else None
    return (
        NodeError(str(error.get("type") or ""), str(error.get("message") or "")) if isinstance(error, dict) else UNKNOWN
    )


def _parted(text: str) -> tuple[str, tuple[str, ...]]:
    """Part a function's failure into the message and the console lines."""
    message, mark, lines = text.partition(CONSOLE_MARK)
    return message, tuple(lines.split("\n")) if mark else ()
