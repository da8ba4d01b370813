"""A form that a person fills in."""

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from millrace.catalogue.config import ExpressionText, NodeConfig, Text
from millrace.catalogue.input_schema import check_schema
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, Function, LowerScope, NodeType
from millrace.catalogue.task_token import TIMEOUT, ask_people
from millrace.model import Code, Port


class UserInputConfig(NodeConfig):
    """What is asked, and of whom."""

    model_config = ConfigDict(populate_by_name=False)  # the field's Python name is no name of the document

    title: Annotated[
        Text | None, Field(description="The form's heading; the default is the node's label.", examples=["Delivery"])
    ] = None
    message: Annotated[
        Text,
        Field(
            description="What is asked, in Markdown.",
            examples=["Where shall order ${inputs.order.id} go?"],
            json_schema_extra={"widget": "markdown"},
        ),
    ] = ""
    schema_: Annotated[
        dict[str, Any],
        Field(
            alias="schema",
            description="The form's fields by name, each with type, required, default and description; or a JSON "
            "Schema. Defaults may be expressions.",
            examples=[{"address": {"type": "string", "required": True, "default": "${inputs.address}"}}],
            json_schema_extra={"widget": "input-schema"},
        ),
    ]
    assignees: Annotated[
        list[Text] | ExpressionText,
        Field(
            description="Who is asked: e-mail addresses or group names; without any, whoever may run the workflow.",
            examples=[["ops@example.com"], "${inputs.reviewers}"],
        ),
    ] = []  # noqa: RUF012 -- pydantic copies it


class UserInput(NodeType[UserInputConfig]):
    """Asks people to fill in a form and waits for it; the output is what was submitted.

    `timeout` is taken when nobody answers within `timeoutSeconds`.
    """

    name = "user-input"
    title = "User input"
    summary = "Asks a person to fill in a form and waits for the answer."
    category = Category.PEOPLE
    icon = "text-cursor-input"
    Config = UserInputConfig
    function = Function.PEOPLE
    ports: ClassVar[tuple[Port, ...]] = (Port("submitted"), TIMEOUT)
    output: ClassVar = {"type": "object"}
    expected_seconds = 3600.0
    examples = (
        {
            "message": "Where shall order ${inputs.order.id} go?",
            "schema": {"address": {"type": "string", "required": True}},
            "assignees": ["ops@example.com"],
            "timeoutSeconds": 86_400,
        },
    )

    def lower(self, config: UserInputConfig, scope: LowerScope) -> Lowering:
        """Hand the form and a task token to the function that asks people."""
        for problem in check_schema(config.schema_):
            at = f"schema.{problem.path}" if problem.path else "schema"
            scope.report(Code.INVALID_SCHEMA, at, problem.message, problem.remedy)
        return ask_people(self, config, scope)
