"""The fields of one part of a definition, and the problems found while they are read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from millrace.engine.errors import Problem, ProblemCode
from millrace.engine.shapes import Shape
from millrace.model.ids import StateName
from millrace.model.json import Json, type_of

COUNT_LIMIT: Final = 99_999_999
NAME_LIMIT: Final = 80


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a definition. What is not as expected becomes a problem, and a default stands in for it.

    Attributes:
        values: The fields.
        path: Where the object is, as AWS writes it ("/States/Get page/Catch[0]").
        location: What AWS puts before a field's name in errors at run time ("Catch[0]/"); empty in a state.
        problems: Where problems go; the whole definition's.
    """

    values: Mapping[str, Json]
    path: str
    location: str
    problems: list[Problem]

    @classmethod
    def of(cls, value: Json, path: str, what: str, problems: list[Problem], location: str = "") -> "Fields | None":
        """Read an object; None when the value is none."""
        if isinstance(value, dict):
            return cls(value, path, location, problems)
        problems.append(Problem(path, f"expected {what}, found {found(value)}"))
        return None

    def fault(self, name: str, message: str, code: ProblemCode = ProblemCode.SCHEMA) -> None:
        """Add a problem with a field; an empty name stands for the object."""
        self.problems.append(Problem(f"{self.path}/{name}" if name else self.path or "/", message, code))

    def require(self, *names: str) -> bool:
        """Find fields that must be there and are not."""
        missing = [name for name in names if name not in self.values]
        if missing:
            self.fault("", f"These fields are required: [{', '.join(missing)}]")
        return not missing

    def only(self, known: Shape) -> None:
        """Find fields that do not belong here."""
        for name in self.values:
            if name not in known:
                self.unknown(name)

    def unknown(self, name: str) -> None:
        """Add a problem with a field that does not belong here."""
        self.fault("", f"Field '{name}' is not supported")

    def object(self, name: str, what: str, location: str = "") -> "Fields | None":
        """Read a field that must be an object."""
        return Fields.of(self.values.get(name), f"{self.path}/{name}", what, self.problems, location)

    def objects(self, name: str, what: str, *, required: bool = False) -> "list[Fields]":
        """Read a list of objects."""
        if required and not self.require(name):
            return []
        value = self.values.get(name)
        if not isinstance(value, list):
            if name in self.values:
                self.fault(name, f"expected a list, each item a {what}; found {found(value)}")
            return []
        if required and not value:
            self.fault(name, "Value cannot be empty")
        members = [
            Fields.of(member, f"{self.path}/{name}[{index}]", f"a {what}", self.problems, f"{name}[{index}]/")
            for index, member in enumerate(value)
        ]
        return [member for member in members if member is not None]

    def next(self) -> StateName | None:
        """Read Next; whether it must be there, and leads anywhere, is checked with the scope's other states."""
        name = self.values.get("Next")
        return StateName(name) if isinstance(name, str) else None

    def one_at_most(self, *names: str) -> None:
        """Find fields of which there may be one."""
        given = [name for name in names if name in self.values]
        if len(given) > 1:
            self.fault("", f"expected at most one of {', '.join(map(repr, names))}, found {' and '.join(given)}")

    def number(self, name: str, low: float, high: float = COUNT_LIMIT, *, whole: bool = True) -> float | None:
        """Read a field that is a number in a range; None when it is absent."""
        if name not in self.values:
            return None
        value = self.values[name]
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            fits = not whole or value == int(value)
            if fits:
                return value
        kind = "a whole number" if whole else "a number"
        self.fault(name, f"expected {kind} from {low:g} to {high:.0f}, found {found(value)}")
        return None

    def choice(self, name: str, values: tuple[str, ...], default: str) -> str:
        """Read a field that is one of a few texts."""
        value = self.values.get(name, default)
        if isinstance(value, str) and value in values:
            return value
        self.fault(name, f"expected {' or '.join(map(repr, values))}, found {found(value)}")
        return default


def found(value: object) -> str:
    """Describe a value in a message, shortly."""
    if value is None:
        return "nothing"
    try:
        text = repr(value) if isinstance(value, str) else orjson.dumps(value).decode()
    except TypeError:
        return type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}... ({type_of(value)})"


def one_of(names: Iterable[str]) -> str:
    """List what would have been right, when the list is short enough to help."""
    shown = sorted(names)
    return f"; there are {', '.join(map(repr, shown))}" if 0 < len(shown) <= 24 else ""
