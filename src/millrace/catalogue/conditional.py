"""A choice between two ways."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from millrace.catalogue.conditions import Condition, lower_condition
from millrace.catalogue.config import NodeConfig
from millrace.catalogue.lowering import Decide, Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.model import Port

TRUE: Final = Port("true")
FALSE: Final = Port("false")


class ConditionalConfig(NodeConfig):
    """What decides."""

    condition: Annotated[
        Condition,
        Field(
            description="What decides: an expression, a rule {left, operator, right}, or rules under `all` or `any`. "
            "Null, no value, 0, empty text and empty lists count as false.",
            json_schema_extra={"widget": "condition"},
        ),
    ]


class Conditional(NodeType[ConditionalConfig]):
    """Takes `true` or `false` and passes its input on."""

    name = "conditional"
    title = "Conditional"
    summary = "Takes one of two ways, by a condition."
    category = Category.FLOW
    icon = "split"
    Config = ConditionalConfig
    ports: ClassVar[tuple[Port, ...]] = (TRUE, FALSE)
    examples = (
        {"condition": "${fetch.output.total > inputs.limit}"},
        {
            "condition": {
                "all": [
                    {"left": "${fetch.output.status}", "operator": "equals", "right": "open"},
                    {"left": "${fetch.output.total}", "operator": "between", "right": [10, 100]},
                ]
            }
        },
    )

    def lower(self, config: ConditionalConfig, scope: LowerScope) -> Lowering:
        """Decide by the condition."""
        return Decide(((TRUE, lower_condition(config.condition, scope, "condition")),), FALSE)
