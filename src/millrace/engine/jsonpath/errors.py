"""What can go wrong when a path is evaluated.

EngineError
|- PathError              a path found nothing, or cannot be used, in one field of a state
`- Miss                   the same, before it is known which field asked; never leaves this package
"""

from millrace.engine.errors import RUNTIME, EngineError
from millrace.model.json import Json


class PathError(EngineError):
    """A field's path cannot be evaluated.

    Args:
        path: The path's text.
        document: What it was looked up in.
        message: What AWS says ("Invalid path '$.x' : No results for path: $['x']").
        error: The error name that AWS gives it.
    """

    def __init__(self, path: str, document: Json, message: str, error: str = RUNTIME) -> None:
        self.path = path
        self.document = document
        self.message = message
        self.error = error
        super().__init__(message)


class Miss(EngineError):  # noqa: N818 - what a definite path does; whether it is an error, the field decides
    """A definite path selects nothing.

    Args:
        reason: Why, as Jayway JsonPath words it.
        step: The name or index that could not be followed.
        out_of_range: The step is an index beyond an array's end.
    """

    def __init__(self, reason: str, step: str, *, out_of_range: bool = False) -> None:
        self.reason = reason
        self.step = step
        self.out_of_range = out_of_range
        super().__init__(reason)
