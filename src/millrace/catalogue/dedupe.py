"""A list without repeated items."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from millrace.catalogue.config import NodeConfig
from millrace.catalogue.field_path import FieldPath, field_text
from millrace.catalogue.lists import IDENTITY, LIST_OUTPUT, Items, items_of
from millrace.catalogue.lowering import Lowering, Value
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import jsonata
from millrace.model import JsonType


class DedupeConfig(NodeConfig):
    """What counts as repeated."""

    items: Items = None
    by: Annotated[
        FieldPath | Annotated[list[FieldPath], Field(min_length=1)] | None,
        Field(
            description="The field or fields by which items are equal; the default is the whole item. A missing field "
            "equals null.",
            examples=["email", ["customer.id", "sku"]],
        ),
    ] = None
    keep: Annotated[
        Literal["first", "last"],
        Field(description="Which of equal items is kept, at the place of the first one."),
    ] = "first"


class Dedupe(NodeType[DedupeConfig]):
    """Keeps one of the items that are equal, in the order of the list."""

    name = "dedupe"
    title = "Remove duplicates"
    summary = "Keeps one of the items of a list that are equal."
    category = Category.DATA
    icon = "copy-minus"
    Config = DedupeConfig
    output: ClassVar = LIST_OUTPUT
    examples = ({"items": "${fetch.output.customers}", "by": "email"}, {"keep": "last", "by": ["customer.id", "sku"]})

    def lower(self, config: DedupeConfig, scope: LowerScope) -> Lowering:
        """Group the items by their keys and keep one of each group."""
        items = items_of(config.items, scope)
        fields = [config.by] if isinstance(config.by, str) else config.by
        bases = [field_text(field, "$item") for field in fields] if fields else ["$item"]
        key = ' & "," & '.join(f"$identity({base})" for base in bases)
        kept = "$[0]" if config.keep == "first" else "$[-1]"
        return Value(
            jsonata(
                "($list := ",
                items,
                f"; {IDENTITY}"
                f'$keyed := [$map($list, function($item) {{ {{"item": $item, "key": {key}}} }})[]]; '
                f"[$each($keyed{{key: {kept}}}, function($entry) {{ $entry.item }})[]])",
                type=JsonType.ARRAY,
                optional=False,
                fallible=items.fallible,
                atomic=True,
            )
        )
