import asyncio
import json
from typing import Any

import pytest

from millrace.engine import Status
from millrace.engine.resource import Resource
from millrace.integrations import recognised
from millrace.integrations.catalogue import SERVICES
from millrace.model import Json
from tests.integrations.running import run
from tests.integrations.test_sdk_tasks import make_table


def call(integrations: Any, resource: str, arguments: Json) -> Any:
    async def go() -> Any:
        async with integrations() as tasks:
            return await run(tasks, resource, arguments)

    return asyncio.run(go())


def test_dynamodb_items_are_put_changed_found_and_deleted(boto: Any, integrations: Any, name: str) -> None:
    make_table(boto, name)
    key: Json = {"id": {"S": "1"}}
    put = call(integrations, "dynamodb:putItem", {"TableName": name, "Item": {"id": {"S": "1"}, "n": {"N": "1"}}})
    assert set(put.output) == {"SdkHttpMetadata", "SdkResponseMetadata"}
    assert put.output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    update: Json = {
        "TableName": name,
        "Key": key,
        "UpdateExpression": "SET n = n + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "ALL_NEW",
    }
    assert call(integrations, "dynamodb:updateItem", update).output["Attributes"] == {"id": {"S": "1"}, "n": {"N": "2"}}
    assert call(integrations, "dynamodb:getItem", {"TableName": name, "Key": key}).output["Item"]["n"] == {"N": "2"}
    assert call(integrations, "dynamodb:deleteItem", {"TableName": name, "Key": key}).status is Status.SUCCEEDED


def test_errors_are_worded_as_recorded(integrations: Any, name: str) -> None:
    result = call(integrations, "dynamodb:putItem", {"TableName": name, "Item": {"id": {"S": "1"}}})
    assert result.error == "DynamoDB.ResourceNotFoundException"
    assert "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; " in result.cause
    assert result.cause.endswith("; Proxy: null)")


def test_a_message_is_sent_as_text_whatever_it_is(boto: Any, integrations: Any, name: str) -> None:
    sqs = boto("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes: Json = {"a": {"DataType": "String", "StringValue": "v"}}
    arguments: Json = {"QueueUrl": queue, "MessageBody": {"b": [1]}, "MessageAttributes": attributes}
    output = call(integrations, "sqs:sendMessage", arguments).output
    assert {"MD5OfMessageBody", "MD5OfMessageAttributes", "MessageId", "SdkHttpMetadata"} < set(output)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"]) == {"b": [1]}


def test_a_message_without_a_body_is_refused_as_recorded(boto: Any, integrations: Any, name: str) -> None:
    queue = boto("sqs").create_queue(QueueName=name)["QueueUrl"]
    result = call(integrations, "sqs:sendMessage", {"QueueUrl": queue, "MessageBody": None})
    assert result.error == "SQS.AmazonSQSException"
    assert result.cause.startswith(
        "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; "
        "Error Code: MissingParameter; Request ID: "
    )


def test_a_topic_is_published_to(boto: Any, integrations: Any, name: str) -> None:
    topic = boto("sns").create_topic(Name=name)["TopicArn"]
    assert "MessageId" in call(integrations, "sns:publish", {"TopicArn": topic, "Message": {"a": 1}}).output
    result = call(integrations, "sns:publish", {"TopicArn": f"{topic}x", "Message": "m"})
    assert result.error == "SNS.NotFoundException"


def test_events_are_put_and_refused_entries_fail_the_task(integrations: Any) -> None:
    good: Json = {"Source": "some.source", "DetailType": "t", "Detail": {"a": 1}}
    output = call(integrations, "events:putEvents", {"Entries": [good]}).output
    assert set(output) == {"Entries", "FailedEntryCount"}
    bad: Json = {"Source": "some.source", "DetailType": "t", "Detail": '"text"'}
    result = call(integrations, "events:putEvents", {"Entries": [good, bad]})
    assert result.error == "EventBridge.FailedEntry"
    cause = json.loads(result.cause)
    assert cause["FailedEntryCount"] == 1
    assert "EventId" in cause["Entries"][0]
    assert "ErrorCode" in cause["Entries"][1]


def test_sync_gives_the_job_that_ended(boto: Any, integrations: Any) -> None:
    output = call(integrations, "athena:startQueryExecution.sync", {"QueryString": "SELECT 1"}).output
    assert output["QueryExecution"]["Status"]["State"] == "SUCCEEDED"
    assert isinstance(output["QueryExecution"]["Status"]["SubmissionDateTime"], int)


def test_sync_waits_for_glue(boto: Any, integrations: Any, name: str) -> None:
    boto("glue").create_job(Name=name, Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://b/k"})
    result = call(integrations, "glue:startJobRun.sync", {"JobName": name})
    assert result.output["JobRunState"] == "SUCCEEDED"
    assert [event.type for event in result.history].count("TaskSubmitted") == 1


def test_actions_that_step_functions_has_not_are_refused(integrations: Any) -> None:
    assert call(integrations, "dynamodb:query", {}).error == "States.Runtime"


@pytest.mark.parametrize(
    ("resource", "known"),
    [
        ("dynamodb:query", False),
        ("dynamodb:putItem.sync", False),
        ("glue:startJobRun.sync", True),
        ("states:startExecution.sync:2", True),
        ("aws-sdk:s3:getObject.sync", False),
        ("aws-sdk:s3:getObject.waitForTaskToken", True),
        ("http:invoke", True),
        ("nosuch:thing", False),
    ],
)
def test_a_resource_is_recognised_by_its_action_and_pattern(resource: str, known: bool) -> None:
    assert recognised(Resource.parse(f"arn:aws:states:::{resource}")) is known


def test_every_action_of_the_catalogue_is_an_operation_of_its_service(integrations: Any) -> None:
    async def go() -> None:
        async with integrations() as tasks:
            for service in SERVICES.values():
                for action in service.actions.values():
                    operations = [action.operation]
                    if action.job is not None:
                        operations += [action.job.describe, *(action.job.stop or ())[:1]]
                    for operation in operations:
                        await tasks.clients.operation(action.folder or service.folder, operation)

    asyncio.run(go())
