"""Pass, Succeed, Fail, Choice, Wait, and the variables that they assign."""

from typing import Any

import pytest

from millrace.engine import Status
from millrace.engine.timestamps import parse_timestamp

from .simulation import START, jsonata, simulate


def test_pass_hands_its_input_on() -> None:
    assert simulate(jsonata({"A": {"Type": "Pass", "End": True}}), {"a": [1, None]}).output == {"a": [1, None]}


def test_output_may_be_any_json_with_expressions_at_any_depth() -> None:
    output = {
        "sum": "{% $sum($states.input.xs) %}",
        "list": [1, {"first": "{% $states.input.xs[0] %}"}],
        "text": " {% x %} ",
    }
    run = simulate(jsonata({"A": {"Type": "Pass", "Output": output, "End": True}}), {"xs": [1, 2]})
    assert run.output == {"sum": 3, "list": [1, {"first": 1}], "text": " {% x %} "}


def test_assignments_of_one_state_see_the_variables_as_they_were() -> None:
    run = simulate(
        jsonata(
            {
                "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "Swap"},
                "Swap": {
                    "Type": "Pass",
                    "Assign": {"x": "{% $y %}", "y": "{% $x %}"},
                    "Output": "{% [$x, $y] %}",
                    "Next": "Show",
                },
                "Show": {
                    "Type": "Pass",
                    "Output": {"before": "{% $states.input %}", "after": "{% [$x, $y] %}"},
                    "End": True,
                },
            }
        )
    )
    assert run.output == {"before": [1, 2], "after": [2, 1]}
    assert run.details("PassStateExited")[1]["assignedVariables"] == {"x": "2", "y": "1"}


def test_a_variable_that_holds_null_is_not_undefined() -> None:
    run = simulate(
        jsonata(
            {
                "A": {"Type": "Pass", "Assign": {"x": None}, "Next": "B"},
                "B": {"Type": "Pass", "Output": "{% $x %}", "End": True},
            }
        )
    )
    assert (run.status, run.output) == (Status.SUCCEEDED, None)


def test_states_end_with_succeed() -> None:
    run = simulate(jsonata({"A": {"Type": "Succeed", "Output": "{% $states.input.a %}"}}), {"a": 1})
    assert run.output == 1
    assert run.types() == ["ExecutionStarted", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        ({"Error": "Bad", "Cause": "Because"}, "Bad", "Because"),
        ({"Error": "{% $states.input.e %}"}, "FromInput", None),
        ({}, None, None),
    ],
)
def test_fail_fails_the_execution(fields: dict[str, Any], error: str | None, cause: str | None) -> None:
    run = simulate(jsonata({"A": {"Type": "Fail", **fields}}), {"e": "FromInput"})
    assert (run.status, run.error, run.cause) == (Status.FAILED, error, cause)
    given = {key: value for key, value in (("error", error), ("cause", cause)) if value}
    assert run.details("ExecutionFailed") == [given]


def test_fail_with_an_error_that_is_no_text_is_an_evaluation_error() -> None:
    run = simulate(jsonata({"A": {"Type": "Fail", "Error": "{% 1 %}"}}))
    assert run.error == "States.QueryEvaluationError"
    assert run.cause is not None
    assert run.cause.endswith(
        "The JSONata expression '1' specified for the field 'Error' returned an unexpected result type. "
        "Expected 'string', but was 'number' for value: 1"
    )


CHOICE = jsonata(
    {
        "C": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $states.input.n > 10 %}",
                    "Next": "End",
                    "Assign": {"size": "big"},
                    "Output": {"rule": 0},
                },
                {"Condition": "{% $states.input.n > 5 %}", "Next": "End", "Assign": {"size": "middling"}},
            ],
            "Default": "End",
            "Assign": {"size": "small"},
            "Output": {"rule": "default"},
        },
        "End": {"Type": "Pass", "Output": {"in": "{% $states.input %}", "size": "{% $size %}"}, "End": True},
    }
)


@pytest.mark.parametrize(
    ("number", "output"),
    [
        (20, {"in": {"rule": 0}, "size": "big"}),
        (7, {"in": {"n": 7}, "size": "middling"}),
        (1, {"in": {"rule": "default"}, "size": "small"}),
    ],
)
def test_choice_takes_the_assign_and_output_of_the_rule_that_holds(number: int, output: dict[str, Any]) -> None:
    assert simulate(CHOICE, {"n": number}).output == output


def test_choice_without_a_match_fails_as_on_aws() -> None:
    run = simulate(
        jsonata({"C": {"Type": "Choice", "Choices": [{"Condition": False, "Next": "E"}]}, "E": {"Type": "Succeed"}})
    )
    assert run.error == "States.Runtime"
    assert run.cause == (
        "An error occurred while executing the state 'C' (entered at the event id #2). "
        "Failed to transition out of the state. The state does not point to a next state."
    )


def test_condition_that_is_not_boolean_names_its_rule() -> None:
    choices = [{"Condition": False, "Next": "E"}, {"Condition": "{% 'yes' %}", "Next": "E"}]
    run = simulate(jsonata({"C": {"Type": "Choice", "Choices": choices}, "E": {"Type": "Succeed"}}))
    assert run.details("EvaluationFailed")[0]["location"] == "Choices[1]/Condition"
    assert run.cause is not None
    assert "Expected 'boolean', but was 'string' for value: \"yes\"" in run.cause


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"Seconds": 30}, 30),
        ({"Seconds": "{% $states.input.s %}"}, 7),
        ({"Timestamp": "2023-11-14T22:14:20Z"}, 60),
        ({"Timestamp": "{% $fromMillis($millis() + 5000) %}"}, 5),
        ({"Timestamp": "2001-01-01T00:00:00Z"}, 0),
    ],
)
def test_wait_lasts_until_its_moment(fields: dict[str, Any], seconds: float) -> None:
    run = simulate(
        jsonata({"W": {"Type": "Wait", **fields, "Output": {"waited": True}, "Assign": {"x": 1}, "End": True}}),
        {"s": 7},
    )
    assert (run.output, run.seconds) == ({"waited": True}, seconds)
    assert run.types()[1:3] == ["WaitStateEntered", "WaitStateExited"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"Timestamp": "{% 'tomorrow' %}"},
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: tomorrow",
        ),
        ({"Seconds": "{% 1.5 %}"}, "The Seconds field cannot be parsed as an integer: 1.5"),
        ({"Seconds": "{% -1 %}"}, "Seconds must be between 0 and 99999999 but was: -1"),
        (
            {"Seconds": "{% '5' %}"},
            (
                "The JSONata expression ''5'' specified for the field 'Seconds' returned an unexpected result type. "
                "Expected 'number', but was 'string' for value: \"5\""
            ),
        ),
    ],
)
def test_wait_refuses_what_is_no_time(fields: dict[str, Any], message: str) -> None:
    run = simulate(jsonata({"W": {"Type": "Wait", **fields, "End": True}}))
    assert run.error == "States.QueryEvaluationError"
    assert run.cause == f"An error occurred while executing the state 'W' (entered at the event id #2). {message}"


def test_wait_refuses_a_moment_beyond_sixty_eight_years() -> None:
    run = simulate(jsonata({"W": {"Type": "Wait", "Timestamp": "2999-01-01T00:00:00Z", "End": True}}))
    assert run.cause is not None
    assert run.cause.endswith("Wait state delay is too long.")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2023-11-14T22:13:20Z", START),
        ("2023-11-15T00:13:20+02:00", START),
        ("2023-11-14T22:13:20.5Z", START + 0.5),
        ("2023-11-14T22:13:20.123456789Z", START + 0.123456789),
        ("2023-11-14T22:13:20", None),
        ("2023-11-14 22:13:20Z", None),
        ("2023-13-14T22:13:20Z", None),
        ("", None),
    ],
)
def test_timestamps_need_date_time_and_offset(text: str, seconds: float | None) -> None:
    assert parse_timestamp(text) == pytest.approx(seconds)


def test_the_context_object_is_that_of_aws() -> None:
    run = simulate(jsonata({"A": {"Type": "Pass", "Output": "{% $states.context %}", "End": True}}), {"q": 1})
    assert run.output == {
        "Execution": {
            "Id": "arn:aws:states:us-east-1:000000000000:execution:workflow:run",
            "Input": {"q": 1},
            "StartTime": "2023-11-14T22:13:20.000Z",
            "Name": "run",
            "RoleArn": "arn:aws:iam::000000000000:role/millrace",
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": "arn:aws:states:us-east-1:000000000000:stateMachine:workflow", "Name": "workflow"},
        "State": {"Name": "A", "EnteredTime": "2023-11-14T22:13:20.000Z"},
    }
