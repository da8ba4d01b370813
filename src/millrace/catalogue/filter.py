"""A list without the items that fail a condition."""

from typing import Annotated, Any, ClassVar, Final

from pydantic import Discriminator, Field, Tag

from millrace.catalogue.conditions import DEEPEST, Rule
from millrace.catalogue.config import Model, NodeConfig
from millrace.catalogue.field_path import FieldPath, field_text
from millrace.catalogue.lists import LIST_OUTPUT, Items, item_expression, items_of
from millrace.catalogue.lowering import Lowering, Value
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import Expression, Misfit, call, compare, jsonata, literal, operand
from millrace.model import Code, JsonType

ITEM: Final = "$"
"""What a rule's `left` is when it looks at the item itself."""


class ItemRule(Rule):
    """A comparison of a field of the item with a value."""

    left: Annotated[
        FieldPath, Field(description="The field that is looked at; `$` is the item itself.", examples=["price", ITEM])
    ]


class AllItemRules(Model):
    """Conditions that must all hold."""

    all: Annotated[list["ItemCondition"], Field(min_length=1, description="Conditions that must all hold.")]


class AnyItemRules(Model):
    """Conditions of which at least one must hold."""

    any: Annotated[list["ItemCondition"], Field(min_length=1, description="Conditions of which one must hold.")]


def _kind(condition: object) -> str:
    """Tell the kinds apart, so that a mistake is told of the kind that was meant."""
    if isinstance(condition, AllItemRules) or (isinstance(condition, dict) and "all" in condition):
        return "all"
    if isinstance(condition, AnyItemRules) or (isinstance(condition, dict) and "any" in condition):
        return "any"
    return "rule"


ItemCondition = Annotated[
    Annotated[ItemRule, Tag("rule")] | Annotated[AllItemRules, Tag("all")] | Annotated[AnyItemRules, Tag("any")],
    Discriminator(_kind),
]

AllItemRules.model_rebuild()
AnyItemRules.model_rebuild()


class FilterConfig(NodeConfig):
    """Which items stay."""

    items: Items = None
    condition: Annotated[
        ItemCondition | None,
        Field(
            description="A rule {left, operator, right} about each item, or rules under `all` or `any`.",
            examples=[{"left": "price", "operator": "greater", "right": "${inputs.limit}"}],
            json_schema_extra={"widget": "item-condition"},
        ),
    ] = None
    expression: Annotated[
        str | None,
        Field(
            min_length=1,
            description="In place of `condition`: JSONata about each item; bare names are the item's fields and "
            "`$` is the item.",
            examples=["price > inputs.limit and $contains(name, 'A')"],
            json_schema_extra={"widget": "jsonata"},
        ),
    ] = None


class Filter(NodeType[FilterConfig]):
    """Keeps the items of a list for which a condition holds, in their order.

    A rule about a field that an item lacks does not hold.
    """

    name = "filter"
    title = "Filter"
    summary = "Keeps the items of a list for which a condition holds."
    category = Category.DATA
    icon = "filter"
    Config = FilterConfig
    output: ClassVar = LIST_OUTPUT
    examples = (
        {
            "items": "${fetch.output.orders}",
            "condition": {"left": "customer.country", "operator": "in", "right": ["DE", "FR"]},
        },
        {"expression": "price * quantity > inputs.limit"},
    )

    def lower(self, config: FilterConfig, scope: LowerScope) -> Lowering:
        """Keep the items for which the condition is true."""
        items, test = items_of(config.items, scope), self._test(config, scope)
        return Value(
            jsonata(
                "($list := ",
                items,
                "; [$list[",
                test,
                "][]])",
                type=JsonType.ARRAY,
                optional=False,
                fallible=items.fallible or test.fallible,
                atomic=True,
            )
        )

    def _test(self, config: FilterConfig, scope: LowerScope) -> Expression:
        if config.condition is None and config.expression is None:
            message = "expected a `condition` or an `expression`, found neither"
            scope.report(Code.MISSING_CONFIG, "condition", message, "Say which items stay.")
            return literal(True)
        if config.condition is not None and config.expression is not None:
            message = "expected one of `condition` and `expression`, found both"
            scope.report(Code.INVALID_CONFIG, "expression", message, "Remove `condition` or `expression`.")
        if config.expression is not None:
            # A number as a predicate would be an index.
            return call("boolean", item_expression(config.expression, "expression", scope), type=JsonType.BOOLEAN)
        return _lower(config.condition, scope, "condition", 0)


def _lower(condition: Any, scope: LowerScope, at: str, depth: int) -> Expression:
    if depth > DEEPEST:
        message = f"expected conditions that nest at most {DEEPEST} deep, found more"
        scope.report(Code.LIMIT_EXCEEDED, at, message, "Write the condition as one `expression`.")
        return literal(True)
    match condition:
        case AllItemRules(all=parts):
            lowered = [_lower(part, scope, f"{at}.all[{index}]", depth + 1) for index, part in enumerate(parts)]
            return _joined(" and ", lowered)
        case AnyItemRules(any=parts):
            lowered = [_lower(part, scope, f"{at}.any[{index}]", depth + 1) for index, part in enumerate(parts)]
            return _joined(" or ", lowered)
        case _:
            return _lower_rule(condition, scope, at)


def _joined(joiner: str, parts: list[Expression]) -> Expression:
    pieces: list[str | Expression] = []
    for part in parts:
        pieces += [joiner] if pieces else []
        pieces.append(operand(part))
    return jsonata(*pieces, type=JsonType.BOOLEAN, optional=False, fallible=any(part.fallible for part in parts))


def _lower_rule(rule: ItemRule, scope: LowerScope, at: str) -> Expression:
    text = ITEM if rule.left == ITEM else field_text(rule.left)
    test = compare(
        rule.operator, jsonata(text, fallible=False, atomic=True), scope.template(rule.right, f"{at}.right"), rule.type
    )
    if isinstance(test, Misfit):
        scope.report(Code.INVALID_CONFIG, f"{at}.right", test.message, test.remedy)
        return literal(False)
    return test
