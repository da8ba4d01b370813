"""What the Step Functions API answers when it does not do what it was asked for.

    ApiError
    `- every error of the API is one: its `code` is the error's name in the service model ("InvalidArn")

An `ApiError` is an answer, not a fault of the engine: whatever else an operation raises is one, and the server
answers it with InternalServerError.

Source: AWS Step Functions API Reference, "Errors" of each action, and "Common Errors".
"""

from collections.abc import Mapping
from typing import Final

__all__ = ["ApiError"]

_STATUS: Final[Mapping[str, int]] = {
    "InternalServerError": 500,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailable": 503,
}


class ApiError(Exception):
    """An error of the Step Functions API.

    Args:
        code: The error's name in the service model.
        message: The text, as AWS words it.
        details: Further members of the error's shape ("resourceName").
    """

    def __init__(self, code: str, message: str, **details: str) -> None:
        self.code = code
        self.message = message
        self.details = details
        super().__init__(f"{code}: {message}")

    @property
    def status(self) -> int:
        """Give the HTTP status: that of all errors of AWS JSON is 400, unless the server is at fault."""
        return _STATUS.get(self.code, 400)
