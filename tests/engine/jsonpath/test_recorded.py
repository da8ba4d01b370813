"""Single states recorded on AWS: what a Pass's Parameters give, and where a Choice goes.

The recordings lie beside the checkout (../shared/conformance); without them the tests are skipped.
"""

import json
import pathlib
from typing import Any

import pytest

from millrace.engine.jsonpath import compile_payload, compile_rule
from millrace.engine.templates import evaluate
from tests.engine.jsonpath.scopes import no_fault, scope

CASES = pathlib.Path(__file__).parents[4] / "shared" / "conformance" / "cases"


def _recorded(*patterns: str) -> list[Any]:
    found = [
        pytest.param(path, id=path.stem)
        for pattern in patterns
        for path in sorted(CASES.glob(pattern))
        if "jsonata" not in path.stem
    ]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="../shared/conformance is not there"))]


def _runs(path: pathlib.Path) -> list[tuple[dict[str, Any], Any, Any]]:
    case = json.loads(path.read_text(encoding="utf-8"))
    return [
        (run.get("definition") or case["definition"], run.get("input"), run["expected"].get("output"))
        for run in case.get("runs") or [case]
    ]


@pytest.mark.parametrize(
    "path", _recorded("intrinsic.*.json", "base.base.json_path*.json", "*ESCAPE_SEQUENCES_JSONPATH*.json")
)
def test_parameters_give_what_was_recorded(path: pathlib.Path) -> None:
    for definition, data, expected in _runs(path):
        state = definition["States"][definition["StartAt"]]
        if "ResultPath" in state or expected == {"FunctionResult": "{{*}}"}:
            continue
        template = compile_payload(state["Parameters"], "Parameters", "", no_fault)
        assert evaluate(template, scope(data)) == expected


@pytest.mark.parametrize("path", _recorded("choice.*.json"))
def test_rules_choose_what_was_recorded(path: pathlib.Path) -> None:
    for definition, data, expected in _runs(path):
        state = definition["States"][definition["StartAt"]]
        matching = (rule["Next"] for rule in state["Choices"] if compile_rule(rule, "", no_fault).holds(scope(data)))
        assert definition["States"][next(matching, state["Default"])]["Result"] == expected
