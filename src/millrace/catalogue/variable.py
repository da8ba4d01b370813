"""A write of a workflow variable."""

from typing import Annotated, Literal

from pydantic import Field

from millrace.catalogue.config import NodeConfig, Value
from millrace.catalogue.lowering import Lowering, SetVariable
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import ReferenceKind, Template, as_expression, jsonata, operand, reference
from millrace.model import Code, JsonType


class VariableConfig(NodeConfig):
    """Which variable, and what happens to it."""

    operation: Annotated[
        Literal["set", "append", "increment"],
        Field(
            description="`set` replaces the value; `append` adds one element to a list and starts the list where there "
            "is none; `increment` adds a number and starts at 0."
        ),
    ] = "set"
    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$",
            description="The variable's name, as in `vars.<name>`.",
            examples=["total"],
        ),
    ]
    value: Annotated[
        Value,
        Field(
            description="The new value, the element to add (a list is one element), or the number to add (default 1).",
            examples=["${fetch.output.count}"],
        ),
    ] = None


class Variable(NodeType[VariableConfig]):
    """Writes a variable that every later node reads as `vars.<name>`, and passes its input on.

    Two nodes that could run at the same time must not write the same variable.
    """

    name = "variable"
    title = "Variable"
    summary = "Sets, extends or counts up a variable of the run."
    category = Category.DATA
    icon = "variable"
    Config = VariableConfig
    examples = (
        {"operation": "append", "name": "seen", "value": "${fetch.output.id}"},
        {"operation": "increment", "name": "tries"},
    )

    def lower(self, config: VariableConfig, scope: LowerScope) -> Lowering:
        """Write the variable."""
        if config.operation != "increment" and "value" not in config.model_fields_set:
            message = f"expected a `value` to {config.operation}, found none"
            scope.report(Code.MISSING_CONFIG, "value", message, "Set `value`, to null if that is meant.")
        return SetVariable(config.name, self._value(config, scope))

    def _value(self, config: VariableConfig, scope: LowerScope) -> Template:
        old = reference(ReferenceKind.VARIABLE, config.name)
        if config.operation == "increment":
            step = scope.template(config.value if "value" in config.model_fields_set else 1, "value", JsonType.NUMBER)
            return jsonata(
                "(",
                old,
                " != null ? ",
                old,
                " : 0) + ",
                operand(as_expression(step)),
                type=JsonType.NUMBER,
                optional=False,
            )
        value = scope.template(config.value, "value")
        if config.operation == "set":
            return value
        element = as_expression(value)
        # `[[$value]]` keeps a list as one element; `[$value]` would spread it.
        return jsonata(
            "($old := ",
            old,
            "; $value := ",
            element,
            '; $append($type($old) = "array" ? $old : $old = null ? [] : [$old], '
            '$type($value) = "array" ? [[$value]] : [$value]))',
            type=JsonType.ARRAY,
            optional=False,
            fallible=element.fallible,
            atomic=True,
        )
