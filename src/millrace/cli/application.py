"""The entry point: finds the command, and turns every way of ending into an exit code."""

import os
import sys
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Final

import click

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT."""

_COMMANDS: Final = {
    "validate": "Check a document, and say everything that is wrong with it.",
    "compile": "Print the state machine that a document compiles to.",
    "up": "Serve workflows, runs, the API and the page on this machine.",
    "run": "Run a document here, and print its outputs.",
    "engine": "Serve Step Functions' API on this machine, durably.",
    "nodes": "List the node types, or describe one.",
}


class _LazyGroup(click.Group):
    """Knows its commands by name, and imports one when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of the commands, in the order of the help."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"millrace.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="millrace", message="%(prog)s %(version)s")
def cli() -> None:
    """Workflows that are drawn, compiled to AWS Step Functions, and run anywhere.

    A FILE is a workflow document in JSON, a folder that holds a workflow.json, or - for standard input.
    """


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(prog_name="millrace", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        _flush()
        # Threads that wait for a server or for a person would be waited for; nobody wants their results any more.
        os._exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader has what it wanted (`| head`); the interpreter must not try to flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        click.echo(f"Error: {_fault(error)}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _fault(error: Exception) -> str:
    """Say where the product itself failed; `python -X dev -m millrace` shows the whole traceback."""
    place = extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}, line {place.lineno}"
    return f"Millrace failed, which is a fault of its own: {type(error).__name__}: {error} ({where})."


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
