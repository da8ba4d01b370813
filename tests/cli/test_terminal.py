"""Runs on a terminal: progress, and questions."""

import os
import pty
import re
import select
import sys
import time
from collections.abc import Callable, Iterable

import pytest

from tests.local.workflows import workflow

Saved = Callable[[object], str]

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
LIMIT_SECONDS = 30


def talk(arguments: Iterable[str], *exchanges: tuple[str, str]) -> tuple[int, str]:
    """Call the program on a terminal of its own.

    Args:
        arguments: The command.
        exchanges: What to wait for on the screen, and what to type then.

    Returns:
        The exit code, and all that stood on the screen.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "millrace", *arguments])
    shown, answered = "", 0
    waiting = list(exchanges)
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            shown = ESCAPES.sub("", shown + data.decode("utf-8", "replace"))
        if waiting and (found := shown.find(waiting[0][0], answered)) >= 0:
            answered = found + len(waiting[0][0])
            os.write(terminal, waiting.pop(0)[1].encode())
    else:
        os.kill(child, 9)
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert not waiting, shown
    return code, shown


def test_nodes_at_work_are_shown_and_taken_off_the_screen(saved: Saved) -> None:
    document = workflow({"pause": ("wait", {"seconds": 1}), "out": ("output", {})}, ["pause > out"])
    code, shown = talk(["run", saved(document)])
    assert code == 0
    assert "0 of 2 nodes done" in shown
    assert "pause" in shown
    assert shown.rstrip().endswith('"out": {}\r\n}')


def test_person_decides_on_the_terminal(saved: Saved) -> None:
    document = workflow(
        {"ask": ("approval", {"message": "Refund **10** EUR?"}), "out": ("output", {"value": "${ask.output.comment}"})},
        ["ask:rejected > out"],
    )
    code, shown = talk(
        ["run", saved(document)],
        ("Decision [", "perhaps\n"),
        ("Decision [", "rejected\n"),
        ("Comment:", "no\n"),
    )
    assert code == 0
    assert "Refund 10 EUR?" in shown
    assert '"out": "no"' in shown


def test_form_is_asked_field_by_field_until_it_fits(saved: Saved) -> None:
    schema = {
        "street": {"type": "string", "required": True, "description": "With the number"},
        "floor": {"type": "integer", "default": 1},
        "lift": {"type": "boolean"},
    }
    document = workflow(
        {"form": ("user-input", {"message": "Where?", "schema": schema}), "out": ("output", {})},
        ["form:submitted > out"],
    )
    code, shown = talk(
        ["run", saved(document)],
        ("street:", "\n"),
        ("street:", "Elm 1\n"),
        ("floor (1):", "first\n"),
        ("lift:", "yes\n"),
        ("street:", "Elm 2\n"),
        ("floor (1):", "\n"),
        ("lift:", "no\n"),
    )
    assert code == 0
    assert "street is required" in shown
    assert "With the number" in shown
    assert re.search(r'"street": "Elm 2",\s+"floor": 1,\s+"lift": false', shown)


@pytest.mark.parametrize("kind", ["asking", "waiting"])
def test_control_c_ends_with_130(kind: str, saved: Saved) -> None:
    node = ("approval", {"message": "?"}) if kind == "asking" else ("wait", {"seconds": 600})
    code, shown = talk(["run", saved(workflow({"node": node}))], ("Decision" if kind == "asking" else "0 of 1", "\x03"))
    assert code == 130
    assert "Interrupted." in shown
    assert "Traceback" not in shown
