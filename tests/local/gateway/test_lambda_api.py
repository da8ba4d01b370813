"""Lambda's Invoke, called by boto3."""

import json
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


@pytest.fixture
def invoker(url: str) -> Iterator[Any]:
    client = cast("Any", boto3).client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


@pytest.mark.parametrize(
    "name", ["millrace-echo", "arn:aws:lambda:us-east-1:000000000000:function:millrace-echo", "millrace-echo:live"]
)
def test_a_function_is_found_by_name_and_arn(invoker: Any, name: str) -> None:
    answer = invoker.invoke(FunctionName=name, Payload=b'{"a": 1}')
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read()) == {"event": {"a": 1}, "function": "millrace-echo"}


def test_a_handler_that_raises_is_a_function_error(invoker: Any) -> None:
    answer = invoker.invoke(FunctionName="millrace-fails", Payload=b"{}")
    error = json.loads(answer["Payload"].read())
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("LookupError", "no such run")


def test_a_result_that_is_no_json_is_a_function_error(invoker: Any) -> None:
    answer = invoker.invoke(FunctionName="millrace-gives_no_json", Payload=b"{}")
    assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.MarshalError"


def test_an_event_is_taken_at_once(invoker: Any) -> None:
    answer = invoker.invoke(FunctionName="millrace-echo", InvocationType="Event", Payload=b"{}")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")


def test_a_dry_run_runs_nothing(invoker: Any) -> None:
    assert invoker.invoke(FunctionName="millrace-fails", InvocationType="DryRun")["StatusCode"] == 204


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("nobody", b"{}", "ResourceNotFoundException"),
        ("millrace-echo", b"{", "InvalidRequestContentException"),
        ("millrace-echo", b'"' + b"x" * 6_300_000 + b'"', "RequestTooLargeException"),
    ],
)
def test_refusals_are_those_of_lambda(invoker: Any, name: str, payload: bytes, code: str) -> None:
    with pytest.raises(ClientError) as refusal:
        invoker.invoke(FunctionName=name, Payload=payload)
    assert cast("Any", refusal.value).response["Error"]["Code"] == code
