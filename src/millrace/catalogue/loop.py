"""A container that runs once for each item."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from millrace.catalogue.config import ExpressionText, NodeConfig, Value
from millrace.catalogue.lists import Items, as_list
from millrace.catalogue.lowering import Each, Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import Expression
from millrace.model import JsonType


class LoopConfig(NodeConfig):
    """What is looped over, and how."""

    items: Items = None
    concurrency: Annotated[
        Annotated[int, Field(ge=1, le=1000)] | ExpressionText,
        Field(description="Most items that run at the same time; 1 runs them one after the other."),
    ] = 10
    onItemError: Annotated[
        Literal["stop", "continue"],
        Field(
            description="`stop`: the loop fails with the first item that fails; `continue`: the failure is recorded in "
            "`errors` and the other items go on."
        ),
    ] = "stop"
    collect: Annotated[
        Value,
        Field(
            description="What each item contributes to `results`; the default is the outputs of the body's last nodes.",
            examples=["${fetch.output.price}"],
        ),
    ] = None


class Loop(NodeType[LoopConfig]):
    """Runs the nodes inside it once for each item; they read `<loop>.item` and `<loop>.index`."""

    name = "loop"
    title = "Loop"
    summary = "Runs the nodes inside it once for each item of a list."
    category = Category.FLOW
    icon = "repeat"
    Config = LoopConfig
    is_container = True
    output: ClassVar = {
        "type": "object",
        "properties": {
            "results": {"type": "array", "description": "One value for each item, in the order of the items."},
            "errors": {"type": "array", "description": "The failures, with `onItemError: continue`."},
        },
        "required": ["results", "errors"],
    }
    examples = (
        {"items": "${inputs.pages}", "concurrency": 5},
        {"items": ["a", "b"], "onItemError": "continue", "collect": "${fetch.output.title}"},
    )

    def lower(self, config: LoopConfig, scope: LowerScope) -> Lowering:
        """Run the body for each item."""
        items = scope.input if config.items is None else scope.template(config.items, "items", JsonType.ARRAY)
        return Each(
            items=as_list(items) if isinstance(items, Expression) else items,
            concurrency=scope.template(config.concurrency, "concurrency", JsonType.NUMBER),
            collect=scope.template(config.collect, "collect") if "collect" in config.model_fields_set else None,
            skip_failed=config.onItemError == "continue",
        )
