import pytest

from millrace.expressions import Expression, NameScope, is_template, parse_template, parse_tree, walk_template
from millrace.model import Code, Json, NodeId

SCOPE = NameScope(frozenset([NodeId("a"), NodeId("b-1")]))


def test_every_string_of_a_tree_is_parsed_and_keys_stand_for_themselves() -> None:
    value: Json = {"url": "https://x/${a.output.id}", "${k}": [1, "${b-1.output}", {"deep": ["plain", None]}]}
    template, problems = parse_tree(value, SCOPE, "")
    assert not problems
    assert isinstance(template, dict)
    assert isinstance(template["url"], Expression)
    assert template["${k}"] == [1, *walk_template(template["${k}"]), {"deep": ["plain", None]}]


def test_mistakes_carry_the_path_of_their_string() -> None:
    value: Json = {
        "headers": {"X-Id": "${nope}", "a b": "${nope}"},
        "cases": [{"equals": "${1 +}"}, {"equals": "${a.output}"}],
        "q" * 100 + "!": "${",
    }
    _, problems = parse_tree(value, SCOPE, "data")
    assert [(path, problem.code) for path, problem in problems] == [
        ("data.headers.X-Id", Code.UNKNOWN_NAME),
        ("data.headers['a b']", Code.UNKNOWN_NAME),
        ("data.cases[0].equals", Code.SYNTAX_ERROR),
        (f"data['{'q' * 61}...']", Code.SYNTAX_ERROR),
    ]


def test_a_single_string_has_the_path_of_the_field() -> None:
    template, problems = parse_tree("${nope}", SCOPE, "url")
    assert isinstance(template, Expression)
    assert [path for path, _ in problems] == ["url"]


def test_mistaken_expression_still_carries_its_references() -> None:
    template, problems = parse_template("${nope + a.output.x} ${b-1.output}", SCOPE)
    assert len(problems) == 1
    assert isinstance(template, Expression)
    assert {reference.name for reference in template.references} == {"a", "b-1"}


def test_too_deep_a_tree_is_refused_once() -> None:
    value: Json = "${a.output}"
    for _ in range(300):
        value = [value]
    _, problems = parse_tree(value, SCOPE, "items")
    assert [problem.code for _, problem in problems] == [Code.LIMIT_EXCEEDED]


@pytest.mark.parametrize(("text", "expected"), [("a ${b}", True), ("$${", True), ("$ {", False), ("{b}", False)])
def test_template_is_told_by_its_mark(text: str, expected: bool) -> None:
    assert is_template(text) is expected
