"""A log subscriber at the other end of HTTP: a Lambda function's invocation endpoint.

Source: Amazon CloudWatch Logs User Guide, "Subscription filters with AWS Lambda": the data is JSON, gzipped, in base64.
"""

import base64
import gzip
from typing import Any

import httpx
import orjson


class LogEndpoint:
    """Posts log messages to a URL as CloudWatch Logs invokes a subscribed function.

    Args:
        url: The function's invocation URL ("http://host/2015-03-31/functions/observer/invocations").
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(timeout=30)

    async def __call__(self, message: dict[str, Any]) -> None:
        """Post one message; raises when it was not taken."""
        answer = await self._client.post(self._url, json=subscription_event(message))
        answer.raise_for_status()
        if "x-amz-function-error" in answer.headers:
            raise ConnectionError(f"the function at {self._url} failed: {answer.text[:500]}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def subscription_event(message: dict[str, Any]) -> dict[str, Any]:
    """Wrap a message as the event that a subscribed Lambda function gets."""
    data = gzip.compress(orjson.dumps(message), compresslevel=1)
    return {"awslogs": {"data": base64.b64encode(data).decode()}}
