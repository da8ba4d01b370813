"""Mocked results are checked against what the service would answer."""

from typing import Any

import pytest

from millrace.model.json import Json
from tests.stepfunctions.testing.calls import call, refusal, result


def task(resource: str) -> dict[str, Json]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True}


def complaint(resource: str, mocked: Json, mode: str | None = None) -> str:
    """Give what TestState says of a mocked result."""
    error = refusal(definition=task(resource), mock=result(mocked, mode))
    assert error.code == "ValidationException"
    prefix, _, text = error.message.partition(": ")
    assert prefix == "Mock result schema validation error"
    return text


def accepts(resource: str, mocked: Json, mode: str | None = None) -> bool:
    answer = call(definition=task(resource), mock=result(mocked, mode))
    return answer["status"] == "SUCCEEDED" and answer["output"] == mocked


@pytest.mark.parametrize(
    ("resource", "mocked", "text"),
    [
        ("aws-sdk:dynamodb:getItem", {"Item": []}, "Field 'Item' must be an object"),
        ("aws-sdk:dynamodb:getItem", {"Item": {"id": {"S": 1}}}, "Field 'S' must be a string"),
        ("aws-sdk:dynamodb:getItem", {"Item": {"id": {"Bool": "yes"}}}, "Field 'Bool' must be a boolean"),
        ("dynamodb:getItem", {"Item": {"id": {"SS": ["a", 2]}}}, "Field 'SS' must be a string"),
        ("aws-sdk:s3:getObject", {"ContentLength": "12"}, "Field 'ContentLength' must be a number"),
        ("aws-sdk:s3:getObject", {"ContentLength": True}, "Field 'ContentLength' must be a number"),
        ("aws-sdk:s3:getObject", {"LastModified": 12}, "Field 'LastModified' must be a string"),
        ("aws-sdk:s3:getObject", {"DeleteMarker": 0}, "Field 'DeleteMarker' must be a boolean"),
        ("aws-sdk:s3:getObject", {"Metadata": {"a": 1}}, "Field 'a' must be a string"),
        ("aws-sdk:kms:encrypt", {"KeyId": "k" * 2049}, "Field 'KeyId' is larger than the maximum length"),
        ("aws-sdk:lambda:invoke", {"Payload": {"a": 1}}, "Field 'Payload' must be a string"),
        ("aws-sdk:sfn:startExecution", {"ExecutionArn": "a"}, "Required field 'StartDate' is missing"),
        ("aws-sdk:cloudwatchlogs:describeLogGroups", {"LogGroups": {}}, "Field 'LogGroups' must be an array"),
        ("sqs:sendMessage", [1], "Mocked result must be an object"),
    ],
)
def test_first_field_that_does_not_fit_is_named(resource: str, mocked: Json, text: str) -> None:
    assert complaint(resource, mocked) == text


def test_result_of_a_synchronous_execution_is_that_of_its_description() -> None:
    described: dict[str, Json] = {
        "ExecutionArn": "a",
        "StateMachineArn": "m",
        "Status": "SUCCEEDED",
        "StartDate": "2026-01-01T00:00:00Z",
        "Output": "{}",
    }
    assert accepts("states:startExecution.sync:2", described)
    assert complaint("states:startExecution.sync:2", {**described, "Output": {}}) == ("Field 'Output' must be a string")


def test_result_of_a_synchronous_job_is_the_job() -> None:
    assert accepts("glue:startJobRun.sync", {"Id": "jr_1", "JobRunState": "SUCCEEDED"})
    assert complaint("glue:startJobRun.sync", {"JobRunState": "DONE"}) == (
        "Field 'JobRunState' is not an expected value"
    )


@pytest.mark.parametrize(
    "resource",
    [
        "sqs:sendMessage.waitForTaskToken",
        "lambda:invoke",
        "apigateway:invoke",
        "http:invoke",
    ],
)
def test_result_that_no_model_describes_is_free(resource: str) -> None:
    assert accepts(resource, {"MessageId": 1, "Payload": {"any": ["thing"]}})


def test_function_and_activity_answer_what_they_like() -> None:
    for arn in (
        "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "arn:aws:states:eu-west-1:123456789012:activity:a",
    ):
        answer = call(definition={"Type": "Task", "Resource": arn, "End": True}, mock=result([1, "two"]))
        assert answer["output"] == [1, "two"]


def test_present_checks_what_is_there_and_none_checks_nothing() -> None:
    nested: dict[str, Json] = {"FailedEntryCount": 0, "Entries": [{"ErrorCode": 1}]}
    assert accepts("aws-sdk:sfn:startExecution", {"ExecutionArn": "a"}, "PRESENT")
    assert complaint("events:putEvents", nested, "PRESENT") == "Field 'ErrorCode' must be a string"
    assert accepts("events:putEvents", nested, "NONE")


@pytest.mark.parametrize("definition", [{"Type": "Parallel", "Branches": [], "End": True}])
def test_definition_is_looked_at_before_the_mock(definition: Any) -> None:
    assert (refusal(definition=definition, mock=result({}))).code == "InvalidDefinition"
