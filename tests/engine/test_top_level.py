"""References of JSONata expressions to a document that is not there."""

import pytest

from millrace.engine import validate
from millrace.engine.top_level import top_level_references

from .simulation import jsonata


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("phone", ("phone",)),
        ("phone.number", ("phone",)),
        ("$sum(items.price)", ("items",)),
        ("$x + total - total", ("total",)),
        ("a and b or c in d", ("a", "b", "c", "d")),
        ("`odd name`.x", ("odd name",)),
        ("{'k': v}", ("v",)),
        ("[a, $x.b]", ("a",)),
        ("(a; $x)", ("a",)),
        ("$", ("$",)),
        ("$.phone", ("$",)),
        ("$$", ("$$",)),
        ("$x[$$.y]", ("$$",)),
        ("$x ? a : b", ("a", "b")),
        ("$f(a).b[c]", ("a",)),
        ("$string($)", ("$",)),
        ("/* note */ a", ("a",)),
        ("$x ~> $map(a)", ("a",)),
        ("and", ("and",)),
        ("$map($states.input.a, function($x){ b })", ("b",)),
        ("$map($x, function($v)<n:n>{ $v.a + b })", ("b",)),
        ("{aaa: 1}", ("aaa",)),
    ],
)
def test_references_to_the_missing_document_are_found(text: str, references: tuple[str, ...]) -> None:
    assert top_level_references(text) == references


@pytest.mark.parametrize(
    "text",
    [
        "$states.input.phone",
        "$states.input.items[price > 10].name",
        "$states.input.items[price > 10 and $.kind = 'x']",
        "$x.(a; b)",
        "$x.{'k': v, 'w': $}",
        "$x.$map(y, function($v){ b })",
        "$map($x, function($v){ $v{a: b} })",
        "$map($x, function($v){ $v[a = 1] })",
        "$x.[a, b]",
        "$x.$string(a)",
        "$x.$string($)",
        "$x{key: $sum(value)}",
        "$x^(>price, name)",
        "$x^(<price)[0]",
        "true or false and null",
        "'text with name' & \"more\"",
        "$match($x, /a[bc]/i)",
        "$split($x, /[/]a (b|c)/) and $y",
        "$x.a.b.c in $y",
        "$x.*.name",
        "$map($x, function($v, $i){ $v.name & $i })",
        "$x ~> |$|{'a': b}|",
        "($y := 5; $y * 2)",
        "1.5e3 + $x . a",
        "[1..5]",
        "$x.a#$i[$i < 3].b",
        "$x@$o.(name)",
        "$x.`odd name`",
        "$map($x, function($v)<n-:n> { $v + 1 })",
        "$x.y ~> function($v)<a<s>:s>{ $v }",
        "$x / $y / $z",
        "$filter($x, function($v) { $v.price > 5 })[0].name",
        "",
    ],
)
def test_what_has_an_item_is_none(text: str) -> None:
    assert top_level_references(text) == ()


def test_a_definition_with_such_a_reference_is_refused_as_aws_does() -> None:
    state = {"Type": "Pass", "Output": {"v": "{% phone & phone %}", "w": "{% $states.input.phone %}"}, "End": True}
    (problem,) = validate(jsonata({"E": state}))
    assert str(problem) == (
        "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/E/Output/v"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$a[1,2)", 'Expected "]", got ","'),
        ('"unterminated', "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ('{"a":}', 'The symbol "}" cannot be used as a unary operator'),
        ('$match("a", /abc', "No terminating / in regular expression"),
        ("1 + " * 600, "Unexpected end of expression"),
    ],
)
def test_an_expression_that_does_not_parse_is_refused_in_aws_s_words(text: str, message: str) -> None:
    (problem,) = validate(jsonata({"E": {"Type": "Pass", "Output": {"v": f"{{% {text} %}}"}, "End": True}}))
    assert str(problem) == f"INVALID_JSONATA_EXPRESSION: {message} at /States/E/Output/v"
