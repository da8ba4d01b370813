"""The program: exit codes, interruption, completion, and how fast it starts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.cli.command_line import call, start
from tests.cli.conftest import FAILING, SMALL
from tests.local.workflows import workflow

Saved = Callable[[object], str]


def complete(*words: str) -> list[str]:
    """Give what the shell would be offered for the last word."""
    environment = {
        **os.environ,
        "_MILLRACE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    out, err = start(environment=environment).communicate(timeout=20)
    assert err == ""
    return out.split()


def test_help_lists_the_commands_without_importing_them() -> None:
    code = (
        "import sys; from millrace.cli.application import cli; cli(['--help'], standalone_mode=False);"
        "print([name for name in sys.modules if name.startswith(('pydantic', 'millrace.compiler', 'rich'))])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.rstrip().endswith("[]")
    for command in ("validate", "compile", "run", "nodes"):
        assert command in out


@pytest.mark.parametrize("arguments", [("run",), ("bogus",), ("run", "--bogus", "x"), ("compile",)])
def test_errors_of_usage_exit_with_2(arguments: tuple[str, ...]) -> None:
    process = start(*arguments)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "Error: " in err
    assert "Traceback" not in err


def test_exit_codes_are_those_of_the_run(saved: Saved) -> None:
    failing = start("run", saved(FAILING))
    completing = start("run", saved(SMALL), "--input", '{"n": 1}')
    assert failing.communicate(timeout=20)[0] == ""
    assert json.loads(completing.communicate(timeout=20)[0]) == {"doubled": 2}
    assert (failing.returncode, completing.returncode) == (1, 0)


def test_interrupted_run_ends_at_once_with_130(saved: Saved) -> None:
    code = "console.log('started'); for (;;) {}"
    process = start("run", saved(workflow({"js": ("code", {"source": code, "timeoutSeconds": 60})})), "--json")
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "Interrupted."


def test_reader_that_goes_away_makes_no_noise() -> None:
    process = start("nodes", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(20)


def test_node_types_are_completed() -> None:
    assert complete("millrace", "nodes", "swi") == ["plain,switch"]


def test_files_and_commands_are_completed() -> None:
    assert complete("millrace", "vali") == ["plain,validate"]
    assert complete("millrace", "run", "exam") == ["file,exam"]


def test_version_is_told() -> None:
    assert call("--version").out.startswith("millrace ")
