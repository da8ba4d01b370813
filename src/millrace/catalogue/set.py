"""An object of fields."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from millrace.catalogue import lowering
from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import as_expression, jsonata
from millrace.model import JsonType


class SetConfig(NodeConfig):
    """The fields of the object."""

    fields: Annotated[
        dict[str, Value],
        Field(
            description="The fields by name. A dot in a name is part of the name.",
            examples=[{"total": "${price.output * inputs.count}", "currency": "EUR"}],
        ),
    ]
    include: Annotated[
        Literal["none", "input"],
        Field(
            description="`input` lays the fields over those of the input; an input that is no object counts as empty."
        ),
    ] = "none"


class Set(NodeType[SetConfig]):
    """Builds an object of named values, on its own or over the input."""

    name = "set"
    title = "Set fields"
    summary = "Builds an object of named values."
    category = Category.DATA
    icon = "braces"
    Config = SetConfig
    output: ClassVar = {"type": "object"}
    examples = (
        {"fields": {"total": "${price.output * inputs.count}", "currency": "EUR"}},
        {"fields": {"checked": True}, "include": "input"},
    )

    def lower(self, config: SetConfig, scope: LowerScope) -> Lowering:
        """Give the object, merged over the input where the config says so."""
        fields = scope.template(config.fields, "fields")
        if config.include == "none":
            return lowering.Value(fields)
        over = as_expression(fields)
        return lowering.Value(
            jsonata(
                "$merge([($type(",
                scope.input,
                ') = "object" ? ',
                scope.input,
                " : {}), ",
                over,
                "])",
                type=JsonType.OBJECT,
                optional=False,
                fallible=over.fallible,
                atomic=True,
            )
        )
