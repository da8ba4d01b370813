"""JSON values and the names of their types."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]
FrozenJson: TypeAlias = bool | int | float | str | Sequence["FrozenJson"] | Mapping[str, "FrozenJson"] | None


class JsonType(StrEnum):
    """The types of JSON Schema's `type` keyword that an expression can be known to give."""

    NULL = "null"
    BOOLEAN = "boolean"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"


def type_of(value: object) -> JsonType:
    """Name the JSON type of a Python value.

    Raises:
        TypeError: The value is not JSON.
    """
    match value:
        case None:
            return JsonType.NULL
        case bool():
            return JsonType.BOOLEAN
        case int() | float():
            return JsonType.NUMBER
        case str():
            return JsonType.STRING
        case list() | tuple():
            return JsonType.ARRAY
        case dict():
            return JsonType.OBJECT
        case _:
            raise TypeError(f"expected a JSON value, found {type(value).__name__}")
