"""The HTTP server beneath boto3: what clients that are not boto3 may send."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import pytest

from millrace.engine.tasks import FunctionTasks
from millrace.stepfunctions.executions import Executions
from millrace.stepfunctions.operations import Service
from millrace.stepfunctions.server import BODY_LIMIT, Application
from millrace.stepfunctions.store.errors import StoreFullError
from millrace.stepfunctions.store.port import Store
from tests.stepfunctions.conftest import PASS, ROLE, Engine

TARGET = "AWSStepFunctions.ListStateMachines"


@pytest.fixture
def http(engine: Engine) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=engine.endpoint, trust_env=False) as http:
        yield http


def post(http: httpx.Client, body: bytes, target: str = TARGET, path: str = "/") -> httpx.Response:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    return http.post(path, content=body, headers=headers)


def test_an_answer_is_aws_json(http: httpx.Client) -> None:
    answer = post(http, b"{}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert len(answer.headers["x-amzn-requestid"]) == 36
    assert "stateMachines" in answer.json()


def test_an_empty_body_is_an_empty_object(http: httpx.Client) -> None:
    assert post(http, b"").status_code == 200


def test_moments_are_seconds_since_the_epoch_in_milliseconds(engine: Engine, http: httpx.Client) -> None:
    body = httpx.Request("POST", "http://x", json={"name": engine.name(), "definition": PASS, "roleArn": ROLE}).content
    created = post(http, body, "AWSStepFunctions.CreateStateMachine").json()["creationDate"]
    assert created == round(created, 3) > 1_700_000_000


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AWSStepFunctions.Nothing", b"{}", "UnknownOperationException"),
        ("DynamoDB_20120810.ListTables", b"{}", "UnknownOperationException"),
        ("", b"{}", "UnknownOperationException"),
        (TARGET, b"{", "SerializationException"),
        (TARGET, b"[]", "SerializationException"),
        (TARGET, b"\xff", "SerializationException"),
        (TARGET, b'{"maxResults":-1}', "ValidationException"),
    ],
)
def test_what_cannot_be_understood_is_refused(http: httpx.Client, target: str, body: bytes, code: str) -> None:
    answer = post(http, body, target)
    assert answer.status_code == 400
    assert answer.json()["__type"] == code
    assert answer.json()["message"]
    assert answer.headers["x-amzn-requestid"]


def test_other_methods_are_refused(http: httpx.Client) -> None:
    assert http.get("/").json()["__type"] == "UnknownOperationException"


def test_a_request_that_is_too_large_is_refused(http: httpx.Client) -> None:
    answer = post(http, b" " * (BODY_LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json() == {
        "__type": "RequestEntityTooLargeException",
        "message": "expected a request of at most 1500000 bytes, found 1500001",
    }
    assert post(http, b"{}").status_code == 200


def test_health_is_told(http: httpx.Client) -> None:
    answer = http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_any_path_and_host_will_do(http: httpx.Client) -> None:
    assert post(http, b"{}", path="/anything").status_code == 200
    answer = http.post("/", content=b"{}", headers={"X-Amz-Target": TARGET, "Host": "sync-states.us-east-1.example"})
    assert answer.status_code == 200


class BrokenStore:
    """A store of which nothing can be read.

    Args:
        error: What every read raises.
    """

    def __init__(self, error: Exception) -> None:
        self._error = error

    def machine(self, _arn: str) -> None:
        raise self._error


def describe_with(error: Exception) -> httpx.Response:
    """Describe a machine that the store cannot give."""

    async def describe() -> httpx.Response:
        store = cast("Store", BrokenStore(error))
        service = Service(store, Executions(store, FunctionTasks({})))
        transport = httpx.ASGITransport(Application(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
            arn = "arn:aws:states:us-east-1:000000000000:stateMachine:secret"
            headers = {"X-Amz-Target": "AWSStepFunctions.DescribeStateMachine"}
            return await client.post("/", json={"stateMachineArn": arn}, headers=headers)

    return asyncio.run(describe())


def test_a_fault_of_the_engine_is_logged_with_its_traceback_and_the_request(caplog: pytest.LogCaptureFixture) -> None:
    answer = describe_with(RuntimeError("worn out"))
    assert answer.status_code == 500
    assert answer.json()["__type"] == "InternalServerError"
    assert "worn out" not in answer.text
    (record,) = caplog.records
    assert record.exc_info
    assert answer.headers["x-amzn-requestid"] in record.getMessage()
    assert "secret" not in record.getMessage()


def test_a_data_file_that_cannot_be_read_makes_the_service_unavailable(caplog: pytest.LogCaptureFixture) -> None:
    answer = describe_with(StoreFullError("no room is left; free some"))
    assert answer.status_code == 503
    assert answer.json()["__type"] == "ServiceUnavailable"
    assert "no room is left; free some" in answer.json()["message"]
    assert len(caplog.records) == 1


def test_a_worker_who_has_gone_gets_no_task(engine: Engine, client: Any, create: Callable[..., str]) -> None:
    activity = client.create_activity(name=engine.name())["activityArn"]
    state = {"Type": "Task", "Resource": activity, "End": True}
    machine = create(json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}))
    body = json.dumps({"activityArn": activity}).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: AWSStepFunctions.GetActivityTask\r\nContent-Length: {len(body)}"
    )
    address = httpx.URL(engine.endpoint)
    with socket.create_connection((address.host, address.port)) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        # The server closes its end as soon as it has noticed.
        assert connection.recv(1) == b""
    client.start_execution(stateMachineArn=machine)
    assert client.get_activity_task(activityArn=activity)["taskToken"]
