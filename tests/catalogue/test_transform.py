from typing import Any

import pytest

from millrace.catalogue import NodeFailure, RunContext
from millrace.catalogue.lowering import Task, Value
from millrace.catalogue.node import Function
from millrace.catalogue.transform import Transform, TransformConfig
from millrace.model import Code, Json, NodeId

from .nodes import evaluate, lower, output

ITEMS: Json = {"items": [{"name": "a", "price": 5}, {"name": "b", "price": 15}, {"name": "c", "price": 25}]}


def test_jsonata_sees_the_nodes_input() -> None:
    assert output("transform", ITEMS, expression="input.items[price > 10].name") == ["b", "c"]


def test_jsonata_sees_the_given_value_as_input() -> None:
    given = output(
        "transform", {"n": 1}, {"fetch-1": ITEMS}, input="${fetch-1.output}", expression="$count(input.items)"
    )
    assert given == 3


@pytest.mark.parametrize(
    ("given", "expression", "expected"),
    [
        ("${$sum(fetch-1.output.items.price)}", "input * 2 + input", 135),
        ({"total": "${$sum(fetch-1.output.items.price)}", "n": 1}, "input.total + input.n", 46),
        ([1, 2, 3], "input[$ > 1]", [2, 3]),
        (None, "$exists(input) ? input = null : false", True),
        ("plain", "$uppercase(input)", "PLAIN"),
        ("${fetch-1.output.items[0]}", "$map([1, 2], function($x) { $x * input.price })", [5, 10]),
        ("${( $input := 4; $input )}", "( $input := 1; $input + input )", 5),
    ],
)
def test_the_given_value_may_be_anything(given: Any, expression: str, expected: Json) -> None:
    assert output("transform", None, {"fetch-1": ITEMS}, input=given, expression=expression) == expected


def test_jsonata_runs_without_a_function() -> None:
    assert isinstance(lower("transform", expression="input.a").operation, Value)


def test_a_bare_field_is_an_error() -> None:
    (report,) = lower("transform", expression="items.name").reports
    assert report.code is Code.BARE_FIELD


def test_jmespath_calls_the_function_with_its_expression_as_it_is() -> None:
    task = lower("transform", language="jmespath", expression="items[?name == '${x}']", input="${fetch-1.output}").as_a(
        Task
    )
    assert task.function is Function.STEPS
    resolved = evaluate(task.arguments, 5, {"fetch-1": ITEMS})
    assert resolved["config"] == {"language": "jmespath", "expression": "items[?name == '${x}']", "input": ITEMS}
    unsaid = lower("transform", language="jmespath", expression="a").as_a(Task)
    assert evaluate(unsaid.arguments, 5)["config"] == {"language": "jmespath", "expression": "a", "input": 5}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("items[?price > `10`].name", ["b", "c"]),
        ("length(items)", 3),
        ("missing.deep", None),
        ("items[].{n: name}", [{"n": "a"}, {"n": "b"}, {"n": "c"}]),
    ],
)
def test_jmespath_gives_its_value(expression: str, expected: Json) -> None:
    config = TransformConfig(language="jmespath", expression=expression, input=ITEMS)
    assert Transform().run(config, RunContext(NodeId("n"))) == expected


def test_jmespath_that_fails_is_a_failure() -> None:
    with pytest.raises(NodeFailure) as caught:
        Transform().run(TransformConfig(language="jmespath", expression="length(@)", input=5), RunContext(NodeId("n")))
    assert caught.value.error == "Transform.Error"


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ("items[", 7),
        ("a b", 3),
        ("a.#", 3),
        ("items[?price >", 15),
        ("'open", 1),
        ("nope(a)", None),
        ("[" * 5000, None),
    ],
)
def test_jmespath_that_does_not_parse_is_reported_with_its_column(expression: str, column: int | None) -> None:
    reports = lower("transform", language="jmespath", expression=expression).reports
    if expression == "nope(a)":  # functions are looked up when they are called
        assert reports == ()
        return
    (report,) = reports
    assert (report.code, report.at) == (Code.SYNTAX_ERROR, "expression")
    if column is not None:
        assert report.column == column
