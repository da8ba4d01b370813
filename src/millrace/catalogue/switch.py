"""A choice among several ways by a value."""

import json
from typing import Annotated, ClassVar, Final

from pydantic import Field

from millrace.catalogue import lowering
from millrace.catalogue.config import Model, NodeConfig, Value
from millrace.catalogue.lowering import Lowering
from millrace.catalogue.node import Category, LowerScope, NodeType
from millrace.expressions import Expression, as_expression, is_literal, jsonata, operand
from millrace.model import ERROR, Code, JsonType, Port, quote, type_of

DEFAULT: Final = Port("default")


class Case(Model):
    """One way on."""

    equals: Annotated[
        Value,
        Field(
            description="What the value must equal, in type too: 1 is not '1'.", examples=["paid", 3, "${inputs.plan}"]
        ),
    ]
    handle: Annotated[
        str,
        Field(
            min_length=1,
            max_length=64,
            pattern=r"^[^\s]+(?: [^\s]+)*$",
            description="The port that is taken then.",
            examples=["paid"],
        ),
    ]


class SwitchConfig(NodeConfig):
    """The value, and the cases that it is compared with."""

    value: Annotated[Value, Field(description="The value to look at.", examples=["${fetch.output.status}"])]
    cases: Annotated[list[Case], Field(min_length=1, max_length=100, description="The cases, tried in order.")]


class Switch(NodeType[SwitchConfig]):
    """Takes the port of the first case that its value equals, or `default`, and passes its input on."""

    name = "switch"
    title = "Switch"
    summary = "Takes one of several ways, by a value."
    category = Category.FLOW
    icon = "list-tree"
    Config = SwitchConfig
    ports: ClassVar[tuple[Port, ...]] = (DEFAULT,)
    examples = (
        {
            "value": "${fetch.output.status}",
            "cases": [{"equals": "paid", "handle": "paid"}, {"equals": "open", "handle": "open"}],
        },
    )

    def ports_of(self, config: SwitchConfig) -> tuple[Port, ...]:
        """Give the cases' ports in order, then `default`."""
        return (
            *dict.fromkeys(Port(case.handle) for case in config.cases if case.handle not in (DEFAULT, ERROR)),
            DEFAULT,
        )

    def lower(self, config: SwitchConfig, scope: LowerScope) -> Lowering:
        """Compare the value with each case."""
        self._check_handles(config, scope)
        value = scope.template(config.value, "value")
        compared = operand(as_expression(value))
        rules: list[tuple[Port, Expression]] = []
        first_place: dict[str, int] = {}
        for index, case in enumerate(config.cases):
            equals = scope.template(case.equals, f"cases[{index}].equals")
            if is_literal(equals):
                self._check_literal(case.equals, compared, index, first_place, scope)
            rule = jsonata(
                compared,
                " = ",
                operand(as_expression(equals)),
                type=JsonType.BOOLEAN,
                optional=False,
                fallible=compared.fallible or not is_literal(equals),
            )
            rules.append((Port(case.handle), rule))
        return lowering.Decide(tuple(rules), DEFAULT)

    def _check_handles(self, config: SwitchConfig, scope: LowerScope) -> None:
        seen: set[str] = {DEFAULT, ERROR}
        for index, case in enumerate(config.cases):
            if case.handle in seen:
                reserved = case.handle in (DEFAULT, ERROR)
                found = f"{case.handle!r}, which has a meaning of its own" if reserved else f"{case.handle!r} twice"
                message = f"expected a port that no other case has, found {found}"
                scope.report(
                    Code.INVALID_CONFIG, f"cases[{index}].handle", message, "Choose another name for the port."
                )
            seen.add(case.handle)

    def _check_literal(
        self, equals: object, compared: Expression, index: int, first_place: dict[str, int], scope: LowerScope
    ) -> None:
        at = f"cases[{index}].equals"
        if compared.type is not None and type_of(equals) is not compared.type:
            message = f"expected {compared.type.value}, as `value` always is, found {quote(equals)}"
            scope.report(Code.TYPE_MISMATCH, at, message, f"Compare with {compared.type.value}, or change `value`.")
        earlier = first_place.setdefault(json.dumps(equals, sort_keys=True), index)
        if earlier != index:
            message = f"expected a value that no earlier case has, found {quote(equals)} of cases[{earlier}] again"
            scope.report(Code.INVALID_CONFIG, at, message, "Remove the case, or correct its value.")
