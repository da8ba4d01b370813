import itertools
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.expressions import (
    Expression,
    NameScope,
    Reference,
    ReferenceKind,
    Template,
    as_expression,
    call,
    interpolate,
    is_literal,
    jsonata,
    literal,
    operand,
    or_null,
    parse_expression,
    reference,
    walk_template,
)
from millrace.model import Json, JsonType, NodeId

Evaluate: TypeAlias = Callable[[Expression, Mapping[Reference, Json]], Json]
NOTHING = "no value at all"
SERIAL = itertools.count()
X = Reference(ReferenceKind.INPUTS, "x")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=64)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


def path(reference: Reference, steps: str) -> Expression:
    return Expression((reference, steps), fallible=False, atomic=True)


def parsed(text: str) -> Expression:
    expression, problems = parse_expression(text, NameScope(frozenset([NodeId("a")])))
    assert expression is not None
    assert not problems
    return expression


@given(values)
def test_literal_evaluates_to_its_value(evaluate: Evaluate, value: Json) -> None:
    assert evaluate(literal(value), {}) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**53 + 2, 2.0**53 + 2),
        (10**30, 1e30),
        (-(10**30), -1e30),
        (10**400, None),
        (math.inf, None),
        (math.nan, None),
        ("\ud800x", "\ufffdx"),
        ("\x00\u2028\U0001f600\"'\\", "\x00\u2028\U0001f600\"'\\"),
        ({"\udfff": [1]}, {"\ufffd": [1]}),
    ],
)
def test_literal_writes_what_json_has_no_text_for_as_its_nearest(
    evaluate: Evaluate, value: Json, expected: Json
) -> None:
    assert evaluate(literal(value), {}) == expected


def test_literal_knows_its_type_and_that_a_negative_number_needs_brackets() -> None:
    assert literal([]).type is JsonType.ARRAY
    assert literal(1).atomic
    assert not literal(-1).atomic
    assert operand(literal(-1)).parts == ("(", "-1", ")")
    assert not literal(None).optional


@dataclass
class Drawn:
    """A template, what it must evaluate to, and the values that its references read."""

    template: Template
    expected: Json
    values: dict[Reference, Json] = field(default_factory=dict[Reference, Json])


@st.composite
def templates(draw: st.DrawFn, depth: int = 3) -> Drawn:
    drawn = Drawn(None, None)
    kinds = ["literal", "reference", "member", "missing", "several", "object", "list"]
    kind = draw(st.sampled_from(kinds if depth else kinds[:5]))
    place = Reference(ReferenceKind.INPUTS, f"i{next(SERIAL)}")
    value = draw(values)
    match kind:
        case "literal":
            return Drawn(value, value)
        case "reference":
            return Drawn(reference(place.kind, place.name), value, {place: value})
        case "member":
            return Drawn(path(place, ".member"), value, {place: {"member": value}})
        case "missing":
            return Drawn(path(place, ".missing"), None, {place: {"member": value}})
        case "several":
            found = draw(st.lists(st.integers(0, 9), max_size=3))
            several: list[Json] = [*found]
            expected = None if not found else found[0] if len(found) == 1 else several
            return Drawn(path(place, ".n"), expected, {place: [{"n": number} for number in found]})
        case "object":
            members = draw(st.dictionaries(texts, templates(depth - 1), max_size=3))
            drawn.template = {key: member.template for key, member in members.items()}
            drawn.expected = {key: member.expected for key, member in members.items()}
            inner = list(members.values())
        case _:
            inner = draw(st.lists(templates(depth - 1), max_size=3))
            drawn.template = [item.template for item in inner]
            drawn.expected = [item.expected for item in inner]
    for part in inner:
        drawn.values.update(part.values)
    return drawn


@given(templates())
def test_template_as_one_expression_evaluates_to_the_same_tree(evaluate: Evaluate, drawn: Drawn) -> None:
    expression = as_expression(drawn.template)
    assert evaluate(expression, drawn.values) == drawn.expected
    assert not expression.optional
    assert not expression.fallible


@given(st.lists(texts | values.map(lambda value: (value,)) | st.just(()), max_size=4))
def test_interpolation_joins_texts_as_string_writes_them(
    evaluate: Evaluate, drawn: list[str | tuple[Json, ...]]
) -> None:
    pieces: list[str | Expression] = []
    bound: dict[Reference, Json] = {}
    expected = ""
    for index, piece in enumerate(drawn):
        place = Reference(ReferenceKind.INPUTS, f"i{index}")
        if isinstance(piece, str):
            pieces.append(piece)
            expected += piece
        elif piece:
            pieces.append(path(place, ".v") if index % 2 else reference(place.kind, place.name))
            bound[place] = {"v": piece[0]} if index % 2 else piece[0]
            if piece[0] is not None:
                expected += str(evaluate(call("string", reference(X.kind, X.name)), {X: piece[0]}))
        else:
            bound[place] = {}
            pieces.append(path(place, ".missing"))
    assert evaluate(interpolate(pieces), bound) == expected


def test_interpolation_writes_each_kind_of_value(evaluate: Evaluate) -> None:
    shown: list[Json] = ["", None, True, 1.5, "text", [1, "a"], {"a": None}]
    pieces: list[str | Expression] = []
    bound: dict[Reference, Json] = {}
    for index, value in enumerate(shown):
        place = Reference(ReferenceKind.OUTPUT, f"n{index}")
        bound[place] = value
        pieces += [reference(place.kind, place.name), "|"]
    assert evaluate(interpolate(pieces), bound) == '||true|1.5|text|[1,"a"]|{"a":null}|'


@given(values)
def test_or_null_gives_the_value_where_there_is_one(evaluate: Evaluate, value: Json) -> None:
    assert evaluate(or_null(path(X, ".v")), {X: {"v": value}}) == value


def test_or_null_gives_null_where_there_is_no_value(evaluate: Evaluate) -> None:
    assert evaluate(path(X, ".v"), {X: {}}) == NOTHING
    assert evaluate(or_null(path(X, ".v")), {X: {}}) is None
    assert evaluate(or_null(path(X, ".v[w > 1]")), {X: {"v": [{"w": 1}]}}) is None


def test_or_null_keeps_an_expression_that_always_gives_a_value() -> None:
    assert or_null(reference(ReferenceKind.INPUT)) == reference(ReferenceKind.INPUT)
    assert not or_null(path(X, ".v")).optional


def test_own_variables_do_not_disturb_the_users(evaluate: Evaluate) -> None:
    mine = parsed("($_ := inputs.x; $_.v)")
    assert evaluate(as_expression([or_null(mine), {"a": mine}, mine]), {X: {"v": [1]}}) == [[1], {"a": [1]}, [1]]
    assert "_" in or_null(mine).locals


def test_top_level_assignment_stays_inside_its_own_brackets(evaluate: Evaluate) -> None:
    both = as_expression({"a": parsed("$count := 3"), "b": call("count", literal([1, 2]))})
    assert evaluate(both, {}) == {"a": 3, "b": 2}


def test_composition_unites_what_is_known_of_its_parts() -> None:
    composed = jsonata("$map(", parsed("$x := $random()"), ", function($l) { $l.a })", type=JsonType.ARRAY)
    assert composed.locals == {"x", "l"}
    assert not composed.pure
    assert composed.type is JsonType.ARRAY
    assert jsonata("1").pure
    assert not call("uuid").pure


def test_call_separates_its_arguments(evaluate: Evaluate) -> None:
    assert evaluate(call("append", literal([1]), literal([2])), {}) == [1, 2]


def test_operand_brackets_only_what_needs_it(evaluate: Evaluate) -> None:
    total = parsed("inputs.x + 1")
    assert evaluate(jsonata(operand(total), " * ", operand(literal(2))), {X: 3}) == 8
    assert operand(path(X, ".v")) == path(X, ".v")


def test_walk_gives_the_expressions_in_order_and_literals_have_none() -> None:
    first, second = path(X, ".a"), path(X, ".b")
    assert list(walk_template({"k": [1, first], "l": second})) == [first, second]
    assert not is_literal([first])
    assert is_literal({"a": [json.loads("1e3"), None, "x"]})
