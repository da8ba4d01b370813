"""Fields that the definition gives as they are, in either query language."""

from dataclasses import dataclass

from millrace.engine.expressions import Scope
from millrace.engine.payload import Payload
from millrace.model.json import Json


@dataclass(frozen=True, slots=True)
class LiteralNumber:
    """A number in the definition."""

    value: float

    def number(self, scope: Scope) -> float:
        """Give the number."""
        del scope
        return self.value


@dataclass(frozen=True, slots=True)
class LiteralText:
    """A text in the definition."""

    value: str

    def text(self, scope: Scope) -> str:
        """Give the text."""
        del scope
        return self.value


@dataclass(frozen=True, slots=True)
class LiteralMoment:
    """A moment in the definition, in seconds since the epoch."""

    value: float

    def moment(self, scope: Scope) -> float:
        """Give the moment."""
        del scope
        return self.value


@dataclass(frozen=True, slots=True)
class LiteralItems:
    """A Map's items in the definition."""

    given: list[Json]

    def items(self, scope: Scope, entered: Payload) -> list[Json]:
        """Give the items."""
        del scope, entered
        return self.given

    def value(self, scope: Scope, entered: Payload) -> Json:
        """Give the items."""
        return self.items(scope, entered)


@dataclass(frozen=True, slots=True)
class LiteralCondition:
    """A Choice's rule that always or never holds."""

    value: bool

    def holds(self, scope: Scope) -> bool:
        """Tell whether the rule is taken."""
        del scope
        return self.value
