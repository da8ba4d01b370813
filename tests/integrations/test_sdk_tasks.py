import asyncio
import re
from typing import Any

from millrace.engine import Status
from millrace.model import Json
from tests.integrations.running import run


def test_an_item_that_was_put_is_found(boto: Any, integrations: Any, name: str) -> None:
    make_table(boto, name)

    async def go() -> tuple[Any, Any]:
        async with integrations() as tasks:
            item: Json = {"id": {"S": "1"}, "data": {"B": "AAH/"}, "n": {"N": "1.5"}}
            put = await run(tasks, "aws-sdk:dynamodb:putItem", {"TableName": name, "Item": item})
            got = await run(tasks, "aws-sdk:dynamodb:getItem", {"TableName": name, "Key": {"id": {"S": "1"}}})
            return put, got

    put, got = asyncio.run(go())
    assert put.output == {}
    assert got.output == {"Item": {"id": {"S": "1"}, "data": {"B": "AAH/"}, "n": {"N": "1.5"}}}


def test_errors_are_named_as_by_the_sdk_for_java(integrations: Any, name: str) -> None:
    async def go() -> Any:
        async with integrations() as tasks:
            return await run(tasks, "aws-sdk:dynamodb:getItem", {"TableName": name, "Key": {"id": {"S": "1"}}})

    result = asyncio.run(go())
    assert result.error == "DynamoDb.ResourceNotFoundException"
    assert re.fullmatch(
        r"Requested resource not found \(Service: DynamoDb, Status Code: 400, Request ID: \S+\) "
        r"\(SDK Attempt Count: 1\)",
        result.cause,
    )


def test_a_required_member_that_is_null_is_refused_as_by_the_service(integrations: Any, name: str) -> None:
    async def go() -> Any:
        async with integrations() as tasks:
            return await run(tasks, "aws-sdk:dynamodb:putItem", {"TableName": name, "Item": None})

    result = asyncio.run(go())
    assert result.error == "DynamoDb.DynamoDbException"
    assert result.cause.startswith("1 validation error detected: Value null at 'item' failed to satisfy constraint")


def test_an_object_in_s3_is_text_and_its_date_iso(boto: Any, integrations: Any, name: str) -> None:
    s3 = boto("s3")
    s3.create_bucket(Bucket=name)

    async def go() -> tuple[Any, ...]:
        async with integrations() as tasks:
            put = await run(tasks, "aws-sdk:s3:putObject", {"Bucket": name, "Key": "k", "Body": ["a", 1]})
            got = await run(tasks, "aws-sdk:s3:getObject", {"Bucket": name, "Key": "k"})
            absent = await run(tasks, "aws-sdk:s3:getObject", {"Bucket": name, "Key": "no"})
            no_bucket = await run(tasks, "aws-sdk:s3:listObjects", {"Bucket": f"{name}x"})
            return put, got, absent, no_bucket

    put, got, absent, no_bucket = asyncio.run(go())
    assert put.status is Status.SUCCEEDED
    assert put.output["ETag"] == got.output["ETag"]
    assert got.output["Body"] == '["a",1]'
    assert got.output["ContentLength"] == 7
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", got.output["LastModified"])
    assert absent.error == "S3.NoSuchKeyException"
    assert no_bucket.error == "S3.NoSuchBucketException"
    assert "(Service: S3, Status Code: 404, Request ID:" in no_bucket.cause


def test_members_are_spelled_as_by_the_sdk_for_java(boto: Any, integrations: Any, name: str) -> None:
    queue = boto("sqs").create_queue(QueueName=name)["QueueUrl"]

    async def go() -> tuple[Any, Any]:
        async with integrations() as tasks:
            sent = await run(tasks, "aws-sdk:sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "x"})
            logs = await run(tasks, "aws-sdk:cloudwatchlogs:createLogGroup", {"LogGroupName": name})
            return sent, logs

    sent, logs = asyncio.run(go())
    assert set(sent.output) == {"Md5OfMessageBody", "MessageId"}
    assert logs.output == {}


def test_members_that_the_action_has_not_are_refused(integrations: Any) -> None:
    async def go() -> Any:
        async with integrations() as tasks:
            return await run(tasks, "aws-sdk:secretsmanager:listSecrets", {"Colour": "red"})

    result = asyncio.run(go())
    assert result.error == "States.Runtime"
    assert 'The field "Colour" is not supported by Step Functions' in result.cause


def test_unknown_services_and_actions_are_refused(integrations: Any) -> None:
    async def go() -> list[Any]:
        async with integrations() as tasks:
            return [await run(tasks, f"aws-sdk:{what}", {}) for what in ("nosuch:get", "s3:noSuchAction")]

    assert [result.error for result in asyncio.run(go())] == ["States.Runtime", "States.Runtime"]


def test_a_stand_in_that_is_not_there_is_an_sdk_client_exception() -> None:
    from millrace.integrations import AwsEndpoint, Integrations

    async def go() -> Any:
        tasks = Integrations(AwsEndpoint("http://127.0.0.1:9"))
        try:
            return await run(tasks, "aws-sdk:secretsmanager:listSecrets", {})
        finally:
            await tasks.close()

    result = asyncio.run(go())
    assert result.error == "SecretsManager.SdkClientException"
    assert "http://127.0.0.1:9" in result.cause


def test_credentials_are_those_of_the_role(integrations: Any) -> None:
    role = "arn:aws:iam::123456789012:role/worker"

    async def go() -> tuple[Any, Any]:
        async with integrations() as tasks:
            own = await run(tasks, "aws-sdk:sts:getCallerIdentity", {})
            assumed = await run(tasks, "aws-sdk:sts:getCallerIdentity", {}, Credentials={"RoleArn": role})
            return own, assumed

    own, assumed = asyncio.run(go())
    assert "assumed-role/worker" in assumed.output["Arn"]
    assert own.output["Arn"] != assumed.output["Arn"]


def test_many_calls_run_at_once(boto: Any, integrations: Any, name: str) -> None:
    make_table(boto, name)

    async def go() -> list[Any]:
        async with integrations() as tasks:
            key: Json = {"TableName": name, "Key": {"id": {"S": "none"}}}
            return await asyncio.gather(*(run(tasks, "aws-sdk:dynamodb:getItem", key) for _ in range(100)))

    assert all(result.output == {} for result in asyncio.run(go()))


def make_table(boto: Any, name: str) -> None:
    boto("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
