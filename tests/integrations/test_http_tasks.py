import asyncio
import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from millrace.engine import TaskRequest
from millrace.engine.resource import Resource
from millrace.http import AddressPolicy, Network
from millrace.integrations import Integrations
from millrace.model import Json, StateName
from tests.integrations.running import run


class Api(BaseHTTPRequestHandler):
    """Answers with what it was asked; /status/N with that status, /token with a token."""

    def do_GET(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        seen: dict[str, Json] = {
            "method": self.command,
            "path": self.path,
            "headers": dict[str, Json]({name.lower(): value for name, value in self.headers.items()}),
            "body": self.rfile.read(size).decode(),
        }
        status = int(self.path.rpartition("/")[2]) if "/status/" in self.path else 200
        answer: Json = {"access_token": "secret", "asked": seen["body"]} if self.path == "/token" else seen
        text = "slow down" if status != 200 else json.dumps(answer)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET  # noqa: N815 - its base's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        pass


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def invoke(integrations: Any, arguments: Json, resource: str = "http:invoke") -> Any:
    async def go() -> Any:
        async with integrations() as tasks:
            return await run(tasks, resource, arguments)

    return asyncio.run(go())


def test_an_api_is_called(integrations: Any, api: str) -> None:
    arguments: Json = {
        "ApiEndpoint": f"{api}/a",
        "Method": "POST",
        "Headers": {"X-One": "1"},
        "QueryParameters": {"q": ["x", "y"], "n": 1},
        "RequestBody": {"b": [1]},
    }
    output = invoke(integrations, arguments).output
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")
    assert output["Headers"]["content-type"] == ["application/json"]
    seen = output["ResponseBody"]
    assert (seen["method"], seen["path"], json.loads(seen["body"])) == ("POST", "/a?q=x&q=y&n=1", {"b": [1]})
    assert seen["headers"]["x-one"] == "1"
    assert seen["headers"]["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"


@pytest.mark.parametrize(
    ("arrays", "body"),
    [
        (None, "a%5B0%5D=1&a%5B1%5D=2&o%5Bk%5D=v"),
        ("REPEAT", "a=1&a=2&o%5Bk%5D=v"),
        ("COMMAS", "a=1%2C2&o%5Bk%5D=v"),
        ("BRACKETS", "a%5B%5D=1&a%5B%5D=2&o%5Bk%5D=v"),
    ],
)
def test_a_body_is_url_encoded_as_transform_asks(integrations: Any, api: str, arrays: str | None, body: str) -> None:
    transform: dict[str, Json] = {"RequestBodyEncoding": "URL_ENCODED"}
    if arrays is not None:
        transform["RequestEncodingOptions"] = {"ArrayFormat": arrays}
    arguments: Json = {
        "ApiEndpoint": api,
        "Method": "POST",
        "RequestBody": {"a": [1, 2], "o": {"k": "v"}},
        "Transform": transform,
    }
    seen = invoke(integrations, arguments).output["ResponseBody"]
    assert seen["body"] == body
    assert seen["headers"]["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("resource", "error"), [("http:invoke", "States.Http.StatusCode.429"), ("apigateway:invoke", "ApiGateway.429")]
)
def test_a_status_names_the_error(integrations: Any, api: str, resource: str, error: str) -> None:
    result = invoke(integrations, {"ApiEndpoint": f"{api}/status/429", "Method": "GET"}, resource)
    assert (result.error, result.cause) == (error, "slow down")


def test_an_api_gateway_is_called_by_stage_and_path(integrations: Any, api: str) -> None:
    arguments: Json = {"ApiEndpoint": api, "Stage": "prod", "Path": "/a/b", "Method": "GET", "AuthType": "NO_AUTH"}
    assert invoke(integrations, arguments, "apigateway:invoke").output["ResponseBody"]["path"] == "/prod/a/b"


def test_an_api_that_is_not_there_is_a_socket_error(integrations: Any) -> None:
    assert invoke(integrations, {"ApiEndpoint": "http://127.0.0.1:9", "Method": "GET"}).error == "States.Http.Socket"


def test_private_addresses_are_refused(api: str) -> None:
    async def go() -> Any:
        tasks = Integrations(network=Network(AddressPolicy(), 1 << 20))
        try:
            return await run(tasks, "http:invoke", {"ApiEndpoint": api, "Method": "GET"})
        finally:
            await tasks.close()

    result = asyncio.run(go())
    assert result.error == "States.Http.Socket"
    assert "public addresses only" in result.cause


@pytest.mark.parametrize("wrong", [{}, {"ApiEndpoint": "https://example.com", "Method": "STEAL"}])
def test_arguments_that_do_not_fit_are_refused(integrations: Any, wrong: Json) -> None:
    assert invoke(integrations, wrong).error == "States.Runtime"


def connect(boto: Any, name: str, kind: str, parameters: dict[str, Any]) -> str:
    return str(
        boto("events").create_connection(Name=name, AuthorizationType=kind, AuthParameters=parameters)["ConnectionArn"]
    )


def test_a_connection_by_key_adds_its_header_and_parameters(boto: Any, integrations: Any, api: str, name: str) -> None:
    parameters = {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "k"},
        "InvocationHttpParameters": {
            "HeaderParameters": [{"Key": "X-More", "Value": "m", "IsValueSecret": False}],
            "QueryStringParameters": [{"Key": "v", "Value": "2", "IsValueSecret": False}],
            "BodyParameters": [{"Key": "extra", "Value": "e", "IsValueSecret": False}],
        },
    }
    arn = connect(boto, name, "API_KEY", parameters)
    arguments: Json = {
        "ApiEndpoint": api,
        "Method": "POST",
        "Authentication": {"ConnectionArn": arn},
        "RequestBody": {"a": 1},
    }
    seen = invoke(integrations, arguments).output["ResponseBody"]
    assert (seen["headers"]["x-key"], seen["headers"]["x-more"]) == ("k", "m")
    assert seen["path"] == "/?v=2"
    assert json.loads(seen["body"]) == {"a": 1, "extra": "e"}


def test_a_connection_by_password_adds_basic_authorization(boto: Any, integrations: Any, api: str, name: str) -> None:
    arn = connect(boto, name, "BASIC", {"BasicAuthParameters": {"Username": "u", "Password": "p"}})
    arguments: Json = {"ApiEndpoint": api, "Method": "GET", "Authentication": {"ConnectionArn": arn}}
    seen = invoke(integrations, arguments).output["ResponseBody"]
    assert base64.b64decode(seen["headers"]["authorization"].removeprefix("Basic ")) == b"u:p"


def test_a_connection_by_oauth_fetches_a_token(boto: Any, integrations: Any, api: str, name: str) -> None:
    parameters = {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "c", "ClientSecret": "s"},
            "AuthorizationEndpoint": f"{api}/token",
            "HttpMethod": "POST",
        }
    }
    arn = connect(boto, name, "OAUTH_CLIENT_CREDENTIALS", parameters)
    arguments: Json = {"ApiEndpoint": api, "Method": "GET", "Authentication": {"ConnectionArn": arn}}
    seen = invoke(integrations, arguments).output["ResponseBody"]
    assert seen["headers"]["authorization"] == "Bearer secret"


def test_a_connection_that_is_not_there_fails_the_task(integrations: Any, api: str, name: str) -> None:
    arn = f"arn:aws:events:us-east-1:123456789012:connection/{name}/1"
    arguments: Json = {"ApiEndpoint": api, "Method": "GET", "Authentication": {"ConnectionArn": arn}}
    assert invoke(integrations, arguments).error == "Events.ConnectionResource.ResourceNotFoundException"


@pytest.mark.parametrize("reveal", [True, False])
def test_the_exchange_is_shown_without_secrets(boto: Any, integrations: Any, api: str, name: str, reveal: bool) -> None:
    arn = connect(boto, name, "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "hidden"}})
    seen: dict[str, Any] = {}

    async def go() -> None:
        async with integrations() as tasks:
            await tasks(
                TaskRequest(
                    Resource.parse("arn:aws:states:::http:invoke"),
                    {"ApiEndpoint": api, "Method": "GET", "Authentication": {"ConnectionArn": arn}},
                    "token",
                    StateName("Call"),
                    trace=lambda what, shown: seen.update({what: shown}),
                    reveal_secrets=reveal,
                )
            )

    asyncio.run(go())
    assert (seen["request"]["method"], seen["request"]["protocol"], seen["request"]["url"]) == ("GET", "http", api)
    assert ("X-Key: hidden" if reveal else "X-Key: <REDACTED>") in seen["request"]["headers"]
    assert (seen["response"]["statusCode"], seen["response"]["statusMessage"]) == ("200", "OK")
    assert json.loads(seen["response"]["body"])["method"] == "GET"
