"""`millrace run`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command_line import call
from tests.cli.conftest import FAILING, FIVE_MISTAKES, SMALL
from tests.local.workflows import workflow

Saved = Callable[[object], str]


def test_outputs_are_printed_as_json(saved: Saved) -> None:
    called = call("run", saved(SMALL), "--input", '{"n": 4}')
    assert (called.code, called.err) == (0, "")
    assert called.json == {"doubled": 8}


def test_whole_report_is_printed_with_json(saved: Saved) -> None:
    called = call("run", saved(SMALL), "--input", '{"n": 4}', "--json")
    assert called.json == {
        "status": "completed",
        "outputs": {"doubled": 8},
        "error": None,
        "nodes": {
            "in": {"status": "completed", "output": {"n": 4}},
            "double": {"status": "completed", "output": {"v": 8}},
            "out": {"status": "completed", "output": 8},
        },
    }


def test_failing_node_and_its_error_go_to_standard_error(saved: Saved) -> None:
    file = saved(FAILING)
    called = call("run", file)
    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("Error: My code (js) failed: Code.Error: Error: broken")
    called = call("run", file, "--json")
    assert called.code == 1
    assert called.json["status"] == "failed"
    assert called.json["outputs"] is None
    assert called.json["error"]["node"] == "js"
    assert called.json["nodes"]["js"]["status"] == "failed"


def test_inputs_come_from_a_file(saved: Saved, tmp_path: Path) -> None:
    (tmp_path / "given.json").write_text('{"n": 1}')
    assert call("run", saved(SMALL), "--input", f"@{tmp_path / 'given.json'}").json == {"doubled": 2}


def test_every_fault_of_the_inputs_is_told_before_the_run(saved: Saved) -> None:
    file = saved(SMALL)
    called = call("run", file, "--input", '{"n": "x", "m": 1}')
    assert (called.code, called.out) == (1, "")
    assert len(called.err.splitlines()) == 2
    called = call("run", file, "--json")
    assert called.code == 1
    assert called.json["error"]["type"] == "Inputs.Invalid"
    assert "`n`" in called.json["error"]["message"]


def test_document_with_mistakes_is_not_run(saved: Saved) -> None:
    file = saved(FIVE_MISTAKES)
    called = call("run", file)
    assert called.code == 1
    assert "does not compile: 5 errors." in called.err
    called = call("run", file, "--json")
    assert called.json["error"]["type"] == "Document.Invalid"
    assert len(called.json["diagnostics"]) == 5


def test_pins_take_the_place_of_nodes(saved: Saved) -> None:
    called = call("run", saved(SMALL), "--input", '{"n": 1}', "--pins", '{"double": {"v": "pinned"}}')
    assert called.json == {"doubled": "pinned"}


def test_answers_take_the_place_of_people(saved: Saved) -> None:
    document = workflow(
        {"ask": ("approval", {"message": "?"}), "out": ("output", {"value": "${ask.output.decision}"})},
        ["ask:approved > out"],
    )
    file = saved(document)
    assert call("run", file, "--answers", '{"ask": "approved"}').json == {"out": "approved"}
    called = call("run", file)
    assert called.code == 1
    assert "--answers" in called.err


def test_waits_are_skipped_with_fast(saved: Saved) -> None:
    document = workflow({"pause": ("wait", {"seconds": 90_000}), "out": ("output", {})}, ["pause > out"])
    assert call("run", saved(document), "--fast").json == {"out": {}}


def test_folder_brings_its_inputs_and_answers(tmp_path: Path) -> None:
    document = workflow(
        {"ask": ("approval", {"message": "?"}), "out": ("output", {"value": ["${inputs.a}", "${ask.output.comment}"]})},
        ["ask:approved > out"],
    )
    for name, value in {
        "workflow": document,
        "input": {"a": 1},
        "answers": {"ask": {"decision": "approved", "comment": "fine"}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    assert call("run", str(tmp_path)).json == {"out": [1, "fine"]}
    assert call("run", str(tmp_path), "--input", '{"a": 2}').json == {"out": [2, "fine"]}


def test_server_that_does_not_give_its_address_is_told(tmp_path: Path) -> None:
    (tmp_path / "workflow.json").write_text(json.dumps(SMALL))
    (tmp_path / "serve.py").write_text("print('hello')\n")
    called = call("run", str(tmp_path))
    assert called.code == 1
    assert "to print its address" in called.err


@pytest.mark.parametrize("value", ["{bad", "[1]", "5", "@missing.json", '{"a": 1, "a": 2}'])
def test_option_that_is_no_json_object_is_an_error_of_usage(value: str, saved: Saved) -> None:
    called = call("run", saved(SMALL), "--input", value)
    assert called.code == 2
    assert "--input" in called.err


def test_answers_for_nodes_that_ask_nobody_are_refused(saved: Saved) -> None:
    called = call("run", saved(SMALL), "--input", '{"n": 1}', "--answers", '{"double": "approved"}')
    assert called.code == 1
    assert "'double'" in called.err


def test_console_of_code_goes_to_standard_error(saved: Saved) -> None:
    document = workflow({"js": ("code", {"label": "My code", "source": "console.log('printed'); return 1"})})
    file = saved(document)
    assert call("run", file).err == "My code (js): printed\n"
    called = call("run", file, "--json")
    assert called.err == ""
    assert called.json["nodes"]["js"]["console"] == ["printed"]
