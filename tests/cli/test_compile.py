"""`millrace compile`."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.command_line import call
from tests.cli.conftest import FIVE_MISTAKES, SMALL

Saved = Callable[[object], str]


def test_state_machine_is_printed(saved: Saved) -> None:
    called = call("compile", saved(SMALL))
    assert called.code == 0
    assert called.err == ""
    assert called.json["QueryLanguage"] == "JSONata"
    assert "Double it" in called.json["States"]


def test_whole_compilations_come_one_a_line_each_with_its_file(saved: Saved) -> None:
    files = [saved(SMALL), saved(FIVE_MISTAKES), saved(SMALL)]
    called = call("compile", *files, "--json")
    assert called.code == 1
    lines = [json.loads(line) for line in called.out.splitlines()]
    assert [line["file"] for line in lines] == files
    assert [line["definition"] is None for line in lines] == [False, True, False]
    assert lines[0].keys() >= {"definition", "type", "sourceMap", "children", "diagnostics", "permissions", "estimate"}
    assert len([found for found in lines[1]["diagnostics"] if found["severity"] == "error"]) == 5


def test_unreadable_file_has_its_line_too(saved: Saved) -> None:
    called = call("compile", "missing.json", saved(SMALL), "--json")
    assert called.code == 1
    assert [json.loads(line)["definition"] is None for line in called.out.splitlines()] == [True, False]


def test_diagnostics_go_to_standard_error(saved: Saved) -> None:
    called = call("compile", saved(FIVE_MISTAKES))
    assert (called.code, called.out) == (1, "")
    assert "5 errors" in called.err


def test_pins_take_the_place_of_nodes(saved: Saved, tmp_path: Path) -> None:
    file = saved(SMALL)
    pins = tmp_path / "pins.json"
    pins.write_text('{"double": {"v": "pinned"}}')
    for given in (pins.read_text(), f"@{pins}", str(pins)):
        called = call("compile", file, "--pins", given)
        assert "pinned" in called.out


def test_output_goes_to_a_file(saved: Saved, tmp_path: Path) -> None:
    out = tmp_path / "machine.asl.json"
    out.write_text("something longer that was there before" * 100)
    called = call("compile", saved(SMALL), "-o", str(out))
    assert (called.code, called.out) == (0, "")
    assert json.loads(out.read_text())["QueryLanguage"] == "JSONata"


def test_file_that_cannot_be_written_is_told_in_one_sentence(saved: Saved, tmp_path: Path) -> None:
    called = call("compile", saved(SMALL), "-o", str(tmp_path / "no" / "folder"))
    assert called.code == 1
    assert "cannot be written" in called.err
