"""Paths select as Jayway JsonPath does, and fail as AWS words it."""

import copy
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.engine.errors import StateError
from millrace.engine.jsonpath import Path, PathError
from tests.engine.jsonpath.scopes import scope

STORE: dict[str, Any] = {
    "book": [
        {"title": "A", "price": 8.95, "tags": ["x", "y"]},
        {"title": "B", "price": 12, "isbn": None, "tags": []},
        {"title": "C", "price": 22.5, "isbn": "0-395", "category": "fiction"},
    ],
    "limit": 10,
    "names": ["a", "b", "c", "d"],
    "numbers": [1, 2, 3],
    "delivery-partner": "UQS",
    "@type": "shop",
    "aws:region": "x",
    "two words": {"it's": 1, "a.b": 2},
    "empty": [],
    "null": None,
    "text": "abc",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", STORE),
        ("$.limit", 10),
        ("$.delivery-partner", "UQS"),
        ("$['two words']['it's']", 1),
        ('$["two words"]["a.b"]', 2),
        ("$.@type", "shop"),
        ("$.aws:region", "x"),
        ("$.book[0].title", "A"),
        ("$.book[-1].title", "C"),
        ("$.null", None),
        ("$['limit','text']", {"limit": 10, "text": "abc"}),
        ("$['limit','nothing']", {"limit": 10}),
    ],
)
def test_definite_paths_give_one_value(path: str, expected: Any) -> None:
    assert Path(path, "InputPath").evaluate(scope(STORE)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.book[*].title", ["A", "B", "C"]),
        ("$.book.*.title", ["A", "B", "C"]),
        ("$..title", ["A", "B", "C"]),
        ("$..tags[*]", ["x", "y"]),
        ("$..['price']", [8.95, 12, 22.5]),
        ("$.book[0,2].title", ["A", "C"]),
        ("$.names[1:3]", ["b", "c"]),
        ("$.names[1:]", ["b", "c", "d"]),
        ("$.names[:2]", ["a", "b"]),
        ("$.names[-2:]", ["c", "d"]),
        ("$.names[:-1]", ["a", "b", "c"]),
        ("$.names[-3:-1]", ["b", "c"]),
        ("$.names[0:-1]", []),
        ("$.names[2:99]", ["c", "d"]),
        ("$.empty[*]", []),
    ],
)
def test_indefinite_paths_give_a_list(path: str, expected: Any) -> None:
    assert Path(path, "InputPath").evaluate(scope(STORE)) == expected


@pytest.mark.parametrize(
    "path", ["$.missing[*]", "$.missing[*].a", "$.missing.deep[1:5].a", "$.missing[:1]", "$..missing", "$.text[?(@.a)]"]
)
def test_indefinite_paths_that_find_nothing_give_an_empty_list(path: str) -> None:
    assert Path(path, "x.$").evaluate(scope(STORE)) == []


@pytest.mark.parametrize(
    ("condition", "titles"),
    [
        ("@.isbn", "BC"),
        ("!@.isbn", "A"),
        ("@.isbn == null", "B"),
        ("@.isbn != null", "AC"),
        ("@.price < 12", "A"),
        ("@.price <= 12", "AB"),
        ("@.price > $.limit", "BC"),
        ("@.price == '12'", "B"),
        ("@.title == 'B'", "B"),
        ('@.title != "B"', "AC"),
        ("@.title > 'A' && @.price > 20", "C"),
        ("@.title == 'A' || @.title == 'B' && @.price > 20", "A"),
        ("(@.title == 'A' || @.title == 'B') && @.price > 10", "B"),
        ("@.title in ['A', 'C']", "AC"),
        ("@.title nin ['A', 'C']", "B"),
        ("@.title =~ /a|b/i", "AB"),
        ("@.tags size 2", "A"),
        ("@.tags empty true", "B"),
        ("@.tags contains 'x'", "A"),
        ("@.tags anyof ['y', 'z']", "A"),
        ("@.tags noneof ['y', 'z']", "B"),
        ("@.tags subsetof ['x', 'y', 'z']", "AB"),
        ("@.tags[0] == 'x'", "A"),
        ("@['category'] == 'fiction'", "C"),
    ],
)
def test_filters_select_items(condition: str, titles: str) -> None:
    assert Path(f"$.book[?({condition})].title", "x.$").evaluate(scope(STORE)) == list(titles)


def test_filters_select_scalars_and_descendants() -> None:
    assert Path("$.numbers[?(@ > 1)]", "x.$").evaluate(scope(STORE)) == [2, 3]
    assert Path("$..[?(@.price > 20)].title", "x.$").evaluate(scope(STORE)) == ["C"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.book.length()", 3),
        ("$.length()", 11),
        ("$.text.length()", None),
        ("$.numbers.sum()", 6),
        ("$.numbers.min()", 1),
        ("$.numbers.max()", 3),
        ("$.numbers.avg()", 2),
        ("$.numbers.stddev()", pytest.approx(0.8164965809)),
        ("$.book[*].tags.length()", [2, 0]),
        ("$..price.max()", 22.5),
    ],
)
def test_functions_end_a_path(path: str, expected: Any) -> None:
    assert Path(path, "x.$").evaluate(scope(STORE)) == expected


def test_the_context_and_variables_are_roots() -> None:
    assert Path("$$.Execution.Input.n", "x.$").evaluate(scope(None)) == 3
    assert Path("$$", "x.$").evaluate(scope(None))["Map"] == {"Item": {"Index": 0}}  # type: ignore[index, call-overload] - an object
    assert Path("$items[1].a", "x.$").evaluate(scope(None, items=[0, {"a": 2}])) == 2
    assert Path("$outer.x", "x.$").evaluate(scope(None, outer={"x": 5})) == 5
    with pytest.raises(PathError, match=r"\$nothing"):
        Path("$nothing", "x.$").evaluate(scope({}))


@pytest.mark.parametrize(
    ("path", "location", "document", "message"),
    [
        ("$.a", "OutputPath", {"b": 1}, "Invalid path '$.a' : No results for path: $['a']"),
        ("$.no.such.path", "OutputPath", {}, "Invalid path '$.no.such.path' : Missing property in path $['no']"),
        ("$.a[2]", "InputPath", {"a": [1]}, "Invalid path '$.a[2]' : No results for path: $['a'][2]"),
        ("$.a[0]", "InputPath", {"a": None}, "Invalid path '$.a[0]' : The path $['a'] is null"),
        (
            "$['a','b'].v",
            "InputPath",
            {"a": 1},
            "Invalid path '$['a','b'].v' : Multi properties can only be used as path leafs: $['a', 'b']",
        ),
        (
            "$.a.b",
            "CausePath",
            {"a": "x"},
            "The JSONPath '$.a.b' specified for the field 'CausePath' could not be found in the input '{\"a\":\"x\"}'",
        ),
        (
            "$.a.b",
            "total.$",
            {},
            "The JSONPath '$.a.b' specified for the field 'total.$' could not be found in the input '{}'",
        ),
        ("$.a.b", "ItemsPath", {"a": {}}, 'Unable to apply step "b" to input {"a":{}}'),
        ("$.a", "InputPath", None, "Unable to apply Path transformation to null or empty input."),
        ("$", "all.$", None, "Unable to apply Path transformation to null or empty input."),
    ],
)
def test_definite_paths_that_miss_fail_in_the_words_of_aws(
    path: str, location: str, document: Any, message: str
) -> None:
    with pytest.raises(PathError) as caught:
        Path(path, location).evaluate(scope(document))
    assert caught.value.message == message
    assert caught.value.document == document


def test_an_items_path_that_misses_is_a_reference_path_conflict() -> None:
    with pytest.raises(PathError) as caught:
        Path("$.a", "ItemsPath").evaluate(scope({}))
    assert caught.value.error == "States.ReferencePathConflict"


def test_a_path_that_selects_too_much_fails_the_state() -> None:
    document: Any = 1
    for _ in range(200):
        document = [document] * 2
    path = Path("$..*..*..*", "x.$")
    with pytest.raises(StateError, match="selects more than 500000 values"):
        path.evaluate(scope(document))


def test_a_character_of_a_text_is_no_item() -> None:
    with pytest.raises(PathError, match="can only be applied to arrays"):
        Path("$.text[0]", "InputPath").evaluate(scope(STORE))


def test_an_index_beyond_the_end_is_null_in_a_payload_template_only() -> None:
    assert Path("$.names[9]", "x.$").evaluate(scope(STORE)) is None
    with pytest.raises(PathError):
        Path("$.names[9]", "InputPath").evaluate(scope(STORE))


def test_quoted_names_have_no_escapes() -> None:
    assert Path('$[\'Test\\""Name"\']', "x.$").evaluate(scope({'Test\\""Name"': 1})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "$.",
        "$.a.",
        "$..",
        "$a.[",
        "$.a[",
        "$.a[]",
        "$['a",
        "$.a[?(@.b]",
        "$.a[?@.b]",
        "$.a b",
        "$.a.nope()",
        "$.a[1:2:3:4]",
        "$.a[?(1)]",
        "$.a[(@.length-1)]",
        "$.a[?(@.b =~ /(/)]",
        "{% $x %}",
        "$.length(1)",
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"position|function"):
        Path(text, "InputPath")


NAMES = st.text("abcXYZ_09-", min_size=1, max_size=4)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def _places(value: Any, path: str = "$") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [(path, value)]
    if not isinstance(value, dict | list):
        return found
    container = cast("dict[str, Any] | list[Any]", value)
    members = container.items() if isinstance(container, dict) else enumerate(container)
    for key, member in members:
        found += _places(member, f"{path}['{key}']" if isinstance(key, str) else f"{path}[{key}]")
    return found


@given(DOCUMENTS)
def test_every_place_of_a_document_is_reached_by_its_path(document: Any) -> None:
    before = copy.deepcopy(document)
    for path, value in _places(document):
        assert Path(path, "InputPath").evaluate(scope(document)) == value
    assert document == before


@given(st.lists(st.integers(), max_size=6), st.integers(-8, 8))
def test_slices_with_one_end_are_those_of_python(items: list[int], end: int) -> None:
    assert Path(f"$[{end}:]", "x.$").evaluate(scope(items)) == items[end:]
    assert Path(f"$[:{end}]", "x.$").evaluate(scope(items)) == items[:end]


@given(st.text("$.[]()?@*'\"ab0,:!&|=<> -", max_size=12))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = Path(text, "InputPath")
    except ValueError:
        return
    try:
        path.evaluate(scope({"a": [{"b": 1}], "b": "a"}, a={"b": 0}, b=1))
    except PathError:
        return
