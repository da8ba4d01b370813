"""Dotted paths to a field of an item, such as `address.lines[0]`, and the JSONata that reads them."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_STEP: Final = re.compile(r"(?:`([^`]+)`|([^.\[\]`]+))((?:\[-?\d+\])*)(?:\.(?=.)|\Z)")


def parse_field_path(path: str) -> list[tuple[str, tuple[int, ...]]]:
    """Split a path into its names, each with the indexes after it.

    Raises:
        ValueError: It is not a path.
    """
    steps: list[tuple[str, tuple[int, ...]]] = []
    position = 0
    while position < len(path) or not steps:
        match = _STEP.match(path, position)
        if match is None:
            raise ValueError(
                f"expected a path such as 'price' or 'address.lines[0]', found {path!r} at character {position + 1}; "
                "write a name that holds dots or brackets between backquotes"
            )
        indexes = tuple(int(index) for index in re.findall(r"-?\d+", match[3]))
        steps.append((match[1] or match[2], indexes))
        position = match.end()
    return steps


def _checked(path: str) -> str:
    parse_field_path(path)
    return path


FieldPath = Annotated[
    str,
    AfterValidator(_checked),
    Field(max_length=500, json_schema_extra={"format": "field-path"}, examples=["price", "address.city", "tags[0]"]),
]
"""Text that names a field of an item; indexes count from 0, and from the end when negative."""


def field_text(path: str, base: str = "") -> str:
    """Write a path as JSONata, with every name quoted.

    Args:
        path: A path that `parse_field_path` accepts.
        base: JSONata that the path starts from; "" for the context.
    """
    text = base
    for name, indexes in parse_field_path(path):
        text = f"{text}.`{name}`" if text else f"`{name}`"
        for place, index in enumerate(indexes):
            # A second index in the same step would count among the first one's results.
            text = f"{text}[{index}]" if place == 0 else f"({text})[{index}]"
    return text


def last_name(path: str) -> str:
    """Give the name that a path ends with."""
    return parse_field_path(path)[-1][0]
