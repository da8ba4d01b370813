"""The command line: one module a command, each imported when it is called."""

from millrace.cli.main import main

__all__ = ["main"]
