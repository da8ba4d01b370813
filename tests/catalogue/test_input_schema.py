from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.catalogue.input_schema import check_inputs, check_schema, is_json_schema, to_json_schema

ORDER: dict[str, Any] = {
    "id": {"type": "string", "required": True, "pattern": "^o-"},
    "count": {"type": "integer", "default": 1, "minimum": 1},
    "state": {"enum": ["open", "paid"]},
    "address": {
        "type": "object",
        "properties": {"city": {"type": "string", "required": True}, "country": {"type": "string", "default": "DE"}},
    },
    "lines": {"type": "array", "items": {"type": "object", "properties": {"tax": {"type": "number", "default": 0.19}}}},
}


def faults(schema: Any, inputs: Any) -> dict[str, str]:
    return {problem.path: problem.expected for problem in check_inputs(schema, inputs)[1]}


def test_all_faults_are_given_at_once() -> None:
    found = faults(ORDER, {"count": "2", "state": "lost", "address": {}, "lines": [{}, {"tax": "a"}]})
    assert found == {
        "id": "given",
        "count": "a whole number",
        "state": "one of 'open', 'paid'",
        "address.city": "given",
        "lines[1].tax": "a number",
    }


def test_defaults_are_filled_in_at_every_depth() -> None:
    inputs: Any = {"id": "o-1", "address": {"city": "Bonn"}, "lines": [{}, {"tax": 0.07}]}
    filled, problems = check_inputs(ORDER, inputs)
    assert problems == []
    assert filled == {
        "id": "o-1",
        "count": 1,
        "address": {"city": "Bonn", "country": "DE"},
        "lines": [{"tax": 0.19}, {"tax": 0.07}],
    }
    assert inputs == {"id": "o-1", "address": {"city": "Bonn"}, "lines": [{}, {"tax": 0.07}]}


def test_a_misspelt_input_is_refused_with_the_name_that_was_meant() -> None:
    (problem,) = check_inputs(ORDER, {"id": "o-1", "cuont": 3})[1]
    assert (problem.path, problem.found, problem.remedy) == ("cuont", "an unknown name", "Did you mean 'count'?")


def test_an_empty_schema_accepts_anything() -> None:
    assert check_inputs({}, {"any": [1]}) == ({"any": [1]}, [])


def test_null_for_an_optional_input_counts_as_left_out() -> None:
    assert check_inputs(ORDER, {"id": "o-1", "count": None}) == ({"id": "o-1", "count": 1}, [])
    assert faults(ORDER, {"id": None}) == {"id": "text"}


@pytest.mark.parametrize("value", [None, 1, "a", [1], {"a": 1}])
def test_any_takes_every_value(value: Any) -> None:
    schema = {"x": {"type": "any", "required": True}}
    assert faults(schema, {"x": value}) == {}


def test_a_json_schema_is_applied_as_written() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/count"}},
        "$defs": {"count": {"type": "integer", "default": 3, "maximum": 9}},
    }
    assert check_schema(schema) == []
    assert check_inputs(schema, {"b": 1})[1] == []
    assert faults(schema, {"a": 12}) == {"a": "9 or less"}
    strict = {**schema, "additionalProperties": False}
    assert faults(strict, {"b": 1}) == {"b": "one of a"}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2030-01-31T09:00:00Z", "2030-01-31 09:00"),
        ("date", "2030-01-31", "2030-02-31"),
        ("time", "09:00:00Z", "25:00:00Z"),
        ("duration", "P1DT2H", "1 day"),
        ("email", "a@example.com", "a"),
        ("uri", "https://example.com/a", "example.com/a"),
        ("hostname", "a.example.com", "-a.example.com"),
        ("ipv4", "127.0.0.1", "127.0.0.256"),
        ("uuid", "6b0f5e0e-6f33-4a3a-8d0c-0d6f0b3a7e01", "6b0f"),
    ],
)
def test_formats_are_checked(name: str, good: str, bad: str) -> None:
    schema = {"x": {"type": "string", "format": name}}
    assert faults(schema, {"x": good}) == {}
    assert faults(schema, {"x": bad}) == {"x": f"text in the format {name!r}"}


def test_short_form_is_told_from_json_schema() -> None:
    assert is_json_schema({"type": "object"})
    assert is_json_schema({"properties": {"a": {"type": "string"}}})
    assert not is_json_schema({"type": {"type": "string"}, "properties": {"type": "object"}})


def test_required_of_nested_fields_moves_to_their_object() -> None:
    assert to_json_schema({"a": {"type": "object", "properties": {"b": {"type": "any", "required": True}}}}) == {
        "type": "object",
        "properties": {"a": {"type": "object", "properties": {"b": {}}, "required": ["b"]}},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"a": {"type": "strng"}}, "a.type"),
        ({"a": "string"}, "a"),
        ({"a": {"type": "string", "required": "yes"}}, "a.required"),
        ({"a": {"type": "string", "minLength": "x"}}, "a.minLength"),
        ({"a": {"type": "string", "pattern": "("}}, "a.pattern"),
        ({"a": {"type": "integer", "default": "x"}}, "a.default"),
        ({"a": {"type": "object", "properties": {"b": {"type": "integer", "default": 1.5}}}}, "a.properties.b.default"),
        ({"type": "object", "properties": {"a": {"type": "wrong"}}}, "properties.a.type"),
        ({"type": "object", "properties": {"a": {"$ref": "https://example.com/a"}}}, "properties.a.$ref"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/a", "default": 1}}}, "properties.a.default"),
    ],
)
def test_a_broken_schema_is_reported_where_it_is_broken(schema: dict[str, Any], path: str) -> None:
    assert [problem.path for problem in check_schema(schema)] == [path]


def test_a_default_with_expressions_is_left_to_the_run() -> None:
    assert check_schema({"a": {"type": "integer", "default": "${inputs.count}"}}) == []


def test_a_schema_that_refers_to_itself_without_end_is_a_problem() -> None:
    (problem,) = check_inputs({"$ref": "#"}, {})[1]
    assert problem.found == "a reference to itself"


def test_a_message_says_where_what_and_how() -> None:
    (problem,) = check_inputs({"a": {"type": "number", "maximum": 3}}, {"a": 4})[1]
    assert problem.message == "expected `a` to be 3 or less, found 4"
    assert problem.remedy == "Change `a` to 3 or less."


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )
)
def test_no_schema_makes_the_check_fail(schema: Any) -> None:
    check_schema({"field": schema})
