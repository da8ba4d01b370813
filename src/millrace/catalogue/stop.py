"""The end of a run, as a failure."""

from typing import Annotated, ClassVar

from pydantic import Field

from millrace.catalogue import lowering
from millrace.catalogue.config import NodeConfig, Text
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.model import Code, JsonType, Port


class StopConfig(NodeConfig):
    """How the run fails."""

    error: Annotated[
        Text,
        Field(min_length=1, max_length=256, description="The error's name.", examples=["Order.Invalid"]),
    ] = "Stopped"
    cause: Annotated[
        Text,
        Field(max_length=32_768, description="What happened, for people.", examples=["No stock of ${inputs.sku}."]),
    ] = ""


class Stop(NodeType[StopConfig]):
    """Ends the run as failed, with branches that still run."""

    name = "stop"
    title = "Stop"
    summary = "Ends the run as failed, with an error of your own."
    category = Category.FLOW
    icon = "octagon-x"
    Config = StopConfig
    ports: ClassVar[tuple[Port, ...]] = ()
    examples = ({"error": "Order.Invalid", "cause": "No stock of ${inputs.sku}."}, {})

    def lower(self, config: StopConfig, scope: LowerScope) -> Lowering:
        """Fail."""
        if config.error.startswith("States."):
            # Amazon States Language, "Error names": the prefix is reserved for the interpreter.
            message = f"expected an error name of your own, found {config.error!r}"
            scope.report(Code.INVALID_CONFIG, "error", message, "Choose a name that does not begin with 'States.'.")
        return lowering.Stop(
            error=scope.template(config.error, "error", JsonType.STRING),
            cause=scope.template(config.cause, "cause", JsonType.STRING),
        )
