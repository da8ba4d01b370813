"""The fields of one part of a definition, and the problems found while they are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson

from millrace.engine.errors import Problem
from millrace.engine.shapes import JSONPATH_FIELDS, NOT_YET
from millrace.engine.templates import BROKEN, Constant, Template, compile_template, escape
from millrace.model.ids import StateName
from millrace.model.json import Json, type_of

COUNT_LIMIT: Final = 99_999_999
NAME_LIMIT: Final = 80


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a definition. What is not as expected becomes a problem, and a default stands in for it.

    Attributes:
        values: The fields.
        path: Where the object is, as a JSON pointer.
        location: What AWS puts before a field's name in errors ("Catch[0]/"); empty in a state.
        problems: Where problems go; the whole definition's.
    """

    values: dict[str, Json]
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

    def fault(self, name: str, message: str) -> None:
        """Add a problem with a field; an empty name stands for the object."""
        self.problems.append(Problem(f"{self.path}/{escape(name)}" if name else self.path, message))

    def only(self, known: frozenset[str], what: str) -> None:
        """Find fields that do not belong here."""
        for name in self.values:
            if name in known:
                continue
            if name in NOT_YET:
                self.fault(name, f"{name} is not supported yet; give the items by Items")
            elif name in JSONPATH_FIELDS:
                self.fault(name, f"{name} belongs to JSONPath; in JSONata use {JSONPATH_FIELDS[name]}")
            else:
                self.fault(name, f"expected a field of {what}, found {name!r}{one_of(known)}")

    def object(self, name: str, what: str, location: str = "") -> "Fields | None":
        """Read a field that must be an object."""
        return Fields.of(self.values.get(name), f"{self.path}/{name}", what, self.problems, location)

    def objects(self, name: str, what: str, *, required: bool = False) -> "list[Fields]":
        """Read a list of objects."""
        value = self.values.get(name)
        if not isinstance(value, list) or (required and not value):
            if required or name in self.values:
                self.fault(
                    name,
                    f"expected a list, {'not empty, ' if required else ''}each item a {what}; found {found(value)}",
                )
            return []
        members = [
            Fields.of(member, f"{self.path}/{name}/{index}", f"a {what}", self.problems, f"{name}[{index}]/")
            for index, member in enumerate(value)
        ]
        return [member for member in members if member is not None]

    def next(self) -> StateName | None:
        """Read Next; whether it must be there, and leads anywhere, is checked with the scope's other states."""
        name = self.values.get("Next")
        return StateName(name) if isinstance(name, str) else None

    def template(self, name: str) -> Template | None:
        """Read a field that is a payload template; None when it is absent."""
        if name not in self.values:
            return None
        return self._compile(self.values[name], name)

    def text(self, name: str) -> Template | None:
        """Read a field that is a text or an expression; None when it is absent."""
        template = self.template(name)
        if isinstance(template, Constant) and template is not BROKEN and not isinstance(template.value, str):
            self.fault(name, f"expected a string, found {found(template.value)}")
        return template

    def count(self, name: str, low: float = 0, high: float = COUNT_LIMIT, *, whole: bool = True) -> Template | None:
        """Read a field that is a number or an expression; None when it is absent."""
        template = self.template(name)
        if isinstance(template, Constant) and template is not BROKEN:
            self.number(name, low, high, whole=whole)
        return template

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

    def assign(self) -> tuple[tuple[str, Template], ...]:
        """Read Assign."""
        if "Assign" not in self.values:
            return ()
        variables = self.object("Assign", "an object of variables", self.location)
        if variables is None:
            return ()
        for name in variables.values:
            if not name.isidentifier() or len(name) > NAME_LIMIT or name == "states":
                variables.fault(
                    name,
                    "expected a variable's name: letters, digits and _, no digit first, "
                    f"at most {NAME_LIMIT}, and not the reserved name 'states'; found {name!r}",
                )
        return tuple(
            (name, self._compile(value, f"Assign/{name}", f"Assign/{escape(name)}"))
            for name, value in variables.values.items()
        )

    def _compile(self, value: Json, location: str, path: str | None = None) -> Template:
        def report(where: str, message: str) -> None:
            self.problems.append(Problem(where, message))

        return compile_template(value, f"{self.location}{location}", f"{self.path}/{path or location}", report)


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
