"""Running code that people write: no files, network, environment or credentials, bounds of time and memory."""

from millrace.sandbox.errors import (
    Position,
    ProgramError,
    ProgramMemoryError,
    ProgramSyntaxError,
    ProgramTimeoutError,
    ResultError,
    SandboxError,
)
from millrace.sandbox.javascript import run_javascript
from millrace.sandbox.limits import Limits
from millrace.sandbox.python import run_python

__all__ = [
    "Limits",
    "Position",
    "ProgramError",
    "ProgramMemoryError",
    "ProgramSyntaxError",
    "ProgramTimeoutError",
    "ResultError",
    "SandboxError",
    "run_javascript",
    "run_python",
]
