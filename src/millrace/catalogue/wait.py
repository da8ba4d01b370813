"""A pause."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from millrace.catalogue.config import ExpressionText, NodeConfig, Text
from millrace.catalogue.lowering import Lowering, Pause
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import is_template
from millrace.model import Code, JsonType

MAX_WAIT_SECONDS: Final = 99_999_999
"""The longest Wait (Amazon States Language, "Wait state", as Step Functions limits it)."""


class WaitConfig(NodeConfig):
    """How long, or until when."""

    seconds: Annotated[
        Annotated[int, Field(ge=0, le=MAX_WAIT_SECONDS)] | ExpressionText | None,
        Field(description="Seconds to wait, a whole number.", examples=[30, "${inputs.delay}"]),
    ] = None
    until: Annotated[
        Text | None,
        Field(
            description="When to go on: an RFC 3339 timestamp with an offset; one in the past does not wait.",
            examples=["2030-01-31T09:00:00Z", "${inputs.publishAt}"],
            json_schema_extra={"widget": "date-time"},
        ),
    ] = None


class Wait(NodeType[WaitConfig]):
    """Waits for a time and passes its input on. Waiting costs nothing and may take up to a year."""

    name = "wait"
    title = "Wait"
    summary = "Waits for a number of seconds or until a time."
    category = Category.FLOW
    icon = "clock"
    Config = WaitConfig
    expected_seconds = 10.0
    examples = ({"seconds": 30}, {"until": "${inputs.publishAt}"})

    def lower(self, config: WaitConfig, scope: LowerScope) -> Lowering:
        """Pause; exactly one of `seconds` and `until` says how long."""
        if config.seconds is None and config.until is None:
            message = "expected `seconds` or `until`, found neither"
            scope.report(Code.MISSING_CONFIG, "seconds", message, "Set `seconds`, such as 30, or `until`.")
        if config.seconds is not None and config.until is not None:
            message = "expected one of `seconds` and `until`, found both"
            scope.report(Code.INVALID_CONFIG, "until", message, "Remove `seconds` or `until`.")
        if config.until is None:
            return Pause(seconds=scope.template(config.seconds, "seconds", JsonType.NUMBER))
        if not is_template(config.until) and not _is_timestamp(config.until):
            message = f"expected a timestamp such as '2030-01-31T09:00:00Z', found {config.until!r}"
            scope.report(Code.INVALID_CONFIG, "until", message, "Write date, `T`, time and offset, or an expression.")
        return Pause(until=scope.template(config.until, "until", JsonType.STRING))


def _is_timestamp(text: str) -> bool:
    try:
        return "T" in text and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
