"""`millrace validate`."""

import sys

import click

from millrace.cli.output import count_text, print_diagnostics, print_fault, print_json, unreadable
from millrace.cli.parameters import FileName
from millrace.local.documents import read_document
from millrace.local.errors import DocumentError


@click.command("validate")
@click.argument("file", type=FileName())
@click.option("--json", "as_json", is_flag=True, help='Print {"valid", "diagnostics"} as JSON.')
def command(file: str, as_json: bool) -> None:
    """Check the document FILE and print everything that is wrong with it.

    Exits with 0 when it compiles, else with 1.
    """
    try:
        document = read_document(file)
    except DocumentError as error:
        if as_json:
            print_json({"valid": False, "diagnostics": [unreadable(str(error)).to_json()]})
        else:
            print_fault(str(error))
        sys.exit(1)
    from millrace.compiler import compile_document

    compilation = compile_document(document)
    diagnostics = compilation.diagnostics
    if as_json:
        members = {"valid": compilation.ok, "diagnostics": [diagnostic.to_json() for diagnostic in diagnostics]}
        print_json(members)
    else:
        print_diagnostics(diagnostics, compilation.graph.workflow, err=False)
        counted = count_text(diagnostics)
        verdict = "is valid" if compilation.ok else "is not valid"
        click.echo(f"{file} {verdict}" + (f": {counted}." if counted else "."))
    sys.exit(0 if compilation.ok else 1)
