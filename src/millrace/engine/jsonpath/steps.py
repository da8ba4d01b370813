"""The steps of a path, and how each leads from a value to those that it selects.

Source: Jayway JsonPath, which AWS runs; where it differs from RFC 9535, its way is taken and said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol, TypeAlias

from millrace.engine.errors import RUNTIME, StateError
from millrace.model.json import Json

# A step of an execution runs on the event loop: a path may hold it for some tenths of a second, not for minutes.
SELECTION_LIMIT: Final = 500_000


class Predicate(Protocol):
    """The condition of a filter."""

    def holds(self, item: Json, root: Json) -> bool:
        """Tell whether an item passes; `@` stands for it, `$` for the root."""
        ...


@dataclass(frozen=True, slots=True)
class Name:
    """One member of an object: `.a` or `['a']`."""

    name: str

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the member."""
        del root
        if isinstance(value, dict) and self.name in value:
            yield value[self.name]


@dataclass(frozen=True, slots=True)
class Names:
    """Several members: `['a','b']`; one object of those that are there, not several values."""

    names: tuple[str, ...]

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the object."""
        del root
        if isinstance(value, dict):
            yield {name: value[name] for name in self.names if name in value}


@dataclass(frozen=True, slots=True)
class Index:
    """One item of an array: `[0]`; a negative index counts from the end."""

    index: int

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the item."""
        del root
        if isinstance(value, list) and -len(value) <= self.index < len(value):
            yield value[self.index]


@dataclass(frozen=True, slots=True)
class Indexes:
    """Several items: `[0,2]`."""

    indexes: tuple[int, ...]

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the items, in the order of the indexes."""
        del root
        return _items(value, self.indexes)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an array: `[1:3]`, `[1:]`, `[:3]`, `[-2:]`.

    With both ends given neither counts from the end before the range is taken: `[0:-1]` is empty.
    """

    start: int | None
    stop: int | None

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the items."""
        del root
        if not isinstance(value, list):
            return iter(())
        start, stop, length = self.start, self.stop, len(value)
        if stop is None:
            start = 0 if start is None else start
            return _items(value, range(max(0, length + start if start < 0 else start), length))
        if start is None:
            return _items(value, range(min(length, length + stop if stop < 0 else stop)))
        return _items(value, range(start, min(length, stop)))


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Every member or item: `.*` or `[*]`."""

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give all of them."""
        del root
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list):
            yield from value


@dataclass(frozen=True, slots=True)
class Descent:
    """The value and all objects and arrays within it, outermost first: `..`."""

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the containers."""
        del root
        waiting = [value]
        while waiting:
            current = waiting.pop()
            if isinstance(current, dict):
                yield current
                waiting.extend(reversed(current.values()))
            elif isinstance(current, list):
                yield current
                waiting.extend(reversed(current))


@dataclass(frozen=True, slots=True)
class Filter:
    """The items of an array that pass, or the object itself: `[?(@.n > 1)]`."""

    predicate: Predicate

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give what passes."""
        if isinstance(value, dict):
            if self.predicate.holds(value, root):
                yield value
        elif isinstance(value, list):
            for item in value:
                if self.predicate.holds(item, root):
                    yield item


@dataclass(frozen=True, slots=True)
class DescendantFilter:
    """Every object at any depth that passes: `..[?(@.n > 1)]`."""

    predicate: Predicate

    def select(self, value: Json, root: Json) -> Iterator[Json]:
        """Give the objects, outermost first."""
        for container in Descent().select(value, root):
            if isinstance(container, dict) and self.predicate.holds(container, root):
                yield container


Step: TypeAlias = Name | Names | Index | Indexes | Slice | Wildcard | Descent | Filter | DescendantFilter


def is_definite(steps: Sequence[Step]) -> bool:
    """Tell whether the steps lead to one place."""
    return all(isinstance(step, Name | Names | Index) for step in steps)


def select_all(steps: Sequence[Step], root: Json, start: Json) -> list[Json]:
    """Follow the steps from a value, and list what they select; whatever a step does not find is left out.

    Raises:
        StateError: States.Runtime: a step selects too much to go on with.
    """
    values = [start]
    for step in steps:
        selected = (found for value in values for found in step.select(value, root))
        values = list(islice(selected, SELECTION_LIMIT + 1))
        if len(values) > SELECTION_LIMIT:
            raise StateError(RUNTIME, f"A JSONPath selects more than {SELECTION_LIMIT} values; narrow its '..' or '*'")
    return values


def _items(value: Json, indexes: Sequence[int]) -> Iterator[Json]:
    if isinstance(value, list):
        for index in indexes:
            if -len(value) <= index < len(value):
                yield value[index]
