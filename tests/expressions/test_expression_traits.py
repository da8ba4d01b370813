from collections.abc import Callable, Mapping
from typing import TypeAlias

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from millrace.expressions import Expression, NameScope, Reference, ReferenceKind, parse_expression
from millrace.model import Json, type_of

Evaluate: TypeAlias = Callable[[Expression, Mapping[Reference, Json]], Json]
NOTHING = "no value at all"

SCOPE = NameScope(frozenset())
X, Y = Reference(ReferenceKind.INPUTS, "x"), Reference(ReferenceKind.INPUTS, "y")

operands = st.sampled_from(
    [
        "inputs.x",
        "inputs.y",
        "inputs.x.a",
        "inputs.y.a.b",
        "1",
        "-2",
        "'a'",
        "true",
        "null",
        "[1, inputs.x]",
        "{'a': 1}",
    ]
)
OPERATORS = [
    " = ",
    " != ",
    " < ",
    " >= ",
    " and ",
    " or ",
    " in ",
    " & ",
    " + ",
    " - ",
    " * ",
    " ~> $count ~> $type = ",
]
FUNCTIONS = ["$count", "$exists", "$string", "$boolean", "$not", "$type", "$sum", "$length", "$keys", "$merge", "$join"]


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(inner, st.sampled_from(OPERATORS), inner).map("".join)
    called = st.tuples(st.sampled_from(FUNCTIONS), inner).map(lambda pair: f"{pair[0]}({pair[1]})")
    filtered = st.tuples(inner, inner).map(lambda pair: f"({pair[0]})[{pair[1]}]")
    chosen = st.tuples(inner, inner, inner).map(lambda three: f"{three[0]} ? {three[1]} : {three[2]}")
    bracketed = inner.map(lambda text: f"({text})")
    stepped = inner.map(lambda text: f"({text}).a")
    held = st.tuples(inner, inner).map(lambda pair: f"$v := {pair[0]}")
    return binary | called | filtered | chosen | bracketed | stepped | held


expressions = st.recursive(operands, _grow, max_leaves=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(text=expressions, x=values, y=values)
@settings(max_examples=400)
def test_what_is_known_of_a_value_holds(evaluate: Evaluate, text: str, x: Json, y: Json) -> None:
    expression, problems = parse_expression(text, SCOPE)
    assume(not problems)
    assert expression is not None
    try:
        value = evaluate(expression, {X: x, Y: y})
    except ValueError:
        assert expression.fallible
        return
    if value == NOTHING:
        assert expression.optional
    elif expression.type is not None:
        assert type_of(value) is expression.type


@given(text=expressions, x=values)
def test_an_atomic_expression_needs_no_brackets_beside_an_operator(evaluate: Evaluate, text: str, x: Json) -> None:
    expression, problems = parse_expression(text, SCOPE)
    assume(expression is not None and not problems and expression.atomic)
    assert expression is not None
    scope = {X: x, Y: 1}
    plain = Expression(("[", *expression.parts, " = 1, 1 & ", *expression.parts, "]"))
    bracketed = Expression(("[(", *expression.parts, ") = 1, 1 & (", *expression.parts, ")]"))
    try:
        expected = evaluate(bracketed, scope)
    except ValueError:
        return
    assert evaluate(plain, scope) == expected
