"""Payload templates."""

from typing import Any

import pytest

from millrace.engine.jsonpath import PathError, compile_payload
from millrace.engine.templates import Constant, evaluate
from tests.engine.jsonpath.scopes import no_fault, scope


def faults(value: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    compile_payload(value, "Parameters", "/States/A/Parameters", lambda path, message: found.append((path, message)))
    return found


def test_marked_keys_are_replaced_and_others_kept() -> None:
    template = compile_payload(
        {
            "flagged": True,
            "path": "$.not.one",
            "parts": {"first.$": "$.vals[0]", "last3.$": "$.vals[3:]"},
            "list": [{"n.$": "$.vals.length()"}, ["$.vals"], 1],
            "text.$": "States.Format('{}', $.vals[1])",
            "all.$": "$",
            "id.$": "$$.Execution.Id",
            "variable.$": "$v",
        },
        "Parameters",
        "/States/A/Parameters",
        no_fault,
    )
    data = {"vals": [0, 10, 20, 30, 40, 50]}
    assert evaluate(template, scope(data, v=[1])) == {
        "flagged": True,
        "path": "$.not.one",
        "parts": {"first": 0, "last3": [30, 40, 50]},
        "list": [{"n": 6}, ["$.vals"], 1],
        "text": "10",
        "all": data,
        "id": "arn:aws:states:::x",
        "variable": [1],
    }


@pytest.mark.parametrize("value", [{"a": [1, {"b": "$.c"}]}, [], "text", None, {}])
def test_a_template_without_marks_is_constant(value: Any) -> None:
    assert compile_payload(value, "Parameters", "", no_fault) == Constant(value)


def test_a_miss_names_the_key() -> None:
    template = compile_payload({"a": {"b.$": "$.c"}}, "Parameters", "", no_fault)
    with pytest.raises(PathError) as caught:
        evaluate(template, scope({"d": 1}))
    assert caught.value.message == (
        "The JSONPath '$.c' specified for the field 'b.$' could not be found in the input '{\"d\":1}'"
    )


@pytest.mark.parametrize("text", ["nothing", "", "$.a[", "States.Nope()", r"""States.StringToJson('{"a":"\"b"}')"""])
def test_other_texts_are_faults_in_the_words_of_aws(text: str) -> None:
    message = "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call"
    assert faults({"a": [{"b.$": text}]}) == [("/States/A/Parameters/a[0]", message)]


def test_other_values_are_faults() -> None:
    assert [path for path, _ in faults({"a.$": 1, "b.$": {"c.$": "$"}, "c": {"d.$": None}})] == [
        "/States/A/Parameters",
        "/States/A/Parameters",
        "/States/A/Parameters/c",
    ]
