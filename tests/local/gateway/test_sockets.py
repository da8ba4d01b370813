"""The WebSocket API, with a real client and boto3's client of the management API."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.local.gateway.conftest import HANDLERS

EVENTS_FOLDER = HANDLERS.parents[3] / "events"


def events() -> list[dict[str, Any]]:
    """Give what the gateway's copy of the handlers was given."""
    modules = [module for name, module in sys.modules.items() if name.startswith("millrace_function_gateway_")]
    return [event for module in modules for event in getattr(module, "EVENTS", [])]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def forgotten() -> None:
    for name, module in sys.modules.items():
        if name.startswith("millrace_function_gateway_") and hasattr(module, "EVENTS"):
            module.EVENTS.clear()


@pytest.fixture
def socket_url(url: str) -> str:
    return url.replace("http", "ws", 1) + "/ws"


@pytest.fixture
def management(url: str) -> Iterator[Any]:
    client = cast("Any", boto3).client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    yield client
    client.close()


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        free = {"headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"}
        return {name: type(part).__name__ if name in free else shape(part) for name, part in members.items()}
    return type(value).__name__


def test_events_have_the_shape_of_a_websocket_api(socket_url: str) -> None:
    with connect(socket_url + "?token=right") as socket:
        socket.send("hello")
    until(lambda: len(events()) == 3)
    for event, name in zip(events(), ("connect", "message", "disconnect"), strict=True):
        assert shape(event) == shape(json.loads((EVENTS_FOLDER / f"socket-{name}.json").read_text()))
    assert [event["requestContext"]["routeKey"] for event in events()] == ["$connect", "$default", "$disconnect"]
    assert len({event["requestContext"]["connectionId"] for event in events()}) == 1
    assert events()[2]["requestContext"]["disconnectStatusCode"] == 1000


def test_a_refused_handshake_gets_the_functions_status(socket_url: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, connect(socket_url + "?token=wrong"):
        pass
    assert refusal.value.response.status_code == 403


def test_other_sites_cannot_connect(socket_url: str) -> None:
    with pytest.raises(InvalidStatus), connect(socket_url, origin="https://evil.example"):  # pyright: ignore[reportArgumentType] - an origin is a str
        pass


def connection_id() -> str:
    until(events)
    return events()[0]["requestContext"]["connectionId"]


def test_messages_reach_their_connection(socket_url: str, management: Any) -> None:
    with connect(socket_url) as socket:
        for number in range(50):
            management.post_to_connection(ConnectionId=connection_id(), Data=str(number).encode())
        assert [socket.recv(timeout=10) for _ in range(50)] == [str(number) for number in range(50)]


def test_a_connection_is_described_and_closed(socket_url: str, management: Any) -> None:
    with connect(socket_url) as socket:
        described = management.get_connection(ConnectionId=connection_id())
        assert described["Identity"]["SourceIp"] == "127.0.0.1"
        management.delete_connection(ConnectionId=connection_id())
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)


@pytest.mark.parametrize("operation", ["post_to_connection", "get_connection", "delete_connection"])
def test_a_connection_that_is_gone_is_told(management: Any, operation: str) -> None:
    data = {"Data": b"x"} if operation == "post_to_connection" else {}
    with pytest.raises(ClientError) as refusal:
        getattr(management, operation)(ConnectionId="gone", **data)
    assert cast("Any", refusal.value).response["Error"]["Code"] == "GoneException"
    assert cast("Any", refusal.value).response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_a_function_that_fails_is_told_to_the_client(socket_url: str) -> None:
    with connect(socket_url) as socket:
        socket.send("fail")
        assert json.loads(socket.recv(timeout=10))["message"] == "Internal server error"


def test_a_message_that_is_too_large_closes_the_connection(socket_url: str) -> None:
    with connect(socket_url) as socket:
        socket.send("x" * 200_000)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        assert socket.close_code == 1009


def test_a_plain_request_for_the_socket_gets_the_page(url: str) -> None:
    assert httpx.get(f"{url}/ws").status_code == 200
