"""What TestState refuses, and why."""

from typing import Any

import pytest

from tests.stepfunctions.testing.calls import INVOKE, JSONATA, ROLE, failure, refusal, result

PASS = {"Type": "Pass", "End": True}
SQS = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
INNER = {"StartAt": "Inside", "States": {"Inside": PASS}}
MAP = {"Type": "Map", **JSONATA, "Items": [1, 2], "ItemProcessor": INNER, "End": True}
PARALLEL = {"Type": "Parallel", **JSONATA, "Branches": [INNER], "End": True}
MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}}


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"definition": "{"}, "InvalidDefinition", "Invalid State Machine Definition"),
        ({"definition": "[]"}, "InvalidDefinition", "Invalid State Machine Definition"),
        ({"definition": {"Type": "Pass"}}, "InvalidDefinition", "/States/StateName"),
        ({"definition": MACHINE}, "InvalidDefinition", "/States/StateName"),
        ({"definition": PASS, "stateName": "A"}, "InvalidDefinition", "Invalid State Machine Definition"),
        ({"definition": MACHINE, "stateName": "C"}, "ValidationException", "State not found in definition"),
        ({"definition": PASS, "input": "{"}, "InvalidExecutionInput", "Invalid State Machine Execution Input"),
        ({"definition": PASS, "variables": "[]"}, "ValidationException", "Variables must be"),
        ({"definition": PASS, "context": {}}, "ValidationException", "when a mock is specified"),
        ({"definition": SQS, "roleArn": ROLE}, "InvalidDefinition", "'.waitForTaskToken' unless a mock"),
        ({"definition": INVOKE}, "ValidationException", "RoleArn must be specified when testing a Task state"),
        ({"definition": PARALLEL, "roleArn": ROLE}, "InvalidDefinition", "does not support Map or Parallel"),
        ({"definition": INVOKE, "mock": {}}, "ValidationException", "only one of the following fields"),
        ({"definition": INVOKE, "mock": {"result": "{"}}, "ValidationException", "Mocked result must be valid JSON"),
        ({"definition": INVOKE, "mock": {"errorOutput": {}}}, "ValidationException", "error must be specified"),
        ({"definition": PARALLEL, "mock": result({})}, "ValidationException", "Mocked result must be an array."),
        (
            {"definition": {"Type": "Wait", "Seconds": 1, "End": True}, "mock": result({})},
            "ValidationException",
            "State type 'Wait' is not supported when a mock is specified",
        ),
        (
            {"definition": MAP, "mock": failure("E"), "stateConfiguration": {"errorCausedByState": "Outside"}},
            "ValidationException",
            "'Outside'",
        ),
        (
            {"definition": INVOKE, "mock": failure("E"), "stateConfiguration": {"errorCausedByState": "Inside"}},
            "ValidationException",
            "Map or Parallel",
        ),
        (
            {"definition": INVOKE, "mock": failure("E"), "stateConfiguration": {"mapIterationFailureCount": 1}},
            "ValidationException",
            "'mapIterationFailureCount'",
        ),
        (
            {"definition": MAP, "mock": failure("E"), "stateConfiguration": {"mapIterationFailureCount": 3}},
            "ValidationException",
            "less than or equal to the number of Map iterations",
        ),
    ],
)
def test_refusal_says_what_is_wrong(parameters: dict[str, Any], code: str, words: str) -> None:
    error = refusal(**parameters)
    assert error.code == code
    assert words in error.message


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ("[", "Context must be a valid JSON object"),
        ([], "Context must be a valid JSON object"),
        ({"Pokemon": {}}, "Field 'Pokemon' is not allowed"),
        ({"State": []}, "State must be an object"),
        ({"State": {"RetryCount": "1"}}, "State.RetryCount must be a number"),
        ({"State": {"RetryCount": True}}, "State.RetryCount must be a number"),
        ({"StateMachine": {"Name": None}}, "StateMachine.Name must be a string"),
        ({"Task": {"Token": "t", "Other": 1}}, "Field 'Other' is not allowed"),
    ],
)
def test_context_object_of_another_shape_is_refused(context: Any, words: str) -> None:
    error = refusal(definition=SQS, mock=result({}), context=context)
    assert error.code == "ValidationException"
    assert error.message == f"Invalid Context object provided: {words}"
