"""JSONata's operators: how strongly they bind, what they give, and what to write in place of those it has not.

Source: jsonata-js 2.0.6, src/parser.js (`operators`) and src/jsonata.js (the `evaluate...` functions).
"""

from typing import Final, NamedTuple

from millrace.model import JsonType


class Operator(NamedTuple):
    """An operator between two operands.

    Attributes:
        rank: How strongly it binds; the weakest outside brackets makes the expression's value.
        type: What it gives.
        optional: Whether it gives nothing when an operand is nothing.
        fallible: Whether it refuses operands of the wrong type.
    """

    rank: int
    type: JsonType | None = None
    optional: bool = True
    fallible: bool = True


_COMPARISON: Final = Operator(40, JsonType.BOOLEAN)
_EQUALITY: Final = Operator(40, JsonType.BOOLEAN, optional=False, fallible=False)
_SUM: Final = Operator(50, JsonType.NUMBER)
_PRODUCT: Final = Operator(60, JsonType.NUMBER)

OPERATORS: Final = {
    ":=": Operator(10, fallible=False),
    "?": Operator(20, fallible=False),
    ":": Operator(20, fallible=False),
    "..": Operator(20),
    "or": Operator(25, JsonType.BOOLEAN, optional=False, fallible=False),
    "and": Operator(30, JsonType.BOOLEAN, optional=False, fallible=False),
    "=": _EQUALITY,
    "!=": _EQUALITY,
    "in": _EQUALITY,
    "<": _COMPARISON,
    ">": _COMPARISON,
    "<=": _COMPARISON,
    ">=": _COMPARISON,
    "~>": Operator(40),
    "^": Operator(40),
    "&": Operator(50, JsonType.STRING, optional=False, fallible=False),
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "%": _PRODUCT,
}

NEGATION: Final = Operator(70, JsonType.NUMBER)

FOREIGN: Final = {
    "??": ("JSONata 2.0.6, which Step Functions runs, has no operator '??'", "Write $exists(x) ? x : y."),
    "?:": ("JSONata 2.0.6, which Step Functions runs, has no operator '?:'", "Write $exists(x) ? x : y."),
    "==": ("JSONata has no operator '=='", "Compare with a single =."),
    "&&": ("JSONata has no operator '&&'", "Write and."),
    "||": ("JSONata has no operator '||'", "Write or."),
    "=>": ("JSONata has no operator '=>'", "Write >= for a comparison, function($x) { ... } for a function."),
    "!": ("JSONata has no operator '!'", "Write $not(x), or != for a comparison."),
    "~": ("JSONata has no operator '~'", "Write ~> to hand a value on to a function, $not(x) to negate."),
}
"""Operators of other languages and of later versions of JSONata: what to say, and what to write in their place."""
