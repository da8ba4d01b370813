"""What the service model says about an operation's input, compiled into checks, with AWS's wording of what is violated.

Source: botocore's service model of Step Functions (`service-2.json`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeAlias, cast

from botocore.loaders import Loader

from millrace.stepfunctions.errors import ApiError

# A check gives the violations of a value at a path ("tags.1.member.key").
_Check: TypeAlias = Callable[[Any, str], list[str]]
# A shape of the service model: its type, and what belongs to that type.
_Shape: TypeAlias = Mapping[str, Any]

_JSON_KINDS: Final[Mapping[type, str]] = {
    str: "STRING_VALUE",
    bool: "BOOLEAN_VALUE",
    int: "NUMBER_VALUE",
    float: "DECIMAL_VALUE",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}
_JAVA_NAMES: Final[Mapping[str, str]] = {
    "integer": "an Integer",
    "long": "a Long",
    "float": "a Float",
    "double": "a Double",
}
# The one pattern of the model that Python's syntax does not have.
_ASCII_PATTERN: Final = r"\p{ASCII}*"


def check_input(operation: str, parameters: dict[str, Any]) -> None:
    """Check an operation's input.

    Raises:
        ApiError: ValidationException with every violation; SerializationException for a value of the wrong type.
    """
    violations = _compiled(operation)(parameters, "")
    if violations:
        count = len(violations)
        noun = "error" if count == 1 else "errors"
        raise ApiError("ValidationException", f"{count} validation {noun} detected: {'; '.join(violations)}")


def prepare() -> None:
    """Compile the checks of every operation, so that no request has to wait for it."""
    for operation in _model()["operations"]:
        _compiled(operation)


@cache
def _model() -> Mapping[str, Any]:
    loader = cast("Any", Loader())
    return cast("Mapping[str, Any]", loader.load_service_model("stepfunctions", "service-2"))


@cache
def _compiled(operation: str) -> _Check:
    return _check_of(_model()["operations"][operation]["input"]["shape"])


def _check_of(name: str) -> _Check:
    shape: _Shape = _model()["shapes"][name]
    match shape["type"]:
        case "structure":
            return _structure(shape)
        case "list":
            return _list(shape)
        case "string":
            return _string(shape)
        case "boolean":
            return _boolean
        case "integer" | "long" | "float" | "double":
            return _number(shape)
        case _:
            return _anything


def _structure(shape: _Shape) -> _Check:
    members = {name: _check_of(member["shape"]) for name, member in shape["members"].items()}
    required: tuple[str, ...] = tuple(shape.get("required", ()))

    def check(value: Any, path: str) -> list[str]:
        if type(value) is not dict:
            raise _unreadable("Unexpected value: a structure or a map was expected.")
        given = cast("dict[str, Any]", value)
        prefix = f"{path}." if path else ""
        violations = [
            f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
            for name in required
            if given.get(name) is None
        ]
        for name, member in given.items():
            if member is not None and name in members:
                violations += members[name](member, prefix + name)
        return violations

    return check


def _list(shape: _Shape) -> _Check:
    element = _check_of(shape["member"]["shape"])
    low, high = _bounds(shape)

    def check(value: Any, path: str) -> list[str]:
        if type(value) is not list:
            raise _unreadable("Unexpected value: a list was expected.")
        items = cast("list[Any]", value)
        violations = list(_length(len(items), low, high, lambda: f"Value '{_shown(items)}' at '{path}'"))
        for index, item in enumerate(items, start=1):
            violations += element(item, f"{path}.{index}.member")
        return violations

    return check


def _string(shape: _Shape) -> _Check:
    low, high = _bounds(shape)
    enum: tuple[str, ...] = tuple(shape.get("enum", ()))
    pattern: str | None = shape.get("pattern")
    compiled = re.compile(r"[\x00-\x7f]*" if pattern == _ASCII_PATTERN else pattern) if pattern else None
    sensitive = bool(shape.get("sensitive"))

    def check(value: Any, path: str) -> list[str]:
        if type(value) is not str:
            raise _unreadable(f"{_kind(value)} can not be converted to a String")
        if (
            low <= len(value) <= high
            and (compiled is None or compiled.fullmatch(value))
            and (not enum or value in enum)
        ):
            return []

        def subject() -> str:
            return f"Value at '{path}'" if sensitive else f"Value '{value}' at '{path}'"

        violations = list(_length(len(value), low, high, subject))
        if compiled is not None and compiled.fullmatch(value) is None:
            violations.append(_violated(subject, f"Member must satisfy regular expression pattern: {pattern}"))
        if enum and value not in enum:
            violations.append(_violated(subject, f"Member must satisfy enum value set: [{', '.join(enum)}]"))
        return violations

    return check


def _number(shape: _Shape) -> _Check:
    low, high = _bounds(shape, lowest=float("-inf"))
    whole = shape["type"] in ("integer", "long")
    name = _JAVA_NAMES[shape["type"]]

    def check(value: Any, path: str) -> list[str]:
        if type(value) is not int and (whole or type(value) is not float):
            raise _unreadable(f"{_kind(value)} can not be converted to {name}")

        def subject() -> str:
            return f"Value '{value}' at '{path}'"

        if value < low:
            return [_violated(subject, f"Member must have value greater than or equal to {low}")]
        if value > high:
            return [_violated(subject, f"Member must have value less than or equal to {high}")]
        return []

    return check


def _boolean(value: Any, _path: str) -> list[str]:
    if type(value) is not bool:
        raise _unreadable(f"{_kind(value)} can not be converted to a Boolean")
    return []


def _anything(_value: Any, _path: str) -> list[str]:
    return []


def _bounds(shape: _Shape, lowest: float = 0) -> tuple[float, float]:
    return shape.get("min", lowest), shape.get("max", float("inf"))


def _length(length: int, low: float, high: float, subject: Callable[[], str]) -> Iterator[str]:
    if length < low:
        yield _violated(subject, f"Member must have length greater than or equal to {low}")
    if length > high:
        yield _violated(subject, f"Member must have length less than or equal to {high}")


def _violated(subject: Callable[[], str], constraint: str) -> str:
    return f"{subject()} failed to satisfy constraint: {constraint}"


def _shown(value: object) -> str:
    """Write a list as AWS does in its messages: members without quotes."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, cast('list[object]', value)))}]"
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return f"{{{', '.join(f'{name}={_shown(member)}' for name, member in members.items())}}}"
    return str(value)


def _kind(value: object) -> str:
    return _JSON_KINDS.get(type(value), "VALUE_NULL")


def _unreadable(message: str) -> ApiError:
    return ApiError("SerializationException", message)
