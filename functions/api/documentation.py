"""Routes: the API's own description, by OpenAPI 3.1, and a page to read and try it."""

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response, content_types

from .resolver import ConcurrentHttpResolver

_TITLE: Final = "Millrace"
_DESCRIPTION: Final = (
    "Workflows that run as AWS Step Functions state machines. Every answer is "
    '{"success": true, "data": ...} or {"success": false, "error": {"code", "message", "details"}}; '
    "every mutation takes an Idempotency-Key."
)
_SWAGGER: Final = "aws_lambda_powertools.event_handler.openapi.swagger_ui"


def register(api: ConcurrentHttpResolver) -> None:
    """Let an API describe itself at /api/openapi.json and /api/docs."""

    @cache
    def schema() -> str:
        return api.get_openapi_json_schema(
            title=_TITLE, version=version("millrace"), openapi_version="3.1.0", description=_DESCRIPTION
        )

    @cache
    def page() -> str:
        # Powertools' own route leaves its files open, and reads them anew for each request.
        from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html

        script, style = (
            (files(_SWAGGER) / name).read_text("utf-8") for name in ("swagger-ui-bundle.min.js", "swagger-ui.min.css")
        )
        # Inside a script element `</` would end it.
        return generate_swagger_html(schema().replace("</", "<\\/"), script, style, "", None)

    @api.get("/api/openapi.json", include_in_schema=False)
    def openapi() -> Response[Any]:
        return Response(status_code=200, content_type=content_types.APPLICATION_JSON, body=schema())

    @api.get("/api/docs", include_in_schema=False, compress=True)
    def docs() -> Response[Any]:
        return Response(status_code=200, content_type=content_types.TEXT_HTML, body=page())
