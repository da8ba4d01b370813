"""Calls the commands, in this process or as a program of their own."""

import gc
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from millrace.cli.application import cli


@dataclass(frozen=True, slots=True)
class Called:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: str, given: str | bytes | None = None) -> Called:
    """Call a command in this process."""
    result = CliRunner().invoke(cli, arguments, input=given, prog_name="millrace")
    # The exit's traceback holds the engine's expressions in a cycle, and these must be dropped on the thread that made
    # them; a later command's function threads would be another one.
    gc.collect()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Called(result.exit_code, result.stdout, result.stderr)


def start(*arguments: str, environment: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start a command as a program."""
    command = [sys.executable, "-m", "millrace", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, encoding="utf-8"
    )
