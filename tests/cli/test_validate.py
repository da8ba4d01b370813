"""`millrace validate`."""

import json
from collections.abc import Callable

from tests.cli.command_line import call
from tests.cli.conftest import FIVE_MISTAKES, SMALL

Saved = Callable[[object], str]


def test_valid_document_gives_exit_code_0(saved: Saved) -> None:
    file = saved(SMALL)
    assert call("validate", file).code == 0
    called = call("validate", file, "--json")
    assert (called.code, called.json) == (0, {"valid": True, "diagnostics": []})


def test_five_mistakes_give_five_precise_diagnostics(saved: Saved) -> None:
    called = call("validate", saved(FIVE_MISTAKES), "--json")
    assert called.code == 1
    assert called.json["valid"] is False
    found = {(problem.get("node"), problem.get("field")) for problem in called.json["diagnostics"]}
    assert found == {
        ("in", "schema.n.type"),
        ("double", "fields.v"),
        ("odd", "type"),
        ("choice", "condition"),
        ("out", "value"),
    }
    assert all(problem["message"] and problem["remedy"] for problem in called.json["diagnostics"])


def test_diagnostics_for_people_name_label_field_and_remedy(saved: Saved) -> None:
    called = call("validate", saved(FIVE_MISTAKES))
    assert called.code == 1
    assert "Double it (double), fields.v, column" in called.out
    assert called.out.count("Remedy:") == 5
    assert called.out.rstrip().endswith("is not valid: 5 errors.")


def test_warnings_do_not_make_a_document_invalid(saved: Saved) -> None:
    document = json.loads(json.dumps(SMALL))
    document["nodes"]["double"]["data"]["timeoutSeconds"] = 5
    called = call("validate", saved(document), "--json")
    assert called.code == 0
    assert [problem["severity"] for problem in called.json["diagnostics"]] == ["warning"]


def test_document_comes_from_standard_input() -> None:
    assert call("validate", "-", given=json.dumps(SMALL)).code == 0
    called = call("validate", "-", given="{")
    assert called.code == 1
    assert called.err.startswith("Error: standard input is not JSON")


def test_file_that_is_no_document_gives_one_sentence_and_exit_code_1(saved: Saved) -> None:
    called = call("validate", "missing.json")
    assert (called.code, called.out, called.err) == (1, "", "Error: missing.json does not exist; check the path.\n")
    called = call("validate", "missing.json", "--json")
    assert called.code == 1
    assert called.json["diagnostics"][0]["code"] == "malformed-document"
