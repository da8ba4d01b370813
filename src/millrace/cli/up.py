"""`millrace up`."""

import sys
import time
from pathlib import Path

import click

from millrace.cli.output import print_fault


@click.command("up")
@click.option(
    "--port",
    type=click.IntRange(1, 65532),
    default=8700,
    show_default=True,
    envvar="MILLRACE_PORT",
    show_envvar=True,
    help="The first of four ports in a row.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".millrace"),
    show_default=True,
    envvar="MILLRACE_HOME",
    show_envvar=True,
    help="The folder that holds all data.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser once it serves.")
def command(port: int, home: Path, open_page: bool) -> None:
    """Serve workflows, runs, the API and the page on this machine, until Ctrl-C.

    Everything listens on 127.0.0.1 only, and is kept in one folder.
    """
    started = time.monotonic()
    from millrace.local.errors import LocalRunError
    from millrace.local.runtime import Layout, run_service

    def ready(url: str) -> None:
        click.echo(f"Millrace serves {url} ({time.monotonic() - started:.1f} s); Ctrl-C stops it.")
        if open_page:
            import webbrowser

            webbrowser.open(url)

    layout = Layout(home.resolve(), port)
    click.echo(f"Starting Millrace with its data in {home}.")
    try:
        run_service(layout, tell=click.echo, ready=ready)
    except LocalRunError as error:
        print_fault(str(error))
        sys.exit(1)
    click.echo("Stopped.")
