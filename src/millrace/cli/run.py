"""`millrace run`."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from millrace.cli.output import count_text, label_of, print_diagnostics, print_fault, print_json
from millrace.cli.parameters import FileName, JsonValue
from millrace.local.companions import SERVER_INPUT, Companions, find_companions, serving
from millrace.local.errors import CompileError, InputError, LocalRunError
from millrace.model import Json, NodeId

if TYPE_CHECKING:
    from millrace.local.program import Program
    from millrace.observation import RunReport


@click.command("run")
@click.argument("file", type=FileName())
@click.option("--input", "inputs", type=JsonValue(), metavar="JSON|@FILE", help="The run's inputs.")
@click.option("--json", "as_json", is_flag=True, help='Print {"status", "outputs", "error", "nodes"}.')
@click.option("--fast", is_flag=True, help="Skip waits, and the delays of retries.")
@click.option("--pins", type=JsonValue(), metavar="JSON|@FILE", help="Outputs used in place of running, by node id.")
@click.option(
    "--answers",
    type=JsonValue(),
    metavar="JSON|@FILE",
    help='What people answer, by node id: the fields of a form, or {"decision": "approved"}.',
)
def command(
    file: str,
    inputs: dict[str, Json] | None,
    as_json: bool,
    fast: bool,
    pins: Mapping[NodeId, Json] | None,
    answers: Mapping[str, Json] | None,
) -> None:
    """Run the document FILE here, without servers, and print its outputs as JSON.

    A folder may bring its own input.json and answers.json, and a serve.py that serves what the workflow calls: it is
    started for the run, and its address is the input `server`.

    Exits with 0 when the run completed, else with 1; the failing node and its error go to standard error.
    """
    try:
        from millrace.local.program import load_program

        program = load_program(file, pins or {})
        _explain_warnings(program)
        companions = find_companions(file)
        report = _run(program, companions, inputs, answers, fast=fast)
    except LocalRunError as error:
        _refuse(error, as_json=as_json)
        sys.exit(1)
    if as_json:
        print_json(report.to_json())
    else:
        _show_console(report, program)
        if report.outputs is not None:
            print_json(report.outputs)
    _explain_failure(report, program)
    sys.exit(0 if report.outputs is not None else 1)


def _run(
    program: "Program",
    companions: Companions,
    inputs: dict[str, Json] | None,
    answers: Mapping[str, Json] | None,
    *,
    fast: bool,
) -> "RunReport":
    from millrace.cli.terminal import run_on_terminal
    from millrace.local.local_run import LocalRun

    given = companions.read_inputs() if inputs is None else inputs
    answers = companions.read_answers() if answers is None else answers
    with ExitStack() as stack:
        if companions.server is not None and SERVER_INPUT not in given:
            click.echo(f"Serving {companions.server} for this run.", err=True)
            given = given | {SERVER_INPUT: stack.enter_context(serving(companions.server))}
        checked = program.check_inputs(given)
        program.check_answers(answers)
        return run_on_terminal(lambda ask: LocalRun(program, fast=fast, answers=answers, ask=ask), checked)


def _refuse(error: LocalRunError, *, as_json: bool) -> None:
    """Say why the run did not start."""
    if as_json:
        problem = {"node": None, "type": error.name, "message": str(error), "state": None}
        diagnostics = [found.to_json() for found in error.diagnostics] if isinstance(error, CompileError) else []
        print_json({"status": "failed", "outputs": None, "error": problem, "nodes": {}, "diagnostics": diagnostics})
    if isinstance(error, CompileError):
        print_diagnostics(error.diagnostics, error.workflow)
        click.echo(f"{error.document} does not compile: {count_text(error.diagnostics)}.", err=True)
    elif isinstance(error, InputError):
        for fault in error.faults:
            print_fault(fault)
    else:
        print_fault(str(error))


def _explain_warnings(program: "Program") -> None:
    print_diagnostics(program.compilation.diagnostics, program.compilation.graph.workflow)


def _show_console(report: "RunReport", program: "Program") -> None:
    for node, part in report.nodes.items():
        for line in part.console:
            click.echo(f"{click.style(label_of(node, program.compilation.graph.workflow), dim=True)}: {line}", err=True)


def _explain_failure(report: "RunReport", program: "Program") -> None:
    if report.error is None:
        return
    error = report.error
    place = label_of(error.node, program.compilation.graph.workflow) if error.node is not None else "the run"
    text = ": ".join(part for part in (error.error.type, error.error.message) if part)
    print_fault(f"{place} failed" + (f": {text}" if text else "."))
