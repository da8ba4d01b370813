"""Reading workflow documents and other JSON from files, with one clear sentence for everything that can be wrong."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, cast

import orjson

from millrace.local.errors import DocumentError

MAX_BYTES: Final = 8 * 1024 * 1024
"""The largest file that is read; a state machine's definition may have 1 MB (Step Functions quotas)."""

MAX_DEPTH: Final = 200
"""The deepest nesting of lists and objects."""

STANDARD_INPUT: Final = "-"

WORKFLOW_FILE: Final = "workflow.json"
"""The document of a folder that holds a workflow with what belongs to it."""


class _DuplicateKeyError(Exception):
    """An object names a key twice, which JSON's readers resolve silently."""


def document_path(name: str) -> Path:
    """Give the file that a name stands for: a folder stands for its `workflow.json`."""
    path = Path(name)
    inside = path / WORKFLOW_FILE
    return inside if is_folder(path) and inside.is_file() else path


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; one that is too long leads nowhere."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_document(name: str) -> Any:
    """Read a JSON file, or standard input for `-`.

    Raises:
        DocumentError: It is missing, not readable, too large, or not sound JSON.
    """
    if name == STANDARD_INPUT:
        return parse_json(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    if not name:
        raise DocumentError("the name of the file is empty; name a file, a folder, or - for standard input.")
    path = document_path(name)
    if is_folder(path):
        raise DocumentError(f"{name} is a folder without a {WORKFLOW_FILE}; name a file, or a folder that holds one.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"{name} does not exist; check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"{name} cannot be read: {reason}.") from None
    return parse_json(data, str(path))


def parse_json(data: bytes, name: str) -> Any:
    """Read JSON strictly: UTF-8, no NaN, no key twice, not too deep.

    Args:
        data: The bytes.
        name: What messages call them.

    Raises:
        DocumentError: They are not sound JSON.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{name} has more than {MAX_BYTES // 1024**2} MB; expected a smaller document.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"{name} is not UTF-8: byte {error.start + 1}, on line {line}, has no meaning.") from None
    if not text.strip():
        raise DocumentError(f"{name} is empty; expected a JSON document.")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if "depth" in error.msg:
            raise DocumentError(_too_deep(name)) from None
        raise DocumentError(f"{name} is not JSON: {error.msg}, on line {error.lineno}, column {error.colno}.") from None
    if _is_deeper(value, MAX_DEPTH):
        raise DocumentError(_too_deep(name))
    try:
        json.loads(text, object_pairs_hook=_unique, parse_int=str)
    except _DuplicateKeyError as duplicate:
        raise DocumentError(f"{name} has the key {duplicate} twice in one object; remove or rename one.") from None
    return value


def _too_deep(name: str) -> str:
    return f"{name} is nested more than {MAX_DEPTH} levels deep; flatten it."


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateKeyError(repr(key[:80]))
            seen.add(key)


def _is_deeper(value: object, limit: int) -> bool:
    layer: list[Any] = [value]
    for _ in range(limit + 1):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return False
    return True


def _inside(value: object) -> list[Any]:
    members: Iterable[Any] = ()
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).values()
    elif isinstance(value, list):
        members = cast("list[Any]", value)
    return [member for member in members if isinstance(member, (dict, list))]
