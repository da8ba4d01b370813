"""A ResultPath puts a result into the input, without changing it."""

import copy
from typing import Any

import pytest

from millrace.engine.jsonpath import PathError, ReferencePath


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("$", {"a": 1}, "new"),
        ("$.a", {"a": 1, "b": 2}, {"a": "new", "b": 2}),
        ("$.c", {"a": 1}, {"a": 1, "c": "new"}),
        ("$.x.y.z", {"a": 1}, {"a": 1, "x": {"y": {"z": "new"}}}),
        ("$['two words'].a", {}, {"two words": {"a": "new"}}),
        ("$.a[1]", {"a": [1, 2, 3]}, {"a": [1, "new", 3]}),
        ("$.a[0].b", {"a": [{"c": 1}]}, {"a": [{"c": 1, "b": "new"}]}),
        ("$.a", {"a": {"deep": True}}, {"a": "new"}),
    ],
)
def test_a_value_is_put_in_its_place(path: str, document: Any, expected: Any) -> None:
    before = copy.deepcopy(document)
    assert ReferencePath(path, "ResultPath").put(document, "new") == expected
    assert document == before


@pytest.mark.parametrize(
    ("path", "document", "step"),
    [
        ("$.a", "text", "a"),
        ("$.a", [1], "a"),
        ("$.a", None, "a"),
        ("$.a.b", {"a": 1}, "b"),
        ("$.a[3]", {"a": [1]}, "3"),
        ("$.a[0]", {"a": {}}, "0"),
        ("$.a[0]", {}, "0"),
    ],
)
def test_a_place_that_cannot_be_is_a_conflict(path: str, document: Any, step: str) -> None:
    with pytest.raises(PathError) as caught:
        ReferencePath(path, "ResultPath").put(document, 1)
    assert caught.value.error == "States.ReferencePathConflict"
    assert caught.value.message.startswith(f'Unable to apply step "{step}" to input ')


@pytest.mark.parametrize(
    "text", ["a", "$.a[*]", "$..a", "$.a[1:2]", "$.a[?(@.b)]", "$.a.length()", "$['a','b']", "$[", "$$.a", "$x.a"]
)
def test_other_paths_are_no_reference_paths(text: str) -> None:
    with pytest.raises(ValueError, match="Value is not a Reference Path"):
        ReferencePath(text, "ResultPath")
