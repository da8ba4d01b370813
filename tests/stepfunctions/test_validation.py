"""ValidateStateMachineDefinition: what is listed, how much of it, and what the whole comes to."""

import json
from typing import Any

import pytest

from millrace.engine.errors import DefinitionError
from millrace.engine.parsing import load
from millrace.model.json import Json
from millrace.stepfunctions.validation import RESULT_LIMIT, invalid_definition, validate_definition
from tests.stepfunctions.testing.recorded import differences, recorded

CLEAN = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def broken(faults: int) -> str:
    """Write a definition with so many faults: transitions to states that are not there."""
    states: dict[str, Json] = {f"S{n}": {"Type": "Pass", "Next": f"missing {n}"} for n in range(faults)}
    choices: list[Json] = [{"Condition": "{% true %}", "Next": name} for name in states]
    start: dict[str, Json] = {"Type": "Choice", "Choices": choices, "Default": "End"}
    states |= {"Start": start, "End": {"Type": "Succeed"}}
    return json.dumps({"StartAt": "Start", "QueryLanguage": "JSONata", "States": states})


@pytest.mark.parametrize("case", recorded("validate"))
def test_validation_recorded_on_aws_is_reproduced(case: dict[str, Any]) -> None:
    assert differences(case) == []


def test_definition_without_fault_is_ok() -> None:
    answer = validate_definition({"definition": json.dumps(CLEAN)})
    assert answer == {"result": "OK", "diagnostics": [], "truncated": False}


def test_all_faults_are_listed_with_their_places() -> None:
    answer: Any = validate_definition({"definition": broken(3)})
    assert answer["result"] == "FAIL"
    assert [(each["severity"], each["code"], each["location"]) for each in answer["diagnostics"]] == [
        ("ERROR", "MISSING_TRANSITION_TARGET", f"/States/S{n}/Next") for n in range(3)
    ]


def test_list_is_cut_at_max_results() -> None:
    answer: Any = validate_definition({"definition": broken(3), "maxResults": 2})
    assert len(answer["diagnostics"]) == 2
    assert answer["truncated"] is True
    assert answer["result"] == "FAIL"


@pytest.mark.parametrize("asked", [{}, {"maxResults": 0}])
def test_list_is_cut_at_aws_limit_unless_told_otherwise(asked: dict[str, Json]) -> None:
    answer: Any = validate_definition({"definition": broken(RESULT_LIMIT + 5), **asked})
    assert len(answer["diagnostics"]) == RESULT_LIMIT
    assert answer["truncated"] is True


def test_exact_number_of_results_is_not_truncated() -> None:
    answer: Any = validate_definition({"definition": broken(2), "maxResults": 2})
    assert answer["truncated"] is False


def test_type_decides_what_a_task_may_wait_for() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": {**task, "Parameters": {"StateMachineArn": "x"}}}})
    assert validate_definition({"definition": definition, "type": "STANDARD"})["result"] == "OK"
    assert validate_definition({"definition": definition, "type": "EXPRESS"})["result"] == "FAIL"


def test_refusal_of_a_definition_names_every_fault() -> None:
    with pytest.raises(DefinitionError) as caught:
        load(broken(2))
    refusal = invalid_definition(caught.value)
    assert refusal.code == "InvalidDefinition"
    assert refusal.message.startswith("Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: ")
    assert "/States/S0/Next" in refusal.message
    assert "/States/S1/Next" in refusal.message


def warnings(state: dict[str, Json]) -> list[tuple[str, str]]:
    """Validate a machine of one state; give its warnings."""
    answer: Any = validate_definition(
        {"definition": json.dumps({"StartAt": "S", "States": {"S": state}}), "severity": "WARNING"}
    )
    assert answer["result"] == "OK", answer
    assert {each["severity"] for each in answer["diagnostics"]} <= {"WARNING"}
    return [(each["code"], each["location"]) for each in answer["diagnostics"]]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (
            {"Type": "Pass", "Parameters": {"a": "$.a", "b": {"c": "States.UUID()"}, "d.$": "$.d", "e": "$5"}},
            [("NO_DOLLAR", "/States/S/Parameters/a"), ("NO_DOLLAR", "/States/S/Parameters/b/c")],
        ),
        ({"Type": "Pass", "Assign": {"a": "$$.Execution.Id"}}, [("NO_DOLLAR", "/States/S/Assign/a")]),
        ({"Type": "Pass", "Result": {"a": ["$.b"]}}, [("PASS_RESULT_IS_STATIC", "/States/S/Result")]),
        ({"Type": "Pass", "Result": {"a.$": 1}}, [("PASS_RESULT_IS_STATIC", "/States/S/Result")]),
        ({"Type": "Pass", "Result": {"a": "5 $"}}, []),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "$.a"}, []),
    ],
)
def test_what_is_hardly_meant_is_warned_of(state: dict[str, Json], found: list[tuple[str, str]]) -> None:
    assert warnings({**state, "End": True}) == found


def test_texts_that_look_like_paths_are_warned_of_where_a_path_field_is() -> None:
    assert warnings({"Type": "Fail", "Error": "$.error", "CausePath": "$.cause"}) == [("NO_PATH", "/States/S/Error")]
    machine = {
        "StartAt": "S",
        "States": {
            "S": {
                "Type": "Choice",
                "Choices": [{"Not": {"Variable": "$.a", "StringEquals": "$.b"}, "Next": "E"}],
                "Default": "E",
            },
            "E": {"Type": "Succeed"},
        },
    }
    answer: Any = validate_definition({"definition": json.dumps(machine), "severity": "WARNING"})
    assert [each["location"] for each in answer["diagnostics"]] == ["/States/S/Choices[0]/Not/StringEquals"]


def test_warnings_are_found_in_nested_states() -> None:
    inner: Json = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"a": "$.a"}, "End": True}}}
    assert warnings({"Type": "Parallel", "Branches": [inner], "End": True}) == [
        ("NO_DOLLAR", "/States/S/Branches[0]/States/I/Parameters/a")
    ]
    assert warnings({"Type": "Map", "ItemProcessor": inner, "End": True}) == [
        ("NO_DOLLAR", "/States/S/ItemProcessor/States/I/Parameters/a")
    ]


def test_warnings_are_left_out_unless_asked_for() -> None:
    state: Json = {"Type": "Pass", "Parameters": {"a": "$.a"}, "End": True}
    definition = json.dumps({"StartAt": "S", "States": {"S": state}})
    assert validate_definition({"definition": definition})["diagnostics"] == []


def test_text_that_is_no_definition_has_no_warnings() -> None:
    answer: Any = validate_definition({"definition": "{", "severity": "WARNING"})
    assert [each["severity"] for each in answer["diagnostics"]] == ["ERROR"]
