"""What commands print: JSON on standard output, diagnostics and sentences for people on standard error."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import click
import orjson

from millrace.model import Code, Diagnostic, Severity, Workflow

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def print_json(value: Any, *, compact: bool = False, to: str | None = None) -> None:
    """Print a value as JSON.

    Args:
        value: The value.
        compact: On one line.
        to: A file to write in place of standard output.
    """
    option = orjson.OPT_APPEND_NEWLINE if compact else orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2
    data = orjson.dumps(value, option=option)
    if to is None or to == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        with Path(to).open("ab") as file:
            file.write(data)
    except OSError as error:
        raise click.ClickException(f"{to} cannot be written: {error.strerror}.") from None


def print_diagnostics(diagnostics: Iterable[Diagnostic], workflow: Workflow | None = None, *, err: bool = True) -> None:
    """Print diagnostics for people, one block each."""
    for diagnostic in diagnostics:
        severity = click.style(diagnostic.severity.value, fg=_COLOURS[diagnostic.severity], bold=True)
        place = _place(diagnostic, workflow)
        head = f"{severity} {click.style(diagnostic.code.value, dim=True)}"
        click.echo(f"{head}  {click.style(place, bold=True)}" if place else head, err=err)
        click.echo(f"  {_sentence(diagnostic.message)}", err=err)
        click.echo(f"  {click.style('Remedy:', fg='cyan')} {diagnostic.remedy}\n", err=err)


def print_fault(text: str) -> None:
    """Print what went wrong, in one sentence, on standard error."""
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {text}", err=True)


def unreadable(message: str) -> Diagnostic:
    """Give the diagnostic of a file that is no document."""
    return Diagnostic(Code.MALFORMED_DOCUMENT, message, "Give a workflow document in JSON.")


def count_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Count errors and warnings in words."""
    found = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(found.count(severity), severity.value) for severity in Severity]
    return ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts if count)


def label_of(node: str, workflow: Workflow | None) -> str:
    """Name a node for people: its label and its id, or its id alone."""
    known = next((known for known in workflow.nodes.values() if known.id == node), None) if workflow else None
    label = known.data.get("label") if known is not None else None
    return f"{label} ({node})" if isinstance(label, str) and label != node else node


def _place(diagnostic: Diagnostic, workflow: Workflow | None) -> str:
    parts = [label_of(diagnostic.node, workflow)] if diagnostic.node is not None else []
    parts += [f"edge {diagnostic.edge}"] if diagnostic.edge is not None else []
    parts += [diagnostic.field] if diagnostic.field is not None else []
    parts += [f"column {diagnostic.column}"] if diagnostic.column is not None else []
    return ", ".join(parts)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
