"""JSONPath in Amazon States Language: paths, intrinsic functions, payload templates and Choice rules.

Everything is compiled once, when a definition is loaded, and evaluated against a `Scope`: `$` is the scope's document,
`$$` its context, `$name` its variable.

Source: Amazon States Language specification, "Paths", "Payload Template", "Intrinsic Functions", "Choice State"; paths
are Jayway JsonPath's, which AWS runs.
"""

from millrace.engine.jsonpath.choice import Condition, compile_rule
from millrace.engine.jsonpath.errors import PathError
from millrace.engine.jsonpath.intrinsic import Intrinsic, read_path
from millrace.engine.jsonpath.path import Path
from millrace.engine.jsonpath.reference_path import ReferencePath
from millrace.engine.jsonpath.template import compile_payload

__all__ = [
    "Condition",
    "Intrinsic",
    "Path",
    "PathError",
    "ReferencePath",
    "compile_payload",
    "compile_rule",
    "read_path",
]
