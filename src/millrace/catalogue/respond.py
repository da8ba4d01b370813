"""The answer to the request that started the run."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from millrace.catalogue.config import ExpressionText, NodeConfig, Text, Value
from millrace.catalogue.lowering import Lowering, Result
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.model import JsonType

RESPONSE: Final = "$response"
"""The member of a run's outputs that is the answer; the API takes it out of them. Of several, the last counts."""


class RespondConfig(NodeConfig):
    """Status, headers and body of the answer."""

    status: Annotated[
        Annotated[int, Field(ge=200, le=599)] | ExpressionText,
        Field(description="The HTTP status code.", examples=[201]),
    ] = 200
    headers: Annotated[
        dict[Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")], Text],
        Field(description="The HTTP headers by name.", examples=[{"Location": "/orders/${save.output.id}"}]),
    ] = {}  # noqa: RUF012 -- pydantic copies it
    body: Annotated[
        Value,
        Field(
            description="The body: text is sent as it is, anything else as JSON; the default is the input.",
            examples=[{"id": "${save.output.id}"}],
        ),
    ] = None


class Respond(NodeType[RespondConfig]):
    """Answers the webhook that started the run and waits for it; other runs keep the answer among their outputs."""

    name = "respond"
    title = "Respond"
    summary = "Sets the HTTP answer of a webhook that waits for the run."
    category = Category.NETWORK
    icon = "reply"
    Config = RespondConfig
    output: ClassVar = {
        "type": "object",
        "properties": {"status": {"type": "integer"}, "headers": {"type": "object"}, "body": {}},
        "required": ["status", "headers", "body"],
    }
    examples = ({"status": 201, "body": {"id": "${save.output.id}"}}, {})

    def lower(self, config: RespondConfig, scope: LowerScope) -> Lowering:
        """Put the answer among the run's outputs."""
        given = "body" in config.model_fields_set
        return Result(
            RESPONSE,
            {
                "status": scope.template(config.status, "status", JsonType.NUMBER),
                "headers": scope.template(config.headers, "headers"),
                "body": scope.template(config.body, "body") if given else scope.input,
            },
        )
