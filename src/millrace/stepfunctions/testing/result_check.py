"""Checking a mocked result against what the service would have answered.

Source: AWS Step Functions API reference, MockInput; the wording as recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from millrace.engine.resource import Resource
from millrace.model.json import Json
from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.testing.result_shape import ResultShape, Shape, element, result_shape

_PREFIX: Final = "Mock result schema validation error: "
_TEXT: Final = (str, "a string")
_NUMBER: Final = ((int, float), "a number")
_TYPES: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "structure": (dict, "an object"),
    "map": (dict, "an object"),
    "list": (list, "an array"),
    "string": _TEXT,
    "character": _TEXT,
    "blob": _TEXT,
    "timestamp": _TEXT,
    "integer": _NUMBER,
    "long": _NUMBER,
    "float": _NUMBER,
    "double": _NUMBER,
    "boolean": (bool, "a boolean"),
}


class FieldValidationMode(StrEnum):
    """How strictly a mocked result is checked: all of it, what is there of it, or not at all."""

    STRICT = "STRICT"
    PRESENT = "PRESENT"
    NONE = "NONE"


def check_result(result: Json, resource: Resource, mode: FieldValidationMode) -> None:
    """Check the mocked result of a task.

    Fields that the service's model does not know pass.

    Raises:
        ApiError: ValidationException, with the first field that does not fit.
    """
    shape = None if mode is FieldValidationMode.NONE else result_shape(resource)
    if shape is not None:
        if not isinstance(result, dict):
            raise _error("Mocked result must be an object")
        _Check(shape, complete=mode is FieldValidationMode.STRICT).structure(result, shape.shape, shape.free)


@dataclass(frozen=True, slots=True)
class _Check:
    """One check of a result.

    Attributes:
        complete: Required members must be there.
    """

    result: ResultShape
    complete: bool

    def structure(self, found: dict[str, Json], shape: Shape, free: frozenset[str] = frozenset()) -> None:
        """Check the members of an object."""
        known = self.result.members(shape)
        if self.complete:
            for name in self.result.required(shape):
                if name not in found:
                    raise _error(f"Required field '{name}' is missing")
        for name, member in found.items():
            if name in known and name not in free:
                self.value(member, known[name], name)

    def value(self, found: Json, shape: Shape, name: str) -> None:
        """Check a value; `name` is the field that it is in."""
        expected, article = _TYPES.get(shape.type_name, (object, "a value"))
        if not isinstance(found, expected) or (isinstance(found, bool) and shape.type_name != "boolean"):
            raise _error(f"Field '{name}' must be {article}")
        _check_limits(found, shape, name)
        if isinstance(found, list):
            for member in found:
                self.value(member, element(shape), name)
        elif isinstance(found, dict) and shape.type_name == "map":
            for key, member in found.items():
                self.value(member, element(shape), key)
        elif isinstance(found, dict):
            self.structure(found, shape)


def _check_limits(found: Json, shape: Shape, name: str) -> None:
    limits = shape.metadata
    if "enum" in limits and found not in limits["enum"]:
        raise _error(f"Field '{name}' is not an expected value")
    if isinstance(found, str | list | dict):
        size, what = len(found), "length"
    elif isinstance(found, int | float) and not isinstance(found, bool):
        size, what = found, "value"
    else:
        return
    if "min" in limits and size < limits["min"]:
        raise _error(f"Field '{name}' is smaller than the minimum {what}")
    if "max" in limits and size > limits["max"]:
        raise _error(f"Field '{name}' is larger than the maximum {what}")


def _error(problem: str) -> ApiError:
    return ApiError("ValidationException", f"{_PREFIX}{problem}")
