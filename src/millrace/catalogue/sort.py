"""A list in order."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from millrace.catalogue.config import Model, NodeConfig
from millrace.catalogue.field_path import FieldPath, field_text
from millrace.catalogue.lists import LIST_OUTPUT, Items, item_expression, items_of
from millrace.catalogue.lowering import Lowering, Value
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import Expression, jsonata
from millrace.model import Code, JsonType

_ORDER: Final = (
    '$rank := function($key) { $type($key) = "number" ? 0 : $type($key) = "string" ? 1 : $type($key) = "boolean" ? 2 : '
    "$exists($key) and $key != null ? 3 : 4 }; "
    '$order := function($key) { $type($key) in ["number", "string"] ? $key : $key = true ? 1 : 0 }; '
)
"""Binds `$rank` and `$order`: JSONata orders numbers among numbers and text among text, and fails on anything else."""


class SortKey(Model):
    """One thing to sort by."""

    field: Annotated[FieldPath | None, Field(description="The field to sort by.")] = None
    expression: Annotated[
        str | None,
        Field(
            min_length=1,
            description="JSONata that gives what to sort by: bare names are the item's fields, `$` is the item.",
            examples=["price * quantity", "$lowercase(name)"],
            json_schema_extra={"widget": "jsonata"},
        ),
    ] = None
    order: Annotated[Literal["asc", "desc"], Field(description="Smallest first, or largest first.")] = "asc"


class SortConfig(NodeConfig):
    """What is sorted, and by what."""

    items: Items = None
    by: Annotated[
        FieldPath | Annotated[list[FieldPath | SortKey], Field(min_length=1)] | None,
        Field(
            description="What to sort by, the most important first; the default is the items themselves.",
            examples=["price", [{"field": "price", "order": "desc"}, "name"]],
        ),
    ] = None


class Sort(NodeType[SortConfig]):
    """Sorts a list; items that are equal keep their order.

    Numbers come before text, text before true and false, then objects and lists, and null or nothing last, in either
    order; `desc` turns the order among values of one kind.
    """

    name = "sort"
    title = "Sort"
    summary = "Sorts a list by fields or expressions."
    category = Category.DATA
    icon = "arrow-down-a-z"
    Config = SortConfig
    output: ClassVar = LIST_OUTPUT
    examples = (
        {"items": "${fetch.output.orders}", "by": [{"field": "total", "order": "desc"}, "customer.name"]},
        {"by": [{"expression": "price * quantity"}]},
    )

    def lower(self, config: SortConfig, scope: LowerScope) -> Lowering:
        """Pair each item with its keys, order the pairs, and take the items out of them."""
        items = items_of(config.items, scope)
        keys = _keys(config)
        bound: list[str | Expression] = []
        for index, key in enumerate(keys):
            bound += [f"$key{index} := ", *_key(key, index, scope), "; "]
        members = ", ".join(f'"rank{i}": $rank($key{i}), "key{i}": $order($key{i})' for i in range(len(keys)))
        terms = ", ".join(f"rank{i}, {'>' if key.order == 'desc' else ''}key{i}" for i, key in enumerate(keys))
        return Value(
            jsonata(
                "($list := ",
                items,
                f"; {_ORDER}$keyed := [$map($list, function($item) {{ (",
                *bound,
                f'{{"item": $item, {members}}}) }})[]]; '
                f"$count($list) < 2 ? $list : $map($keyed^({terms}), function($entry) {{ $entry.item }}))",
                type=JsonType.ARRAY,
                optional=False,
                fallible=items.fallible or any(key.expression is not None for key in keys),
                atomic=True,
            )
        )


def _keys(config: SortConfig) -> list[SortKey]:
    match config.by:
        case None:
            return [SortKey()]
        case str():
            return [SortKey(field=config.by)]
        case keys:
            return [SortKey(field=key) if isinstance(key, str) else key for key in keys]


def _key(key: SortKey, index: int, scope: LowerScope) -> tuple[str | Expression, ...]:
    if key.expression is None:
        return (field_text(key.field, "$item") if key.field else "$item",)
    if key.field is not None:
        message = "expected one of `field` and `expression`, found both"
        scope.report(Code.INVALID_CONFIG, f"by[{index}].expression", message, "Remove `field` or `expression`.")
    # A step is applied to each member of a list, so an item that is a list becomes the one member of another.
    context = '($type($item) = "array" ? [[$item]] : $item)'
    return (f"{context}.(", item_expression(key.expression, f"by[{index}].expression", scope), ")")
