"""Fields of JSONata states that must be of one type: literals, or expressions whose value is looked at.

The errors are worded as AWS words them.
"""

from dataclasses import dataclass

from millrace.engine.errors import EvaluationError
from millrace.engine.expressions import Expression, Scope
from millrace.engine.payload import Payload, text_of
from millrace.engine.templates import ArrayTemplate, evaluate
from millrace.engine.timestamps import parse_timestamp
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class JsonataNumber:
    """A number from `low` to `high`.

    Attributes:
        name: The field, for errors.
        whole: It must be an integer.
    """

    expression: Expression
    name: str
    high: float
    whole: bool = True
    low: int = 0

    def number(self, scope: Scope) -> float:
        """Give the expression's value, which must be in the range."""
        value = self.expression.evaluate(scope)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.expression.unexpected("number", value)
        if self.whole and value != int(value):
            raise EvaluationError(f"The {self.name} field cannot be parsed as an integer: {value}", self.name)
        if not self.low <= value <= self.high:
            ending = "." if self.name == "ToleratedFailurePercentage" else f" but was: {value:g}"
            raise EvaluationError(f"{self.name} must be between {self.low} and {self.high:.0f}{ending}", self.name)
        return value


@dataclass(frozen=True, slots=True)
class JsonataText:
    """A text."""

    expression: Expression

    def text(self, scope: Scope) -> str:
        """Give the expression's value, which must be a text."""
        value = self.expression.evaluate(scope)
        if isinstance(value, str):
            return value
        raise self.expression.unexpected("string", value)


@dataclass(frozen=True, slots=True)
class JsonataMoment:
    """Timestamp."""

    expression: Expression

    def moment(self, scope: Scope) -> float:
        """Give the expression's value, which must be an ISO-8601 date and time."""
        value = self.expression.evaluate(scope)
        if not isinstance(value, str):
            raise self.expression.unexpected("string", value)
        moment = parse_timestamp(value)
        if moment is None:
            raise EvaluationError(
                f"The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: {value}",
                "Timestamp",
            )
        return moment


@dataclass(frozen=True, slots=True)
class JsonataItems:
    """Items."""

    expression: Expression

    def items(self, scope: Scope, entered: Payload) -> list[Json]:
        """Give the expression's value, which must be an array."""
        value = self.value(scope, entered)
        if isinstance(value, list):
            return value
        raise self.expression.unexpected("array", value)

    def value(self, scope: Scope, entered: Payload) -> Json:
        """Give the expression's value."""
        del entered
        return self.expression.evaluate(scope)


@dataclass(frozen=True, slots=True)
class JsonataItemsTemplate:
    """Items that are an array in the definition, some of whose members are expressions."""

    template: ArrayTemplate

    def items(self, scope: Scope, entered: Payload) -> list[Json]:
        """Give the array."""
        del entered
        return [evaluate(item, scope) for item in self.template.items]

    def value(self, scope: Scope, entered: Payload) -> Json:
        """Give the array."""
        return self.items(scope, entered)


@dataclass(frozen=True, slots=True)
class InputItems:
    """The input of a Map without Items."""

    def items(self, scope: Scope, entered: Payload) -> list[Json]:
        """Give the input, which must be an array."""
        del scope
        if isinstance(entered.value, list):
            return entered.value
        raise EvaluationError(f"Map state input must be an array but was: {text_of(entered.value)}", None)

    def value(self, scope: Scope, entered: Payload) -> Json:
        """Give the input."""
        del scope
        return entered.value
