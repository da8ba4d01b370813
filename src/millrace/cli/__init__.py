"""The command line: one module a command, each imported when it is called."""

from millrace.cli.application import main

__all__ = ["main"]
