"""A part of a list."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from millrace.catalogue.config import ExpressionText, NodeConfig
from millrace.catalogue.lists import LIST_OUTPUT, Items, items_of
from millrace.catalogue.lowering import Lowering, Value
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import as_expression, jsonata, operand
from millrace.model import JsonType


class LimitConfig(NodeConfig):
    """How many items, and which."""

    model_config = ConfigDict(populate_by_name=False)  # the field's Python name is no name of the document

    items: Items = None
    count: Annotated[
        Annotated[int, Field(ge=0)] | ExpressionText, Field(description="Most items that are kept.", examples=[10])
    ]
    from_: Annotated[
        Literal["start", "end"],
        Field(alias="from", description="The end of the list that the items are taken from; their order stays."),
    ] = "start"
    offset: Annotated[
        Annotated[int, Field(ge=0)] | ExpressionText, Field(description="Items to leave out at that end first.")
    ] = 0


class Limit(NodeType[LimitConfig]):
    """Keeps the first or the last items of a list."""

    name = "limit"
    title = "Limit"
    summary = "Keeps the first or last items of a list."
    category = Category.DATA
    icon = "list-end"
    Config = LimitConfig
    output: ClassVar = LIST_OUTPUT
    examples = (
        {"items": "${fetch.output.orders}", "count": 10},
        {"count": 5, "from": "end", "offset": "${inputs.skip}"},
    )

    def lower(self, config: LimitConfig, scope: LowerScope) -> Lowering:
        """Keep the items whose index is in range."""
        items = items_of(config.items, scope)
        count = operand(as_expression(scope.template(config.count, "count", JsonType.NUMBER)))
        offset = operand(as_expression(scope.template(config.offset, "offset", JsonType.NUMBER)))
        if config.from_ == "start":
            span = ("$start := ", offset, "; $end := $start + ", count)
        else:
            span = ("$end := $count($list) - ", offset, "; $start := $end - ", count)
        return Value(
            jsonata(
                "($list := ",
                items,
                "; ",
                *span,
                "; [$filter($list, function($item, $index) { $index >= $start and $index < $end })[]])",
                type=JsonType.ARRAY,
                optional=False,
                # An expression may give something that is no number.
                fallible=items.fallible or not (isinstance(config.count, int) and isinstance(config.offset, int)),
                atomic=True,
            )
        )
