"""What a workflow's folder may bring along: inputs, answers, and a server for what it calls."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from millrace.local.documents import is_folder, read_document
from millrace.local.errors import DocumentError, LocalRunError
from millrace.model import Json

INPUT_FILE: Final = "input.json"
ANSWERS_FILE: Final = "answers.json"
SERVER_FILE: Final = "serve.py"

SERVER_INPUT: Final = "server"
"""The input that is given the server's address."""

_ALLOWED_HOSTS: Final = "MILLRACE_ALLOW_PRIVATE_HOSTS"
_STOP_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Companions:
    """The files beside the `workflow.json` of a folder; a document named as a file has none."""

    inputs: Path | None = None
    answers: Path | None = None
    server: Path | None = None

    def read_inputs(self) -> dict[str, Json]:
        """Read the inputs; none where there is no file."""
        return _read_object(self.inputs)

    def read_answers(self) -> dict[str, Json]:
        """Read the answers; none where there is no file."""
        return _read_object(self.answers)


def find_companions(name: str) -> Companions:
    """Give the files that belong to a document, where it is named by its folder."""
    folder = Path(name)
    if name == "-" or not is_folder(folder):
        return Companions()
    files = (folder / file for file in (INPUT_FILE, ANSWERS_FILE, SERVER_FILE))
    return Companions(*(file if file.is_file() else None for file in files))


@contextmanager
def serving(script: Path) -> Generator[str]:
    """Run a server as long as it is needed, and let this process's http nodes reach it.

    They read their settings once, so a process can serve one folder.

    Args:
        script: A Python script that prints the server's address, such as `http://127.0.0.1:8080`, when it serves.

    Raises:
        LocalRunError: It ends, or prints something else.
    """
    command = [sys.executable, str(script)]
    # The script is part of the folder that was asked to run.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            address = str(server.stdout.readline(), "utf-8", "replace").strip()
            host = urlsplit(address).netloc
            if not host:
                raise LocalRunError(f"expected {script} to print its address when it serves, found {address[:80]!r}.")
            allowed = os.environ.get(_ALLOWED_HOSTS)
            os.environ[_ALLOWED_HOSTS] = f"{allowed},{host}" if allowed else host
            yield address
        finally:
            _stop(server)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()


def _read_object(file: Path | None) -> dict[str, Json]:
    if file is None:
        return {}
    value: Json = read_document(str(file))
    if not isinstance(value, dict):
        raise DocumentError(f"{file} holds {type(value).__name__}; expected a JSON object.")
    return value
