"""Values checked against JSON Schema (Draft 2020-12), every fault in the product's words."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from millrace.model import quote

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One fault of a schema, or of a value checked against one.

    Attributes:
        path: Dotted path of the value, such as `address.lines[0]`; "" for the whole.
        expected: What the schema asks for.
        found: What is there, in a few words.
        remedy: One sentence that says what to do.
    """

    path: str
    expected: str
    found: str
    remedy: str

    @property
    def message(self) -> str:
        """The fault in one sentence."""
        where = f"`{self.path}`" if self.path else "the value"
        return f"expected {where} to be {self.expected}, found {self.found}"


def show_path(steps: Path) -> str:
    """Write the steps to a value as a dotted path."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")


def problems_of(schema: Mapping[str, Any], value: object, at: Path = ()) -> list[SchemaProblem]:
    """Give everything that keeps a value from fitting a schema; `at` is where the value itself stands."""
    from jsonschema import Draft202012Validator
    from jsonschema_specifications import REGISTRY
    from referencing.exceptions import Unresolvable

    # With a registry given, a reference is never fetched over the network.
    validator = Draft202012Validator(schema, format_checker=_formats(), registry=REGISTRY)
    try:
        errors = list(validator.iter_errors(cast("Any", value)))  # pyright: ignore[reportUnknownMemberType] -- an overload of jsonschema is untyped
    except RecursionError:
        end = "Break the circle of `$ref`."
        return [SchemaProblem(show_path(at), "described by references that end", "a reference to itself", end)]
    except Unresolvable as error:
        define = "Define it under `$defs`, or correct the `$ref`."
        return [SchemaProblem(show_path(at), "described by references that exist", quote(error.ref), define)]
    found = [problem for error in errors for problem in _translate(error, at)]
    return sorted(dict.fromkeys(found), key=lambda problem: problem.path)


def problems_of_schema(schema: Mapping[str, Any], at: Path = ()) -> list[SchemaProblem]:
    """Give everything that keeps a JSON Schema from being one."""
    from jsonschema import Draft202012Validator

    return problems_of(cast("dict[str, Any]", Draft202012Validator.META_SCHEMA), schema, at)


def _translate(error: "ValidationError", at: Path) -> Iterator[SchemaProblem]:
    path: Path = (*at, *error.absolute_path)
    keyword, limit, value = str(error.validator), cast("Any", error.validator_value), cast("Any", error.instance)
    if keyword == "required":
        for name in limit:
            if name not in value:
                step = (*path, name)
                yield SchemaProblem(show_path(step), "given", "nothing", f"Give a value for `{show_path(step)}`.")
    elif keyword == "additionalProperties" and limit is False:
        known = cast("dict[str, Any]", cast("Any", error.schema).get("properties", {}))
        patterns = cast("dict[str, Any]", cast("Any", error.schema).get("patternProperties", {}))
        for name in value:
            if name not in known and not any(re.search(pattern, name) for pattern in patterns):
                yield _unknown((*path, name), name, tuple(known))
    else:
        expected = _expected(error)
        remedy = f"Change `{show_path(path)}` to {expected}." if path else f"Give {expected}."
        yield SchemaProblem(show_path(path), expected, quote(value), remedy)


def _unknown(path: Path, name: str, known: tuple[str, ...]) -> SchemaProblem:
    near = get_close_matches(name, known, 1)
    remedy = f"Did you mean {near[0]!r}?" if near else f"Leave out `{show_path(path)}`, or add it to the schema."
    return SchemaProblem(
        show_path(path), f"one of {', '.join(known)}" if known else "left out", "an unknown name", remedy
    )


def _expected(error: "ValidationError") -> str:
    keyword, limit = str(error.validator), cast("Any", error.validator_value)
    if keyword in ("anyOf", "oneOf") and error.context:
        return " or ".join(dict.fromkeys(_expected(inner) for inner in error.context))
    describe = _EXPECTED.get(keyword)
    return describe(limit) if describe else f"something that its `{keyword}` allows"


def _type_names(limit: Any) -> str:
    names = [limit] if isinstance(limit, str) else cast("list[str]", limit)
    articles = {"array": "an array", "object": "an object", "integer": "a whole number", "null": "null"}
    return " or ".join(articles.get(name, "text" if name == "string" else f"a {name}") for name in names)


_EXPECTED: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": _type_names,
    "enum": lambda limit: f"one of {', '.join(map(quote, limit))}",
    "const": quote,
    "minimum": lambda limit: f"{limit} or more",
    "maximum": lambda limit: f"{limit} or less",
    "exclusiveMinimum": lambda limit: f"more than {limit}",
    "exclusiveMaximum": lambda limit: f"less than {limit}",
    "multipleOf": lambda limit: f"a multiple of {limit}",
    "minLength": lambda limit: f"text of {limit} or more characters",
    "maxLength": lambda limit: f"text of {limit} or fewer characters",
    "pattern": lambda limit: f"text that matches {quote(limit)}",
    "format": lambda limit: f"text in the format {quote(limit)}",
    "minItems": lambda limit: f"a list of {limit} or more items",
    "maxItems": lambda limit: f"a list of {limit} or fewer items",
    "uniqueItems": lambda _: "a list without repeated items",
    "minProperties": lambda limit: f"an object of {limit} or more fields",
    "maxProperties": lambda limit: f"an object of {limit} or fewer fields",
    "not": lambda _: "something that its `not` does not describe",
    "additionalProperties": lambda _: "an object whose further fields fit the schema",
}

_DURATION: Final = re.compile(r"P(?!\Z)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\Z")
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")


def _is_date_time(value: object) -> bool:
    """RFC 3339, section 5.6: a date, `T` and a time with an offset."""
    return not isinstance(value, str) or (
        value[10:11] in ("T", "t", " ") and datetime.fromisoformat(value).tzinfo is not None
    )


def _is_time(value: object) -> bool:
    return not isinstance(value, str) or time.fromisoformat(value).tzinfo is not None


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or pattern.match(value) is not None


@cache
def _formats() -> "FormatChecker":
    """The draft's checks, with those that jsonschema leaves to further libraries."""
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(())
    checker.checkers = dict(Draft202012Validator.FORMAT_CHECKER.checkers)
    checks: dict[str, Callable[[object], bool]] = {
        "date-time": _is_date_time,
        "time": _is_time,
        "duration": _matches(_DURATION),
        "hostname": _matches(_HOST),
        "uri": _matches(_URI),
    }
    for name, check in checks.items():
        checker.checks(name, ValueError)(check)
    return checker
