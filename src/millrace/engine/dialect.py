"""Reading the fields that are written in a query language.

A state reader asks its dialect for values and never looks which one it is; the values follow `dataflow`'s interfaces.
"""

from typing import ClassVar, Protocol

from millrace.engine.dataflow import Condition, DataFlow, ItemsField, MomentField, NumberField, TextField
from millrace.engine.fields import COUNT_LIMIT, Fields
from millrace.engine.templates import Template


class Dialect(Protocol):
    """One of the two query languages; what is absent is None.

    Attributes:
        name: What QueryLanguage says.
    """

    name: ClassVar[str]

    def flow(self, fields: Fields) -> DataFlow:
        """Read the data flow of a Pass, Task, Parallel or Map."""
        ...

    def passage(self, fields: Fields) -> DataFlow:
        """Read the data flow of a Choice, Wait, Succeed or Fail."""
        ...

    def rule(self, fields: Fields, state: Fields) -> tuple[Condition, DataFlow]:
        """Read a Choice's rule."""
        ...

    def catcher(self, fields: Fields) -> DataFlow:
        """Read the data flow of a catcher."""
        ...

    def template(self, fields: Fields, name: str) -> Template | None:
        """Read a payload template."""
        ...

    def arguments(self, fields: Fields) -> Template | None:
        """Read what is handed to a service: Arguments, or Parameters."""
        ...

    def selector(self, fields: Fields) -> Template | None:
        """Read a Map's ItemSelector."""
        ...

    def items(self, fields: Fields) -> ItemsField:
        """Read where a Map has its items from."""
        ...

    def text(self, fields: Fields, name: str) -> TextField | None:
        """Read a text: `name`, or the field with "Path" after it."""
        ...

    def seconds(self, fields: Fields, name: str, low: int = 0) -> NumberField | None:
        """Read a number of seconds: `name`, or the field with "Path" after it."""
        ...

    def moment(self, fields: Fields) -> MomentField | None:
        """Read Timestamp, or TimestampPath."""
        ...

    def count(
        self, fields: Fields, name: str, low: int = 0, high: float = COUNT_LIMIT, *, whole: bool = True
    ) -> NumberField | None:
        """Read a number: `name`, or the field with "Path" after it."""
        ...
