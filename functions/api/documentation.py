"""Routes: the API's own description, by OpenAPI 3.1, and a page to read and try it."""

from functools import cache
from importlib.metadata import version
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response, content_types

from .resolver import ConcurrentHttpResolver

_DESCRIPTION: Final = (
    "Workflows that run as AWS Step Functions state machines. Every answer is "
    '{"success": true, "data": ...} or {"success": false, "error": {"code", "message", "details"}}; '
    "every mutation takes an Idempotency-Key."
)


def register(api: ConcurrentHttpResolver) -> None:
    """Let an API describe itself at /api/openapi.json and /api/docs."""

    @cache
    def schema() -> str:
        return api.get_openapi_json_schema(
            title="Millrace", version=version("millrace"), openapi_version="3.1.0", description=_DESCRIPTION
        )

    def openapi() -> Response[Any]:
        return Response(status_code=200, content_type=content_types.APPLICATION_JSON, body=schema())

    api.get("/api/openapi.json", include_in_schema=False)(openapi)
    api.describe_itself("/api/docs", "Millrace", version("millrace"), _DESCRIPTION)
