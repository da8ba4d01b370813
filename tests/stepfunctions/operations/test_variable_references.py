"""Which variables the states of a definition read."""

import json
from pathlib import Path
from typing import Any

import pytest

from millrace.stepfunctions.operations.variable_references import variable_references

CASES = Path(__file__).parents[4] / "shared" / "conformance" / "cases"


def references(state: dict[str, Any], language: str = "JSONata") -> list[str]:
    definition = {"QueryLanguage": language, "StartAt": "A", "States": {"A": state}}
    return variable_references(json.dumps(definition)).get("A", [])


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("$a + $b.c[$d]", ["a", "b", "d"]),
        ("$states.input.$x", ["x"]),
        ("'$a' & \"$b\" & `$c` /* $d */", []),
        ("($a := $b; $a)", ["b"]),
        ("$map($items, function($item, $index) { $item + $offset })", ["items", "offset"]),
        ("$reduce($items, $sum)", ["items"]),
        ("$", []),
        ("$$.a", []),
    ],
)
def test_expressions_read_what_they_neither_bind_nor_have(expression: str, names: list[str]) -> None:
    assert references({"Type": "Pass", "Output": {"x": [f"{{% {expression} %}}"]}}) == names


def test_text_that_is_no_expression_reads_nothing() -> None:
    assert references({"Type": "Pass", "Output": "$a", "Comment": "$b"}) == []


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("InputPath", "$a.b", ["a"]),
        ("Parameters", {"x.$": "$a[0]", "y": "$b", "z": {"w.$": "$.c"}}, ["a"]),
        ("Parameters", {"x.$": "States.Format('$a {}', $b, $$.Execution.Id)"}, ["b"]),
        ("Assign", {"x.$": "States.MathAdd($a, $b)"}, ["a", "b"]),
        ("Choices", [{"Variable": "$a", "NumericEqualsPath": "$b", "Next": "A"}], ["a", "b"]),
    ],
)
def test_paths_and_intrinsic_functions_read_variables(field: str, value: object, names: list[str]) -> None:
    assert references({"Type": "Pass", field: value}, "JSONPath") == names


def test_each_state_is_listed_by_its_own_name_in_its_own_language() -> None:
    inner = {"StartAt": "B", "States": {"B": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $b %}"}}}
    outer = {"Type": "Map", "ItemsPath": "$a", "ItemProcessor": inner}
    branches = {"Type": "Parallel", "Branches": [{"States": {"D": {"Type": "Pass", "OutputPath": "$d"}}}]}
    definition = json.dumps({"StartAt": "A", "States": {"A": outer, "C": branches}})
    assert variable_references(definition) == {"A": ["a"], "B": ["b"], "D": ["d"]}


@pytest.mark.skipif(not CASES.is_dir(), reason="the recordings of AWS are not here")
def test_references_are_those_recorded_on_aws() -> None:
    calls = [
        call
        for path in sorted(CASES.glob("*variable_references*.json"))
        for call in json.loads(path.read_text())["calls"]
    ]
    assert calls
    for call in calls:
        expected = {name: sorted(variables) for name, variables in call["expected"]["variableReferences"].items()}
        assert variable_references(json.dumps(call["definition"])) == expected
