"""Conditions: an expression, a rule between two values, or several conditions of which all or any must hold."""

import re
from typing import Annotated, Any, Final, cast

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from millrace.catalogue.config import ExpressionText, Model, Value
from millrace.catalogue.node import LowerScope
from millrace.expressions import (
    UNARY,
    ComparedAs,
    Comparison,
    Expression,
    Misfit,
    as_expression,
    compare,
    jsonata,
    literal,
    operand,
)
from millrace.model import Code, JsonType

DEEPEST: Final = 20
"""How deep `all` and `any` may nest."""

_SPELLINGS: Final = {
    "equal": Comparison.EQUALS,
    "is": Comparison.EQUALS,
    "=": Comparison.EQUALS,
    "==": Comparison.EQUALS,
    "notequal": Comparison.NOT_EQUALS,
    "isnot": Comparison.NOT_EQUALS,
    "!=": Comparison.NOT_EQUALS,
    "greaterthan": Comparison.GREATER,
    ">": Comparison.GREATER,
    "greaterthanorequal": Comparison.GREATER_OR_EQUAL,
    ">=": Comparison.GREATER_OR_EQUAL,
    "lessthan": Comparison.LESS,
    "<": Comparison.LESS,
    "lessthanorequal": Comparison.LESS_OR_EQUAL,
    "<=": Comparison.LESS_OR_EQUAL,
    "starts": Comparison.STARTS_WITH,
    "ends": Comparison.ENDS_WITH,
    "isempty": Comparison.EMPTY,
    "isnotempty": Comparison.NOT_EMPTY,
    "oneof": Comparison.IN,
    **{comparison.value.lower(): comparison for comparison in Comparison},
}


def _comparison(operator: object) -> object:
    """Read the other spellings of an operator: `not equals`, `not_equals`, `starts`, `>=`."""
    if not isinstance(operator, str):
        return operator
    comparison = _SPELLINGS.get(re.sub(r"[\s_-]+", "", operator[:64]).lower())
    if comparison is None:
        raise ValueError(f"expected one of {', '.join(Comparison)}, found {operator[:64]!r}")
    return comparison


class Rule(Model, strict=False):
    """A comparison of two values. Missing values never fail a run; a comparison with one is false."""

    left: Annotated[Value, Field(description="The value that is looked at.", examples=["${fetch.output.status}"])]
    operator: Annotated[
        Comparison,
        BeforeValidator(_comparison),
        Field(description="How the values are compared.", examples=["equals", "greater", "contains", "in"]),
    ]
    right: Annotated[
        Value,
        Field(
            description="What it is compared with: for `between` [lowest, highest], both included; for `in` a list; "
            "for `matches` a regular expression, found anywhere in the text; nothing for `exists` and `empty`.",
            examples=["open", 100, [1, 10]],
        ),
    ] = None
    type: Annotated[
        ComparedAs | None,
        Field(
            description="What both values are taken for; by default what they are. As numbers, text that is a number "
            "counts; dates are ISO 8601 text or milliseconds.",
        ),
    ] = None

    @model_validator(mode="after")
    def _has_right(self) -> "Rule":
        if self.operator not in UNARY and "right" not in self.model_fields_set:
            raise ValueError(f"the operator {self.operator.value!r} compares with a value: expected 'right'")
        return self


class AllRules(Model):
    """Conditions that must all hold."""

    all: Annotated[list["Condition"], Field(min_length=1, description="Conditions that must all hold.")]


class AnyRules(Model):
    """Conditions of which at least one must hold."""

    any: Annotated[list["Condition"], Field(min_length=1, description="Conditions of which one must hold.")]


def _kind(condition: object) -> str:
    """Tell the kinds of condition apart, so that a mistake is told of the kind that was meant."""
    members = cast("dict[str, object]", condition) if isinstance(condition, dict) else {}
    if isinstance(condition, AllRules) or "all" in members:
        return "all"
    if isinstance(condition, AnyRules) or "any" in members:
        return "any"
    if isinstance(condition, Rule | dict):
        return "rule"
    return "boolean" if isinstance(condition, bool) else "expression"


Condition = Annotated[
    Annotated[ExpressionText, Tag("expression")]
    | Annotated[bool, Tag("boolean")]
    | Annotated[Rule, Tag("rule")]
    | Annotated[AllRules, Tag("all")]
    | Annotated[AnyRules, Tag("any")],
    Discriminator(_kind),
    Field(
        description="An expression, a rule, or several of them under `all` or `any`.",
        examples=[
            "${fetch.output.status = 'open'}",
            {"left": "${fetch.output.total}", "operator": "greater", "right": 100},
        ],
    ),
]
"""What a conditional decides by, and a filter keeps items by."""

AllRules.model_rebuild()
AnyRules.model_rebuild()


def lower_condition(condition: Any, scope: LowerScope, at: str) -> Expression:
    """Write a condition as JSONata that gives true or false; `at` is the field's path, for mistakes."""
    return _lower(condition, scope, at, 0)


def _lower(condition: Any, scope: LowerScope, at: str, depth: int) -> Expression:
    if depth > DEEPEST:
        message = f"Conditions nest deeper than {DEEPEST}"
        scope.report(Code.LIMIT_EXCEEDED, at, message, "Write the condition as one expression, or with fewer levels.")
        return literal(False)
    match condition:
        case AllRules():
            return _joined("all", " and ", condition.all, scope, at, depth)
        case AnyRules():
            return _joined("any", " or ", condition.any, scope, at, depth)
        case Rule():
            return _lower_rule(condition, scope, at)
        case bool():
            return literal(condition)
        case _:
            return _truth(as_expression(scope.template(condition, at, JsonType.BOOLEAN)))


def _joined(name: str, joiner: str, conditions: list[Any], scope: LowerScope, at: str, depth: int) -> Expression:
    parts = [_lower(part, scope, f"{at}.{name}[{index}]", depth + 1) for index, part in enumerate(conditions)]
    if len(parts) == 1:
        return parts[0]
    pieces: list[str | Expression] = []
    for part in parts:
        pieces += [joiner] if pieces else []
        pieces.append(operand(part))
    fallible = any(part.fallible for part in parts)
    return jsonata(*pieces, type=JsonType.BOOLEAN, optional=False, fallible=fallible)


def _lower_rule(rule: Rule, scope: LowerScope, at: str) -> Expression:
    left = scope.template(rule.left, f"{at}.left")
    right = scope.template(rule.right, f"{at}.right")
    value = left if isinstance(left, Expression) else as_expression(left)
    test = compare(rule.operator, value, right, rule.type)
    if isinstance(test, Misfit):
        scope.report(Code.INVALID_CONFIG, f"{at}.right", test.message, test.remedy)
        return literal(False)
    return test


def _truth(value: Expression) -> Expression:
    """Take a value for true or false as JSONata's `? :` does; null and no value are false."""
    if value.type is JsonType.BOOLEAN and not value.optional:
        return value
    return jsonata(operand(value), " ? true : false", type=JsonType.BOOLEAN, optional=False, fallible=value.fallible)
