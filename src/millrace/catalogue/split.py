"""A list in batches, or text in pieces."""

from typing import Annotated, ClassVar

from pydantic import Field

from millrace.catalogue import lowering
from millrace.catalogue.config import ExpressionText, NodeConfig, Text, Value
from millrace.catalogue.lists import LIST_OUTPUT, items_of
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import Expression, as_expression, jsonata
from millrace.model import Code, JsonType


class SplitConfig(NodeConfig):
    """What is split, and where."""

    items: Annotated[
        Value,
        Field(
            description="With `size` the list to split, null counting as an empty one; with `separator` the text. The "
            "default is the input.",
            examples=["${fetch.output.orders}"],
        ),
    ] = None
    size: Annotated[
        Annotated[int, Field(ge=1)] | ExpressionText | None, Field(description="Items in a batch.", examples=[25])
    ] = None
    separator: Annotated[
        Text | None,
        Field(
            description="What stands between the pieces of a text; an empty one splits it into characters.",
            examples=[","],
        ),
    ] = None


class Split(NodeType[SplitConfig]):
    """Splits a list into batches, or a text into pieces."""

    name = "split"
    title = "Split"
    summary = "Splits a list into batches, or a text at a separator."
    category = Category.DATA
    icon = "scissors"
    Config = SplitConfig
    output: ClassVar = LIST_OUTPUT
    examples = ({"items": "${fetch.output.orders}", "size": 25}, {"items": "${inputs.tags}", "separator": ","})

    def lower(self, config: SplitConfig, scope: LowerScope) -> Lowering:
        """Split the list or the text; exactly one of `size` and `separator` says which."""
        if config.size is None and config.separator is None:
            message = "expected `size` or `separator`, found neither"
            scope.report(
                Code.MISSING_CONFIG, "size", message, "Set `size` to split a list, `separator` to split a text."
            )
        if config.size is not None and config.separator is not None:
            message = "expected one of `size` and `separator`, found both"
            scope.report(Code.INVALID_CONFIG, "separator", message, "Remove `size` or `separator`.")
        if config.separator is None:
            size = as_expression(scope.template(config.size, "size", JsonType.NUMBER))
            items = items_of(config.items, scope)
            fallible = items.fallible or not isinstance(config.size, int)
            return _list(
                "($list := ", items, "; $count($list) = 0 ? [] : $partition($list, ", size, "))", fallible=fallible
            )
        text = (
            scope.input
            if config.items is None
            else as_expression(scope.template(config.items, "items", JsonType.STRING))
        )
        separator = as_expression(scope.template(config.separator, "separator", JsonType.STRING))
        fallible = text.fallible or separator.fallible or separator.type is not JsonType.STRING
        return _list(
            *("($text := ", text, '; $text = null or $text = "" ? [] : [$split($string($text), ', separator, ")])"),
            fallible=fallible,
        )


def _list(*pieces: str | Expression, fallible: bool) -> lowering.Value:
    return lowering.Value(jsonata(*pieces, type=JsonType.ARRAY, optional=False, fallible=fallible, atomic=True))
