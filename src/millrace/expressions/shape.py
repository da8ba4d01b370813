"""What can be known of an expression's value from its tokens alone."""

from typing import Final, NamedTuple

from millrace.expressions.expression import Reference, ReferenceKind
from millrace.expressions.functions import FUNCTIONS, TOTAL
from millrace.expressions.operators import NEGATION, Operator
from millrace.model import JsonType

REFERENCE_TYPES: Final = {
    ReferenceKind.INDEX: JsonType.NUMBER,
    ReferenceKind.RUN_ID: JsonType.STRING,
    ReferenceKind.RUN_STARTED_AT: JsonType.STRING,
    ReferenceKind.WORKFLOW_ID: JsonType.STRING,
}
"""The types of the references whose type is always the same."""

_STRONGEST: Final = Operator(100)
_CONSTRUCTED: Final = {"array": JsonType.ARRAY, "object": JsonType.OBJECT}
_KEYWORDS: Final = {"true": JsonType.BOOLEAN, "false": JsonType.BOOLEAN, "null": JsonType.NULL}


class Outer(NamedTuple):
    """A bracket that the expression begins with, alone or behind a function's name.

    Attributes:
        function: The function that is called with it, "" for none.
        end: Where it ends.
    """

    kind: str
    function: str
    end: int


class Shape:
    """Collects what tells the type of the value, and whether it may fail, be missing or change.

    Attributes:
        fallible: Whether something in it may fail.
        pure: Whether it names no function that gives another value each time.
        defines: Whether it defines a function outside brackets.
        assigns: Whether it binds a variable outside blocks.
        outer: The last bracket outside others that is among the first two tokens.
    """

    def __init__(self) -> None:
        self.fallible = False
        self.pure = True
        self.defines = False
        self.assigns = False
        self.outer: Outer | None = None
        self._weakest = _STRONGEST

    @property
    def atomic(self) -> bool:
        """Whether it can stand beside an operator without brackets."""
        return self.assigns or (self._weakest is _STRONGEST and not self.defines)

    def operator(self, operator: Operator) -> None:
        """Note an operator outside brackets; of those that bind equally, the last one makes the value."""
        if operator.rank <= self._weakest.rank:
            self._weakest = operator

    def result(
        self, parts: list[str | Reference], count: int, last: str, end: int, locals_: set[str]
    ) -> tuple[JsonType | None, bool]:
        """Give the value's type, and whether there may be no value.

        Args:
            parts: The expression's text and references.
            count: How many tokens it has.
            last: The kind of the last one.
            end: Where it ends.
            locals_: The variables that it binds.
        """
        if self._weakest is not _STRONGEST:
            is_number = self._weakest is NEGATION and count == 2 and last == "literal"
            return self._weakest.type, self._weakest.optional and not is_number
        if count == 1 and parts:
            only = parts[0]
            if isinstance(only, Reference):
                return REFERENCE_TYPES.get(only.kind), only.is_optional
            return _literal_type(only), last != "literal"
        if self.outer is None or self.outer.end != end:
            return None, True
        if self.outer.kind in _CONSTRUCTED:
            return _CONSTRUCTED[self.outer.kind], False
        function = self.outer.function
        if function in FUNCTIONS and function not in locals_:
            return FUNCTIONS[function], function not in TOTAL
        return None, True


def _literal_type(text: str) -> JsonType | None:
    if text[0] in "\"'":
        return JsonType.STRING
    if text[0].isdigit():
        return JsonType.NUMBER
    return _KEYWORDS.get(text)
