"""The examples of diagnostics: a file a code, in which documents have mistakes and say which."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from millrace.compiler import Compilation, CompileContext, compile_document
from millrace.model import Code, Diagnostic, NodeId

FOLDER: Final = Path(__file__).parent / "diagnostics"


@dataclass(frozen=True, slots=True)
class Example:
    """A document with mistakes.

    Attributes:
        expected: The diagnostics, each with its code and where it is; `severity` where it is a warning.
    """

    title: str
    document: Any
    pins: Mapping[NodeId, Any]
    expected: list[dict[str, Any]]

    def compiled(self) -> Compilation:
        return compile_document(self.document, CompileContext(pins=self.pins))


def meaning(code: Code) -> str:
    """Give what a code means, in one sentence."""
    return _file(code)["meaning"]


def examples(code: Code) -> Iterator[Example]:
    """Give the examples of a code; the first is the one that the page of diagnostics shows."""
    for one in _file(code)["examples"]:
        yield Example(one["title"], one["document"], one.get("pins", {}), one["expected"])


def _file(code: Code) -> dict[str, Any]:
    return json.loads((FOLDER / f"{code.value}.json").read_text())


def place(diagnostic: Diagnostic) -> dict[str, Any]:
    """Give what an example says of a diagnostic."""
    members = diagnostic.to_json()
    shown = {key: members[key] for key in ("code", "node", "edge", "field", "column") if key in members}
    return shown if diagnostic.is_error else {**shown, "severity": "warning"}
