"""The functions that may end a path: `$.items.length()`.

Source: Jayway JsonPath, "Functions".
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

from millrace.engine.jsonpath.errors import Miss
from millrace.model.json import Json


def _length(value: Json) -> Json:
    return len(value) if isinstance(value, list | dict) else None


def _keys(value: Json) -> Json:
    return list(value) if isinstance(value, dict) else None


def _numbers(value: Json) -> list[float]:
    items = value if isinstance(value, list) else []
    numbers = [float(item) for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if not numbers:
        raise Miss("Aggregation function attempted to calculate value using empty array", "")
    return numbers


def _average(value: Json) -> Json:
    numbers = _numbers(value)
    return sum(numbers) / len(numbers)


def _deviation(value: Json) -> Json:
    """Give the standard deviation of the whole population."""
    numbers = _numbers(value)
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))


AGGREGATES: Final[Mapping[str, Callable[[Json], Json]]] = {
    "length": _length,
    "size": _length,
    "keys": _keys,
    "min": lambda value: min(_numbers(value)),
    "max": lambda value: max(_numbers(value)),
    "sum": lambda value: sum(_numbers(value)),
    "avg": _average,
    "stddev": _deviation,
}
