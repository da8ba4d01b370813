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
