"""A decision that a person takes."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from millrace.catalogue.config import ExpressionText, NodeConfig, Text
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, Function, LowerScope, NodeType
from millrace.catalogue.task_token import TIMEOUT, ask_people
from millrace.model import Port

APPROVED: Final = Port("approved")
REJECTED: Final = Port("rejected")


class ApprovalConfig(NodeConfig):
    """What is decided, and by whom."""

    message: Annotated[
        Text,
        Field(
            min_length=1,
            description="What is to be decided, in Markdown.",
            examples=["Refund ${inputs.amount} EUR to ${inputs.customer}?"],
            json_schema_extra={"widget": "markdown"},
        ),
    ]
    options: Annotated[
        dict[Literal["approved", "rejected"], Text],
        Field(
            description="Captions of the two buttons.",
            examples=[{"approved": "Refund", "rejected": "Refuse"}],
        ),
    ] = {}  # noqa: RUF012 -- pydantic copies it
    assignees: Annotated[
        list[Text] | ExpressionText,
        Field(
            description="Who may decide: e-mail addresses or group names; without any, whoever may run the workflow.",
            examples=[["finance@example.com"], "${inputs.approvers}"],
        ),
    ] = []  # noqa: RUF012 -- pydantic copies it


class Approval(NodeType[ApprovalConfig]):
    """Asks people for a decision and waits for it.

    `timeout` is taken when nobody decides within `timeoutSeconds`.
    """

    name = "approval"
    title = "Approval"
    summary = "Asks a person to approve or reject, and goes on accordingly."
    category = Category.PEOPLE
    icon = "user-check"
    Config = ApprovalConfig
    function = Function.PEOPLE
    ports: ClassVar[tuple[Port, ...]] = (APPROVED, REJECTED, TIMEOUT)
    output: ClassVar = {
        "type": "object",
        "properties": {
            "decision": {"enum": ["approved", "rejected"]},
            "by": {"type": ["string", "null"], "description": "Who decided."},
            "comment": {"type": ["string", "null"]},
            "at": {"type": "string", "format": "date-time"},
        },
        "required": ["decision", "by", "comment", "at"],
    }
    expected_seconds = 3600.0
    examples = (
        {
            "message": "Refund ${inputs.amount} EUR to ${inputs.customer}?",
            "assignees": ["finance@example.com"],
            "timeoutSeconds": 172_800,
        },
        {"message": "Publish?", "options": {"approved": "Publish", "rejected": "Discard"}},
    )

    def lower(self, config: ApprovalConfig, scope: LowerScope) -> Lowering:
        """Hand the question and a task token to the function that asks people."""
        ports = {"approved": APPROVED, "rejected": REJECTED}
        return ask_people(self, config, scope, port_member="decision", ports=ports)
