"""The kinds of argument that commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import click
from click.shell_completion import CompletionItem

from millrace.local.documents import parse_json, read_document
from millrace.local.errors import DocumentError

_FROM_FILE: Final = "@"


class FileName(click.ParamType[str]):
    """A document's file or folder, or `-`; the shell completes it. Whether it exists is the command's business."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete a path."""
        del ctx, param
        return [CompletionItem(incomplete, type="file")]


class JsonValue(click.ParamType[Any]):
    """JSON, or `@FILE` to read it from a file (`@-` from standard input).

    Args:
        objects: Only an object will do.
    """

    name = "json"

    def __init__(self, *, objects: bool = True) -> None:
        self._objects = objects

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the value."""
        if not isinstance(value, str):
            return value
        given = value
        try:
            if given.startswith(_FROM_FILE):
                parsed: object = read_document(given[len(_FROM_FILE) :])
            elif not given.lstrip().startswith("{") and _is_file(given):
                parsed = read_document(given)
            else:
                parsed = parse_json(given.encode("utf-8", "surrogateescape"), "the value")
        except DocumentError as error:
            self.fail(f"{error} Give JSON, or @FILE to read it from a file.", param, ctx)
        if self._objects and not isinstance(parsed, dict):
            self.fail(f"expected a JSON object, found {given[:60]!r}.", param, ctx)
        return cast("Any", parsed)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete the path behind `@`."""
        del ctx, param
        if not incomplete.startswith(_FROM_FILE):
            return []
        return [CompletionItem(_FROM_FILE + path) for path in _paths(incomplete[len(_FROM_FILE) :])]


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _paths(start: str) -> Sequence[str]:
    folder = Path(start) if start.endswith("/") else Path(start).parent
    prefix = start if start.endswith("/") else start[: len(start) - len(Path(start).name)]
    name = "" if start.endswith("/") else Path(start).name
    if not folder.is_dir():
        return ()
    return sorted(
        f"{prefix}{path.name}{'/' if path.is_dir() else ''}" for path in folder.iterdir() if path.name.startswith(name)
    )
