"""A container that runs again and again."""

from typing import Annotated, ClassVar

from pydantic import Field

from millrace.catalogue.conditions import Condition, lower_condition
from millrace.catalogue.config import ExpressionText, NodeConfig, Value
from millrace.catalogue.lowering import Lowering, Repeat
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.model import JsonType


class WhileConfig(NodeConfig):
    """How long it goes on."""

    condition: Annotated[
        Condition,
        Field(
            description="Looked at before each iteration; the container ends when it does not hold. It usually reads a "
            "variable that the body writes.",
            examples=["${vars.next != null}"],
            json_schema_extra={"widget": "condition"},
        ),
    ]
    maxIterations: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | ExpressionText,
        Field(description="Most iterations; the container ends there without an error."),
    ] = 100
    collect: Annotated[
        Value,
        Field(
            description="What each iteration contributes to `results`; the default is the outputs of the body's last "
            "nodes.",
            examples=["${page.output.items}"],
        ),
    ] = None


class While(NodeType[WhileConfig]):
    """Runs the nodes inside it as long as a condition holds, one iteration after the other.

    They read `<while>.index`, and hand values to the next iteration in variables.
    """

    name = "while"
    title = "While"
    summary = "Runs the nodes inside it as long as a condition holds."
    category = Category.FLOW
    icon = "refresh-cw"
    Config = WhileConfig
    is_container = True
    output: ClassVar = {
        "type": "object",
        "properties": {
            "results": {"type": "array", "description": "One value for each iteration, in order."},
            "errors": {"type": "array", "description": "Always empty: an iteration that fails ends the container."},
            "iterations": {"type": "integer", "description": "How often the body ran."},
        },
        "required": ["results", "errors", "iterations"],
    }
    examples = (
        {"condition": "${vars.next != null}", "maxIterations": 50, "collect": "${page.output.items}"},
        {"condition": {"left": "${vars.tries}", "operator": "less", "right": 5}},
    )

    def lower(self, config: WhileConfig, scope: LowerScope) -> Lowering:
        """Repeat the body."""
        return Repeat(
            condition=lower_condition(config.condition, scope, "condition"),
            limit=scope.template(config.maxIterations, "maxIterations", JsonType.NUMBER),
            collect=scope.template(config.collect, "collect") if "collect" in config.model_fields_set else None,
        )
