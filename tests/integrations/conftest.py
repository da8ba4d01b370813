"""A stand-in for AWS: moto's server on a free port, its Lambda functions run in its own threads."""

import base64
import io
import json
import zipfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from millrace.http import AddressPolicy, Network
from millrace.integrations import AwsEndpoint, Integrations, Polling

REGION = "us-east-1"


def _invoke(
    self: Any, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: dict[str, str]
) -> bytes:
    """Answer as Lambda does, for a function that its source's `handler` is."""
    function = self.get_function(function_name, qualifier)
    source = zipfile.ZipFile(io.BytesIO(function.code_bytes)).read("handler.py").decode()
    names: dict[str, Any] = {}
    exec(source, names)
    try:
        text = json.dumps(names["handler"](json.loads(body or "{}"), None))
    except Exception as error:  # noqa: BLE001 - as Lambda's runtime
        response_headers["x-amz-function-error"] = "Unhandled"
        text = json.dumps({"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []})
    response_headers["x-amz-executed-version"] = "$LATEST"
    if headers.get("X-Amz-Log-Type") == "Tail":
        response_headers["x-amz-log-result"] = base64.b64encode(b"log").decode()
    return text.encode()


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    default_user_config["lambda"]["use_docker"] = False  # type: ignore[index]
    patch = pytest.MonkeyPatch()
    patch.setattr(LambdaSimpleBackend, "invoke", _invoke)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        patch.undo()


@pytest.fixture
def boto(aws_url: str) -> Callable[[str], Any]:
    """Makes boto3 clients, for what a test needs to be there."""
    session: Any = boto3.Session("test", "test", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=aws_url)


@pytest.fixture
def name() -> str:
    return f"t{uuid4().hex}"


@pytest.fixture
def integrations(aws_url: str) -> Callable[..., Any]:
    """Makes `Integrations` at the stand-in, closed at the end of the block."""

    @asynccontextmanager
    async def make(**settings: Any) -> AsyncGenerator[Integrations]:
        made = Integrations(
            AwsEndpoint(aws_url),
            network=Network(AddressPolicy.parse("127.0.0.1"), 1 << 20),
            polling=Polling(0.01, 0.05),
            **settings,
        )
        try:
            yield made
        finally:
            await made.close()

    return make
