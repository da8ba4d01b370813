"""The configuration that every node shares, and the field types that configs are written in."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from millrace.expressions import is_template

T = TypeVar("T")


def _holds_expression(text: str) -> str:
    if not is_template(text):
        raise ValueError("expected the field's type or an expression `${ … }`")
    return text


ExpressionText = Annotated[
    str,
    AfterValidator(_holds_expression),
    Field(json_schema_extra={"format": "expression"}, description="An expression."),
]
"""A string that holds at least one `${ … }`."""

Value = Any
"""Any JSON value; strings in it may hold expressions."""

Text = Annotated[str, Field(json_schema_extra={"format": "template"})]
"""Text that may hold expressions."""


class Model(BaseModel):
    """The base of every config: closed, immutable, camelCase as in the document."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Retry(Model):
    """How often and how patiently a failing node is tried again."""

    maxAttempts: Annotated[int, Field(ge=1, le=100, description="Tries in all, the first included.")] = 3
    intervalSeconds: Annotated[int, Field(ge=1, le=86_400, description="Seconds before the second try.")] = 1
    backoffRate: Annotated[float, Field(ge=1, le=100, description="Factor from one delay to the next.")] = 2.0
    maxDelaySeconds: Annotated[int | None, Field(ge=1, le=31_622_400, description="Longest delay, in seconds.")] = 60
    jitter: Annotated[bool, Field(description="Spread the delays at random.")] = True


class Cache(Model):
    """How long an output is kept and used again; outputs of failures and those above 240 KiB are not."""

    ttlSeconds: Annotated[int, Field(ge=1, le=31_536_000, description="Seconds that an output stays usable.")]
    key: Annotated[
        Text | None,
        Field(
            description="What the output depends on; the workflow's nodes of one type share it. Default, also for an "
            "expression that gives null: the whole config."
        ),
    ] = None


OnError = Literal["stop", "continue", "branch"]


class NodeConfig(Model):
    """What every node's `data` may hold beside the fields of its type."""

    label: Annotated[str | None, Field(description="The node's name on the canvas and of its state.")] = None
    notes: Annotated[str | None, Field(description="Remarks for people.")] = None
    disabled: Annotated[bool, Field(description="Pass the input on without running.")] = False
    timeoutSeconds: Annotated[int | ExpressionText | None, Field(description="Seconds until it times out.")] = None
    retry: Annotated[Retry | None, Field(description="Tries after a failure.")] = None
    onError: Annotated[OnError, Field(description="What happens after the last failed try.")] = "stop"
    cache: Annotated[
        Cache | None, Field(description="Keep the output of a node that runs in a function, and use it again.")
    ] = None
    pinned: Annotated[Value, Field(description="An output used in place of running.")] = None
