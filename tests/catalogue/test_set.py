import pytest
from pydantic import ValidationError

from millrace.catalogue.set import SetConfig
from millrace.model import Json

from .nodes import output


def test_fields_make_an_object() -> None:
    given = output("set", {"n": 2}, fields={"double": "${input.n * 2}", "a.b": "x", "list": [1, "${input.n}"]})
    assert given == {"double": 4, "a.b": "x", "list": [1, 2]}


def test_fields_lie_over_the_input() -> None:
    assert output("set", {"a": 1, "b": 2}, fields={"b": 3, "c": None}, include="input") == {"a": 1, "b": 3, "c": None}


@pytest.mark.parametrize("given", [None, 5, "text", [1, 2], []])
def test_an_input_that_is_no_object_counts_as_empty(given: Json) -> None:
    assert output("set", given, fields={"a": 1}, include="input") == {"a": 1}


def test_missing_fields_are_a_missing_error() -> None:
    with pytest.raises(ValidationError) as raised:
        SetConfig.model_validate({})
    assert [(error["type"], error["loc"]) for error in raised.value.errors()] == [("missing", ("fields",))]
