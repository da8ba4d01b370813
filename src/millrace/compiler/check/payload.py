"""Whether a value of a document can be carried: JSON that neither Step Functions nor JSONata changes."""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

import orjson

from millrace.model import Code, quote

MAX_DEPTH: Final = 100
"""Nesting that a value may have; deeper ones are mistakes or attacks."""

MAX_BYTES: Final = 262_144
"""Bytes of a state's payload and of a variable (Step Functions quotas)."""

_EXACT: Final = 2**53
"""The largest whole number up to which doubles, JSONata's only numbers, are exact."""


class PayloadFault(NamedTuple):
    """What keeps a value from being carried.

    Attributes:
        path: Where it stands in the value, dotted.
    """

    code: Code
    path: str
    message: str
    remedy: str


def payload_fault(value: object) -> PayloadFault | None:
    """Say what keeps a value from being carried, if anything does."""
    fault = _shape_fault(value)
    if fault is not None:
        return fault
    size = len(orjson.dumps(value, default=dict))
    if size > MAX_BYTES:
        return PayloadFault(
            Code.LIMIT_EXCEEDED,
            "",
            f"expected at most {MAX_BYTES:,} bytes, found {size:,}: no state may hold more",
            "Keep large data in a file or an input, and refer to it.",
        )
    return None


def _shape_fault(value: object) -> PayloadFault | None:
    level: list[tuple[str, object]] = [("", value)]
    for _ in range(MAX_DEPTH):
        following: list[tuple[str, object]] = []
        for path, item in level:
            if isinstance(item, Mapping):
                following.extend(_members(path, cast("Mapping[Any, object]", item)))
            elif isinstance(item, list):
                following.extend((f"{path}[{i}]", member) for i, member in enumerate(cast("list[object]", item)))
            elif (message := _scalar_fault(item)) is not None:
                return PayloadFault(Code.INVALID_CONFIG, path, message, "Write a value that JSON can carry.")
        if not following:
            return None
        level = following
    message = f"expected a value nested at most {MAX_DEPTH} deep"
    return PayloadFault(Code.LIMIT_EXCEEDED, "", message, "Move deeply nested data into an input or a file.")


def _members(path: str, members: Mapping[Any, object]) -> list[tuple[str, object]]:
    # A key is text as well; one that cannot be carried is found as if it were a value.
    pairs: list[tuple[str, object]] = [(path, key) for key in members if not isinstance(key, str) or not key.isascii()]
    pairs += [(f"{path}.{key}" if path else str(key), member) for key, member in members.items()]
    return pairs


def _scalar_fault(value: object) -> str | None:
    match value:
        case None | bool():
            return None
        case str():
            return _text_fault(value)
        case int():
            if abs(value) <= _EXACT:
                return None
            return f"expected a number up to 2^53, found {quote(value)}; write an identifier as text"
        case float():
            return None if math.isfinite(value) else f"expected a finite number, found {value}"
        case _:
            return f"expected JSON, found {type(value).__name__}"


def _text_fault(text: str) -> str | None:
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"expected text, found half of a surrogate pair at character {error.start + 1}"
    return None
