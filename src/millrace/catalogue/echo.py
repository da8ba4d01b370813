"""A value passed on as it is."""

from typing import Annotated

from pydantic import Field

from millrace.catalogue import lowering
from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType


class EchoConfig(NodeConfig):
    """What is passed on."""

    value: Annotated[
        Value, Field(description="The output; the default is the input.", examples=["${fetch.output.items}"])
    ] = None


class Echo(NodeType[EchoConfig]):
    """Gives its value as it is, to look at it or to try something out."""

    name = "echo"
    title = "Echo"
    summary = "Gives a value, or the input, as it is."
    category = Category.DATA
    icon = "message-square"
    Config = EchoConfig
    examples = ({"value": {"greeting": "Hello ${inputs.name}"}}, {})

    def lower(self, config: EchoConfig, scope: LowerScope) -> Lowering:
        """Give the value, or pass the input on."""
        if "value" not in config.model_fields_set:
            return lowering.Value(scope.input, passes_input=True)
        return lowering.Value(scope.template(config.value, "value"))
