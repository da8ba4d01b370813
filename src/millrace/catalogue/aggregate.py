"""Figures over a list, or over each of its groups."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from millrace.catalogue.config import Model, NodeConfig
from millrace.catalogue.field_path import FieldPath, field_text, last_name
from millrace.catalogue.lists import IDENTITY, Items, items_of
from millrace.catalogue.lowering import Lowering, Value
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import jsonata, literal
from millrace.model import Code, JsonType

Kind = Literal["count", "sum", "avg", "min", "max", "first", "last", "collect", "countDistinct"]

_OPERATIONS: Final[Mapping[Kind, str]] = {
    "count": "$count($group[{member} != null])",
    "sum": "$sum([{values}])",
    "avg": "($values := [{values}]; $count($values) = 0 ? null : $average($values))",
    "min": "($values := [{values}]; $count($values) = 0 ? null : "
    "$reduce($values, function($least, $value) {{ $value < $least ? $value : $least }}))",
    "max": "($values := [{values}]; $count($values) = 0 ? null : "
    "$reduce($values, function($most, $value) {{ $value > $most ? $value : $most }}))",
    "first": "($value := $group[0].{member}; $exists($value) ? $value : null)",
    "last": "($value := $group[-1].{member}; $exists($value) ? $value : null)",
    "collect": "[$map($group, function($entry) {{ ($value := $entry.{member}; $exists($value) ? $value : null) }})[]]",
    "countDistinct": "$count($keys($merge([$map($group[{member} != null], "
    "function($entry) {{ {{$identity($entry.{member}): true}} }})[]])))",
}
"""JSONata for each operation: `{member}` is the field of an entry of `$group`, `{values}` all of them but null."""

_PARTIAL: Final = frozenset[Kind](("sum", "avg", "min", "max"))
"""Operations that fail on values that they are not for."""


class Operation(Model):
    """One figure."""

    model_config = ConfigDict(populate_by_name=False)  # the field's Python name is no name of the document

    operation: Annotated[
        Kind,
        Field(
            description="`count`, `sum`, `avg`, `min`, `max` and `countDistinct` leave out items without the field, or "
            "with null in it; `first`, `last` and `collect` give null for them. `sum` and `avg` are of numbers, `min` "
            "and `max` of numbers or of text; other values make the node fail."
        ),
    ]
    field: Annotated[FieldPath | None, Field(description="The field to look at; the default is the whole item.")] = None
    as_: Annotated[
        str | None,
        Field(
            alias="as",
            min_length=1,
            max_length=128,
            description="The figure's name; the default is the operation, with the field after an underscore.",
            examples=["total"],
        ),
    ] = None

    @property
    def label(self) -> str:
        """The name of the figure in the output."""
        return self.as_ or (f"{self.operation}_{last_name(self.field)}" if self.field else self.operation)


class GroupKey(Model):
    """One field to group by, under another name."""

    model_config = ConfigDict(populate_by_name=False)  # the field's Python name is no name of the document

    field: Annotated[FieldPath, Field(description="The field to group by.")]
    as_: Annotated[str, Field(alias="as", min_length=1, max_length=128, description="Its name in the output.")]


class AggregateConfig(NodeConfig):
    """What is counted or summed up, by what."""

    items: Items = None
    groupBy: Annotated[
        list[FieldPath | GroupKey],
        Field(
            description="Fields whose values make a group; each appears in the output under the last part of its path. "
            "A missing field counts as null. Without any, the whole list is one group.",
            examples=[["country"], ["customer.id", {"field": "date", "as": "day"}]],
        ),
    ] = []  # noqa: RUF012 -- pydantic copies it
    operations: Annotated[
        list[Operation],
        Field(
            min_length=1, description="The figures.", examples=[[{"operation": "sum", "field": "price", "as": "total"}]]
        ),
    ]


class Aggregate(NodeType[AggregateConfig]):
    """Counts, sums up or collects the items of a list.

    Without `groupBy` the output is one object of figures; with it, a list of such objects with the group's values, in
    the order in which the groups first appear.
    """

    name = "aggregate"
    title = "Aggregate"
    summary = "Counts, sums up or collects a list, as a whole or by groups."
    category = Category.DATA
    icon = "sigma"
    Config = AggregateConfig
    output: ClassVar = {"type": ["array", "object"]}
    examples = (
        {
            "items": "${fetch.output.orders}",
            "groupBy": ["country"],
            "operations": [{"operation": "count"}, {"operation": "sum", "field": "price", "as": "revenue"}],
        },
        {"operations": [{"operation": "avg", "field": "price"}]},
    )

    def lower(self, config: AggregateConfig, scope: LowerScope) -> Lowering:
        """Group the items by their keys and compute the figures of each group."""
        items = items_of(config.items, scope)
        groups = [(key, last_name(key)) if isinstance(key, str) else (key.field, key.as_) for key in config.groupBy]
        self._check_names([name for _, name in groups], config, scope)
        members = [f"{literal(name).parts[0]}: {_value_of_group(field)}" for field, name in groups]
        members += [f"{literal(figure.label).parts[0]}: {_figure(figure)}" for figure in config.operations]
        figures = "{" + ", ".join(members) + "}"
        key = ' & "," & '.join(f"$identity({field_text(field, '$item')})" for field, _ in groups)
        keyed = f'"key": {key}, ' if groups else ""
        result = (
            f"[$each($entries{{key: [$]}}, function($group) {{ {figures} }})[]]"
            if groups
            else f"($group := $entries; {figures})"
        )
        return Value(
            jsonata(
                "($list := ",
                items,
                f'; {IDENTITY}$entries := [$map($list, function($item) {{ {{{keyed}"item": $item}} }})[]]; {result})',
                type=JsonType.ARRAY if groups else JsonType.OBJECT,
                optional=False,
                fallible=items.fallible or any(figure.operation in _PARTIAL for figure in config.operations),
                atomic=True,
            )
        )

    def _check_names(self, groups: list[str], config: AggregateConfig, scope: LowerScope) -> None:
        places = [(name, f"groupBy[{index}]") for index, name in enumerate(groups)]
        places += [(figure.label, f"operations[{index}].as") for index, figure in enumerate(config.operations)]
        seen: Counter[str] = Counter()
        for name, at in places:
            seen[name] += 1
            if seen[name] == 2:
                message = f"expected every value of the output to have a name of its own, found {name!r} twice"
                scope.report(Code.INVALID_CONFIG, at, message, "Give one of them another name with `as`.")


def _value_of_group(field: str) -> str:
    return f"($value := {field_text(field, '$group[0].item')}; $exists($value) ? $value : null)"


def _figure(figure: Operation) -> str:
    if figure.operation == "count" and figure.field is None:
        return "$count($group)"
    member = field_text(figure.field, "item") if figure.field else "item"
    return _OPERATIONS[figure.operation].format(member=member, values=f"$group.{member}[$ != null]")
