"""How a Map Run fails.

EngineError
`- MapRunError            with the error name that the Map's Retry and Catch see
"""

from typing import Final

from millrace.engine.errors import EngineError

ITEM_READER_FAILED: Final = "States.ItemReaderFailed"
RESULT_WRITER_FAILED: Final = "States.ResultWriterFailed"


class MapRunError(EngineError):
    """A Map Run fails.

    Args:
        error: The error name.
        cause: What went wrong.
    """

    def __init__(self, error: str | None, cause: str | None) -> None:
        self.error = error
        self.cause = cause
        super().__init__(f"{error}: {cause}")
