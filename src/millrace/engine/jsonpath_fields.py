"""Fields of JSONPath states that name by a path what must be of one type.

The errors are worded as AWS words them.
"""

from dataclasses import dataclass
from typing import Protocol

from millrace.engine.errors import RUNTIME, StateError
from millrace.engine.expressions import Scope
from millrace.engine.jsonpath import PathError
from millrace.engine.payload import Payload, text_of
from millrace.engine.timestamps import parse_timestamp
from millrace.model.json import Json


class Reference(Protocol):
    """A path, or an intrinsic function where one may stand."""

    text: str

    def evaluate(self, scope: Scope) -> Json:
        """Give what it refers to."""
        ...


@dataclass(frozen=True, slots=True)
class JsonPathSeconds:
    """SecondsPath, TimeoutSecondsPath or HeartbeatSecondsPath.

    Attributes:
        name: The field, for errors.
        low: The least value.
    """

    reference: Reference
    name: str
    low: int = 0

    def number(self, scope: Scope) -> float:
        """Give the whole seconds that the path leads to."""
        value = _referred(self.reference, self.name, scope)
        if isinstance(value, bool) or not isinstance(value, int):
            shown = value if isinstance(value, str) else text_of(value)
            raise StateError(
                RUNTIME,
                f"The {self.name} parameter cannot be parsed as a long value: {self.reference.text} == {shown}",
            )
        if value < self.low:
            sign = "negative" if self.low == 0 else "non-positive"
            raise StateError(
                RUNTIME, f"The {self.name} parameter references a {sign} value: {self.reference.text} == {value}"
            )
        return value


@dataclass(frozen=True, slots=True)
class JsonPathMoment:
    """TimestampPath."""

    reference: Reference

    def moment(self, scope: Scope) -> float:
        """Give the moment that the path leads to."""
        value = _referred(self.reference, "TimestampPath", scope)
        moment = parse_timestamp(value) if isinstance(value, str) else None
        if moment is None:
            shown = value if isinstance(value, str) else text_of(value)
            raise StateError(
                RUNTIME,
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
                f"string: {self.reference.text} == {shown}",
            )
        return moment


@dataclass(frozen=True, slots=True)
class JsonPathCount:
    """A Map's MaxConcurrencyPath, ToleratedFailureCountPath or ToleratedFailurePercentagePath; texts of digits count.

    Attributes:
        name: The field without "Path".
        high: The largest value; None without limit.
        whole: It must be an integer.
        low: The least value.
    """

    reference: Reference
    name: str
    high: float | None = None
    whole: bool = True
    low: float = 0

    def number(self, scope: Scope) -> float:
        """Give the number that the path leads to."""
        value = self.reference.evaluate(scope)
        number = _number(value, whole=self.whole)
        if number is None:
            shown = value if isinstance(value, str) else text_of(value)
            kind = "integer" if self.whole else "float"
            raise StateError(
                RUNTIME,
                f'The {self.name}Path field refers to value "{shown}" which is not a valid {kind}: '
                f"{self.reference.text}",
            )
        if self.high is not None and not 0 <= number <= self.high:
            raise StateError(RUNTIME, f"{self.name} must be between 0 and {self.high:.0f}.")
        if number < self.low:
            raise StateError(RUNTIME, f"{self.name} cannot be negative.")
        return number


@dataclass(frozen=True, slots=True)
class JsonPathText:
    """ErrorPath or CausePath."""

    reference: Reference
    name: str

    def text(self, scope: Scope) -> str:
        """Give the text that the path leads to."""
        value = self.reference.evaluate(scope)
        if isinstance(value, str):
            return value
        raise StateError(
            RUNTIME,
            f"The JSONPath '{self.reference.text}' specified for the field '{self.name}' must refer to a string "
            f"but was: {text_of(value)}",
        )


@dataclass(frozen=True, slots=True)
class JsonPathItems:
    """ItemsPath; None stands for `$`."""

    reference: Reference | None

    def items(self, scope: Scope, entered: Payload) -> list[Json]:
        """Give the array that the path leads to."""
        value = self.value(scope, entered)
        if isinstance(value, list):
            return value
        text = "$" if self.reference is None else self.reference.text
        # AWS leaves the first of a context path's two marks out (recorded).
        shown = text[1:] if text.startswith("$$") else text
        raise StateError(RUNTIME, f'Reference path "{shown}" must point to array.')

    def value(self, scope: Scope, entered: Payload) -> Json:
        """Give what the path leads to."""
        value = entered.value if self.reference is None else self.reference.evaluate(scope)
        if scope.trace is not None and isinstance(value, list):
            scope.trace("afterItemsPath", value)
        return value


def _referred(reference: Reference, name: str, scope: Scope) -> Json:
    try:
        return reference.evaluate(scope)
    except PathError as error:
        raise StateError(
            RUNTIME, f"The {name} parameter does not reference an input value: {reference.text}"
        ) from error


def _number(value: Json, *, whole: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and whole and not value.is_integer():
        return None
    try:
        return int(value) if whole else float(value)
    except ValueError:
        return None
