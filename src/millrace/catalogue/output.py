"""A named result of the run."""

from typing import Annotated

from pydantic import Field

from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import Lowering, Result
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import is_template
from millrace.model import Code


class OutputConfig(NodeConfig):
    """Name and value of a result."""

    name: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=128,
            pattern=r"^[^$]",
            description="The result's name in the run's outputs; the default is the node's id.",
            examples=["total"],
        ),
    ] = None
    value: Annotated[
        Value, Field(description="The result; the default is the input.", examples=["${sum.output.total}"])
    ] = None


class Output(NodeType[OutputConfig]):
    """Adds a value to the run's outputs; the node's own output is that value."""

    name = "output"
    title = "Output"
    summary = "Adds a named value to the run's outputs."
    category = Category.STRUCTURE
    icon = "log-out"
    Config = OutputConfig
    examples = ({"name": "total", "value": "${sum.output.total}"}, {})

    def lower(self, config: OutputConfig, scope: LowerScope) -> Lowering:
        """Add the value to the run's outputs."""
        if config.name is not None and is_template(config.name):
            found = f"expected a name that is known before the run, found the expression {config.name!r}"
            scope.report(Code.INVALID_CONFIG, "name", found, "Write the name as plain text.")
        given = "value" in config.model_fields_set
        return Result(config.name or scope.node, scope.template(config.value, "value") if given else scope.input)
