"""The service model's constraints, worded as AWS words them."""

from typing import Any

import pytest

from millrace.stepfunctions.errors import ApiError
from millrace.stepfunctions.operations import OPERATIONS
from millrace.stepfunctions.operations.constraints import check_input

ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:m"


def violation(operation: str, parameters: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        check_input(operation, parameters)
    return caught.value.code, caught.value.message


def test_what_the_model_allows_passes() -> None:
    check_input("StartExecution", {"stateMachineArn": ARN, "name": "n", "input": "", "traceHeader": ""})


def test_members_that_are_null_or_unknown_pass() -> None:
    check_input("StartExecution", {"stateMachineArn": ARN, "name": None, "colour": "red"})


def test_every_violation_is_listed() -> None:
    assert violation("StartExecution", {"name": "", "traceHeader": "\u00e4"}) == (
        "ValidationException",
        (
            "3 validation errors detected: "
            "Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null; "
            "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; "
            "Value '\u00e4' at 'traceHeader' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: \p{ASCII}*"
        ),
    )


def test_the_value_of_a_sensitive_member_is_not_repeated() -> None:
    assert violation("SendTaskFailure", {"taskToken": "", "error": "e" * 257})[1] == (
        "2 validation errors detected: "
        "Value at 'taskToken' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value at 'error' failed to satisfy constraint: Member must have length less than or equal to 256"
    )


def test_the_members_of_lists_are_counted_from_one() -> None:
    parameters = {"resourceArn": ARN, "tags": [{"key": "a"}, {"key": ""}]}
    assert "at 'tags.2.member.key'" in violation("TagResource", parameters)[1]


def test_a_list_that_is_too_long_is_shown() -> None:
    routes = [{"stateMachineVersionArn": f"{ARN}:{number}", "weight": 1} for number in (1, 2, 3)]
    message = violation("CreateStateMachineAlias", {"name": "live", "routingConfiguration": routes})[1]
    assert message.startswith(f"1 validation error detected: Value '[{{stateMachineVersionArn={ARN}:1, weight=1}}, ")
    assert message.endswith("Member must have length less than or equal to 2")


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("StartExecution", {"stateMachineArn": 1}, "NUMBER_VALUE can not be converted to a String"),
        ("StartExecution", {"stateMachineArn": {"a": 1}}, "START_OBJECT can not be converted to a String"),
        ("ListActivities", {"maxResults": "1"}, "STRING_VALUE can not be converted to an Integer"),
        ("ListActivities", {"maxResults": 1.5}, "DECIMAL_VALUE can not be converted to an Integer"),
        ("ListActivities", {"maxResults": True}, "BOOLEAN_VALUE can not be converted to an Integer"),
        ("CreateStateMachine", {"publish": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
        ("TagResource", {"tags": {"a": 1}}, "Unexpected value: a list was expected."),
        ("TagResource", {"tags": ["a"]}, "Unexpected value: a structure or a map was expected."),
    ],
)
def test_values_of_another_type_cannot_be_read(operation: str, parameters: dict[str, Any], message: str) -> None:
    assert violation(operation, parameters) == ("SerializationException", message)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_has_constraints(operation: str) -> None:
    check_input(operation, SMALLEST.get(operation, {}))


SMALLEST: dict[str, dict[str, Any]] = {
    **{f"{verb}Activity": {"activityArn": ARN} for verb in ("Delete", "Describe")},
    **{f"{verb}Execution": {"executionArn": ARN} for verb in ("Describe", "Redrive", "Stop")},
    **{f"{verb}MapRun": {"mapRunArn": ARN} for verb in ("Describe", "Update")},
    **{f"{verb}StateMachine": {"stateMachineArn": ARN} for verb in ("Delete", "Describe", "Update")},
    **{f"{verb}StateMachineAlias": {"stateMachineAliasArn": ARN} for verb in ("Delete", "Describe", "Update")},
    **{f"SendTask{what}": {"taskToken": "t", "output": "1"} for what in ("Success", "Failure", "Heartbeat")},
    **{f"Start{how}Execution": {"stateMachineArn": ARN} for how in ("", "Sync")},
    **{f"ListStateMachine{what}": {"stateMachineArn": ARN} for what in ("Aliases", "Versions")},
    "CreateActivity": {"name": "n"},
    "CreateStateMachine": {"name": "n", "definition": "{}", "roleArn": "r"},
    "CreateStateMachineAlias": {
        "name": "n",
        "routingConfiguration": [{"stateMachineVersionArn": f"{ARN}:1", "weight": 100}],
    },
    "DeleteStateMachineVersion": {"stateMachineVersionArn": ARN},
    "DescribeStateMachineForExecution": {"executionArn": ARN},
    "GetActivityTask": {"activityArn": ARN},
    "GetExecutionHistory": {"executionArn": ARN},
    "ListMapRuns": {"executionArn": ARN},
    "ListTagsForResource": {"resourceArn": ARN},
    "PublishStateMachineVersion": {"stateMachineArn": ARN},
    "TagResource": {"resourceArn": ARN, "tags": []},
    "TestState": {"definition": "{}"},
    "UntagResource": {"resourceArn": ARN, "tagKeys": []},
    "ValidateStateMachineDefinition": {"definition": "{}"},
}
