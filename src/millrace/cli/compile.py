"""`millrace compile`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from millrace.cli.output import count_text, print_diagnostics, print_fault, print_json, unreadable
from millrace.cli.parameters import FileName, JsonValue
from millrace.local.documents import read_document
from millrace.local.errors import DocumentError
from millrace.model import Json, NodeId

if TYPE_CHECKING:
    from millrace.compiler import Compilation


@click.command("compile")
@click.argument("files", metavar="FILE...", type=FileName(), nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print the whole compilation, one JSON object a line.")
@click.option("--pins", type=JsonValue(), metavar="JSON|@FILE", help="Outputs used in place of running, by node id.")
@click.option("-o", "--output", "out", type=click.Path(dir_okay=False), help="Write to this file instead.")
def command(files: tuple[str, ...], as_json: bool, pins: Mapping[NodeId, Json] | None, out: str | None) -> None:
    """Print the state machine, in Amazon States Language, that each FILE compiles to.

    Diagnostics go to standard error. Exits with 1 when a document does not compile.
    """
    if out is not None and out != "-":
        Path(out).unlink(missing_ok=True)
    compiled = [_compile(file, pins or {}, as_json=as_json, out=out) for file in files]
    sys.exit(0 if all(compiled) else 1)


def _compile(file: str, pins: Mapping[NodeId, Json], *, as_json: bool, out: str | None) -> bool:
    """Compile and print one document; tell whether that worked."""
    try:
        document = read_document(file)
    except DocumentError as error:
        print_fault(str(error))
        if as_json:
            print_json(
                {"file": file, "definition": None, "diagnostics": [unreadable(str(error)).to_json()]},
                compact=True,
                to=out,
            )
        return False
    from millrace.compiler import CompileContext, compile_document

    compilation = compile_document(document, CompileContext(pins=pins))
    if as_json:
        print_json({"file": file, **compilation.to_json()}, compact=True, to=out)
    _explain(file, compilation)
    if not as_json and compilation.definition is not None:
        print_json(compilation.definition, to=out)
    return compilation.ok


def _explain(file: str, compilation: "Compilation") -> None:
    if not compilation.diagnostics:
        return
    print_diagnostics(compilation.diagnostics, compilation.graph.workflow)
    verdict = "compiles" if compilation.ok else "does not compile"
    click.echo(f"{file} {verdict}: {count_text(compilation.diagnostics)}.", err=True)
