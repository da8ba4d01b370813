"""What the list nodes share: items made into a list, and JSONata that always gives one.

JSONata gives a list of one as its item and an empty list as nothing. `[expression[]]` undoes both, and keeps lists
inside lists as they are (docs.jsonata.org, "Sequences").
"""

from typing import Annotated, Any, Final

from pydantic import Field

from millrace.catalogue.config import ExpressionText, Value
from millrace.catalogue.node import LowerScope
from millrace.expressions import Expression, Reference, as_expression, jsonata
from millrace.model import JsonType

Items = Annotated[
    list[Value] | ExpressionText | None,
    Field(
        description="The list to work on; the default is the input. Null counts as an empty list, any other value that "
        "is not a list as a list of that value.",
        examples=["${fetch.output.orders}"],
    ),
]

LIST_OUTPUT: Final[dict[str, Any]] = {"type": "array"}

IDENTITY: Final = (
    "$identity := function($value) { ( $kind := $type($value); "
    '$kind = "object" ? "{" & $join($map($sort($keys($value)), function($name) '
    '{ $string([$name]) & ":" & $identity($lookup($value, $name)) }), ",") & "}" : '
    '$kind = "array" ? "[" & $join($map($value, function($member) { $identity($member) }), ",") & "]" : '
    '$kind = "number" and $abs($value) > 999999999999999 ? '
    '$string($floor($value / 1000000)) & "." & $string($value % 1000000) : '
    '$exists($value) ? $string([$value]) : "[null]" ) }; '
)
"""Binds `$identity`: text that is equal for equal values, whatever the order of an object's members.

Null and nothing are equal. `$string` rounds to 15 digits (JSONata, "Numeric functions"), so whole numbers beyond that
are written in two parts. `$distinct` would not do: it compares every pair.
"""


def as_list(items: Expression) -> Expression:
    """Give items as a list: null as an empty one, any other value as a list of it."""
    if items.type is JsonType.ARRAY and not items.optional:
        return items
    pieces: tuple[str | Expression, ...] = (
        "($items := ",
        items,
        '; $type($items) = "array" ? $items : $items = null ? [] : [$items])',
    )
    if len(items.parts) == 1 and isinstance(items.parts[0], Reference):
        pieces = ("($type(", items, ') = "array" ? ', items, " : ", items, " = null ? [] : [", items, "])")
    return jsonata(*pieces, type=JsonType.ARRAY, optional=False, fallible=items.fallible, atomic=True)


def items_of(items: Any, scope: LowerScope) -> Expression:
    """Give the list that a node's `items` names, the input by default."""
    if items is None:
        return as_list(scope.input)
    return as_list(as_expression(scope.template(items, "items", JsonType.ARRAY)))


def item_expression(text: str, at: str, scope: LowerScope) -> Expression:
    """Parse JSONata about one item of a list: bare names are the item's fields and `$` is the item."""
    return scope.expression(text, at, of="item")
