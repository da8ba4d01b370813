"""The functions that an expression may call: JSONata 2.0.6's and those that Step Functions adds.

Sources: docs.jsonata.org, "Function Library" (2.0.6); AWS Step Functions Developer Guide, "Transforming data with
JSONata in Step Functions", section "Step Functions JSONata functions".
"""

from typing import Final

from millrace.model import JsonType

_NUMBER: Final = JsonType.NUMBER
_STRING: Final = JsonType.STRING
_BOOLEAN: Final = JsonType.BOOLEAN

FUNCTIONS: Final[dict[str, JsonType | None]] = {
    # strings
    "string": _STRING,
    "length": _NUMBER,
    "substring": _STRING,
    "substringBefore": _STRING,
    "substringAfter": _STRING,
    "uppercase": _STRING,
    "lowercase": _STRING,
    "trim": _STRING,
    "pad": _STRING,
    "contains": _BOOLEAN,
    "split": None,
    "join": _STRING,
    "match": None,
    "replace": _STRING,
    "eval": None,
    "base64encode": _STRING,
    "base64decode": _STRING,
    "encodeUrlComponent": _STRING,
    "encodeUrl": _STRING,
    "decodeUrlComponent": _STRING,
    "decodeUrl": _STRING,
    # numbers
    "number": _NUMBER,
    "abs": _NUMBER,
    "floor": _NUMBER,
    "ceil": _NUMBER,
    "round": _NUMBER,
    "power": _NUMBER,
    "sqrt": _NUMBER,
    "random": _NUMBER,
    "formatNumber": _STRING,
    "formatBase": _STRING,
    "formatInteger": _STRING,
    "parseInteger": _NUMBER,
    "sum": _NUMBER,
    "max": _NUMBER,
    "min": _NUMBER,
    "average": _NUMBER,
    # booleans
    "boolean": _BOOLEAN,
    "not": _BOOLEAN,
    "exists": _BOOLEAN,
    # arrays and objects
    "count": _NUMBER,
    "append": None,
    "sort": None,
    "reverse": None,
    "shuffle": None,
    "distinct": None,
    "zip": None,
    "keys": None,
    "lookup": None,
    "spread": None,
    "merge": None,
    "each": None,
    "clone": None,
    "error": None,
    "assert": None,
    "type": _STRING,
    # functions of functions
    "map": None,
    "filter": None,
    "single": None,
    "reduce": None,
    "sift": None,
    # dates
    "now": _STRING,
    "millis": _NUMBER,
    "fromMillis": _STRING,
    "toMillis": _NUMBER,
    # Step Functions
    "partition": None,
    "range": None,
    "hash": _STRING,
    "uuid": _STRING,
    "parse": None,
}
"""The type of what each function gives where that is always the same, by name without the dollar sign."""

IMPURE: Final = frozenset({"random", "shuffle", "uuid", "now", "millis"})
"""Functions that do not give the same value each time."""

TOTAL: Final = frozenset({"count", "exists"})
"""Functions that give a value whatever they are given."""

UNFAILING: Final = frozenset({"count", "exists", "boolean", "not", "string", "type"})
"""Functions that cannot fail when they are called with one argument."""

EVALUATOR: Final = "eval"
"""The function that Step Functions takes away from JSONata."""
