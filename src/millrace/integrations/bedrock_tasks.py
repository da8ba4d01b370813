"""`bedrock:invokeModel`: a model's answer as JSON, its body from and to S3 where the arguments say so.

Source: AWS Step Functions Developer Guide, "Invoke and customize Amazon Bedrock models with Step Functions".
"""

import json
from typing import Any, Final, cast
from urllib.parse import urlsplit

from millrace.engine import TaskRequest
from millrace.integrations.clients import Clients
from millrace.integrations.errors import ArgumentsError, IntegrationError
from millrace.integrations.failures import OptimisedFailures
from millrace.integrations.roles import Roles
from millrace.integrations.shapes import OPTIMISED, encode, text_of
from millrace.model.json import Json

_FAILURES: Final = OptimisedFailures("Bedrock", "AmazonBedrockRuntime", "AmazonBedrockRuntimeException")


class BedrockTasks:
    """Invokes models.

    Args:
        roles: Gives the clients.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    async def __call__(self, task: TaskRequest) -> Json:
        """Invoke one model."""
        clients = await self._roles.clients(task.credentials)
        try:
            return await _invoke(clients, task.arguments)
        except IntegrationError as error:
            raise _FAILURES.failure(error, task.arguments) from error


async def _invoke(clients: Clients, arguments: Json) -> Json:
    given = dict(arguments) if isinstance(arguments, dict) else {}
    source, target = _location(given.pop("Input", None)), _location(given.pop("Output", None))
    operation = await clients.operation("bedrock-runtime", "InvokeModel")
    parameters = encode(operation.input, cast("Json", given), OPTIMISED)
    if "modelId" not in parameters:
        raise ArgumentsError("The field 'ModelId' is required but was missing")
    if source is not None:
        parameters["body"] = cast("bytes", (await clients.call("s3", "GetObject", source))["Body"].read())
    elif "Body" in given:
        parameters["body"] = text_of(given["Body"]).encode()
    answer = await clients.call("bedrock-runtime", "InvokeModel", parameters)
    content, kind = cast("bytes", answer["body"].read()), str(answer.get("contentType", "application/json"))
    if target is not None:
        await clients.call("s3", "PutObject", {**target, "Body": content, "ContentType": kind})
        return {"Body": f"s3://{target['Bucket']}/{target['Key']}", "ContentType": kind}
    return {"Body": _read(content), "ContentType": kind}


def _location(given: Json) -> dict[str, Any] | None:
    uri = given.get("S3Uri") if isinstance(given, dict) else None
    if uri is None:
        return None
    parts = urlsplit(str(uri))
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise ArgumentsError(f"The value of the field 'S3Uri' has to be s3://bucket/key, found {uri!r}")
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


def _read(content: bytes) -> Json:
    try:
        return cast("Json", json.loads(content))
    except ValueError:
        return content.decode(errors="replace")
