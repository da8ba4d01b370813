"""What can go wrong when a path or an intrinsic function is evaluated.

    EngineError
    `- PathError              a path found nothing, or cannot be used; names no error, the field it stands in decides
"""

from millrace.engine.errors import EngineError
from millrace.model.json import Json


class PathError(EngineError):
    """A path cannot be evaluated.

    Args:
        path: The path's text.
        document: What it was looked up in.
        message: What AWS says ("The JSONPath '$.x' could not be found in the input '{}'").
    """

    def __init__(self, path: str, document: Json, message: str) -> None:
        self.path = path
        self.document = document
        self.message = message
        super().__init__(message)
