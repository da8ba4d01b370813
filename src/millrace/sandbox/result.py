"""Reading what a program returned."""

import json
from typing import Any, Final, cast

from millrace.sandbox.errors import ResultError

MAX_DEPTH: Final = 500
"""Nesting of a returned value; what carries it on is recursive."""


def read_result(text: str) -> Any:
    """Read the JSON that a program returned.

    Raises:
        ResultError: It is nested too deeply.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ResultError("The returned value is nested too deeply; flatten it") from None
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [member for item in level for member in _members(item)]
        if not level:
            return value
    raise ResultError("The returned value is nested too deeply; flatten it")


def _members(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []
