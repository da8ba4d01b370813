"""Running code that people write, without files, network, environment or credentials, within bounds of time and memory."""

from millrace.sandbox.errors import (
    Position,
    ProgramError,
    ProgramMemory,
    ProgramSyntaxError,
    ProgramTimeout,
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
    "ProgramMemory",
    "ProgramSyntaxError",
    "ProgramTimeout",
    "ResultError",
    "SandboxError",
    "run_javascript",
    "run_python",
]
