"""What may become of code that people write.

SandboxError
|-- ProgramSyntaxError   the source does not parse
|-- ProgramError         the code raised an error, or its interpreter died
|-- ProgramTimeoutError  it ran longer than it may
|-- ProgramMemoryError   it needed more memory than it may have
`-- ResultError          what it returned is not JSON, or too large
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the source as its author sees it; line and column count from 1."""

    line: int
    column: int | None
    text: str

    def __str__(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        return f"line {self.line}{column}: {self.text}"


class SandboxError(Exception):
    """Code did not come to a result.

    Attributes:
        name: The error's name in workflows.
        position: Where in the source, when it is known.
    """

    name: ClassVar[str] = "Code.Error"

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message if position is None else f"{message} ({position})")
        self.position = position


class ProgramSyntaxError(SandboxError):
    """The source does not parse."""

    name = "Code.SyntaxError"


class ProgramError(SandboxError):
    """The code raised an error, or its interpreter died."""


class ProgramTimeoutError(SandboxError):
    """The code ran longer than it may."""

    name = "Code.Timeout"


class ProgramMemoryError(SandboxError):
    """The code needed more memory than it may have."""

    name = "Code.Memory"


class ResultError(SandboxError):
    """The returned value is not JSON, or too large."""

    name = "Code.Result"
