"""Intrinsic functions give what AWS gives, and fail as it does."""

import base64
import json
import re
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.engine.errors import RUNTIME, StateError
from millrace.engine.jsonpath import Intrinsic, Path, read_path
from tests.engine.jsonpath.scopes import scope

DATA: dict[str, Any] = {
    "name": "Ada",
    "n": 5,
    "half": 1.5,
    "null": None,
    "yes": True,
    "object": {"Arg1": 1, "Arg2": [], "Arg3": {"a": "b"}, "Arg4": None},
    "items": [1, 2, 3, 4, 5],
    "template": "Hello {}",
    "json": '"x"',
    "text": "This.is+a,test=string",
    "big": 15000000.0,
}


def evaluate(text: str, data: Any = None, **variables: Any) -> Any:
    return Intrinsic(text, "x.$").evaluate(scope(DATA if data is None else data, **variables))


COMPUTED: list[tuple[str, Any]] = [
    ("States.Format('Hello {}', $.name)", "Hello Ada"),
    ("States.Format($.template, $.name)", "Hello Ada"),
    ("States.Format('{} {} {} {}', $.name, $.n, $.yes, $.null)", "Ada 5 true null"),
    ("States.Format('{}', $.object)", "{Arg1=1, Arg2=[], Arg3={a=b}, Arg4=null}"),
    ("States.Format('{}|{}', $.half, $.big)", "1.5|1.5E7"),
    ("States.Format('{}', States.StringToJson($.json))", '"x"'),
    ("States.Format('{}', States.JsonToString($.items))", "[1,2,3,4,5]"),
    (r"States.Format('\{\} \'{}\' \\', 1)", r"{} '1' \ ".rstrip()),
    ("States.Format('no place')", "no place"),
    ("States.Format('  {}  ', 'x')", "  x  "),
    ("States.StringToJson('{\"a\": [1, {}]}')", {"a": [1, {}]}),
    ("States.StringToJson('')", None),
    ("States.StringToJson('  ')", None),
    ("States.JsonToString($.object)", '{"Arg1":1,"Arg2":[],"Arg3":{"a":"b"},"Arg4":null}'),
    ("States.Array()", []),
    (
        "States.Array('a', 1, -2.5, true, false, null, $.n, States.Array())",
        ["a", 1, -2.5, True, False, None, 5, []],
    ),
    ("States.ArrayPartition($.items, 2)", [[1, 2], [3, 4], [5]]),
    ("States.ArrayPartition($.items, 2.6)", [[1, 2], [3, 4], [5]]),
    ("States.ArrayContains($.items, 3)", True),
    ("States.ArrayContains($.items, 3.0)", True),
    ("States.ArrayContains($.items, '3')", False),
    ("States.ArrayContains(States.Array(true), 1)", False),
    ("States.ArrayContains(States.Array($.object), $.object)", True),
    ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]),
    ("States.ArrayRange(5, 1, -2)", [5, 3, 1]),
    ("States.ArrayRange(5, 1, 1)", []),
    ("States.ArrayRange(1.6, 1.4, 1)", [1]),
    ("States.ArrayGetItem($.items, 1)", 2),
    ("States.ArrayGetItem($.items, 1.9)", 2),
    ("States.ArrayGetItem(States.Array(), 3)", None),
    ("States.ArrayLength($.items)", 5),
    ("States.ArrayUnique(States.Array(1, 1.0, '1', true, 1, null, null))", [1, "1", True, None]),
    ("States.Base64Encode('Data to encode')", "RGF0YSB0byBlbmNvZGU="),
    ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "Data to encode"),
    ("States.Base64Decode('YWJj ZA')", "abcd"),
    ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
    ("States.Hash(123, 'MD5')", "202cb962ac59075b964b07152d234b70"),
    ("States.JsonMerge(States.StringToJson('{\"a\": 1}'), $.object.Arg3, false)", {"a": "b"}),
    ("States.MathAdd(111, -1)", 110),
    ("States.MathAdd(1.5, 1.51)", 4),
    ("States.MathAdd(-1.5, -1.51)", -3),
    ("States.StringSplit($.text, '.+,=')", ["This", "is", "a", "test", "string"]),
    ("States.StringSplit(',a,,b,', ',')", ["a", "b"]),
    ("States.StringSplit('', ',')", []),
    ("States.StringSplit('a^b]c-d', '^]-')", ["a", "b", "c", "d"]),
    ("States.StringSplit('a\nb', '\n')", ["a", "b"]),
    ("States.ArrayLength($.items[?(@ > 2)])", 3),
    ("States.MathAdd($.items.length(), 1)", 6),
    ("States.Format( '{}' ,\n $['name'] )", "Ada"),
    ("States.Format('{}-{}', $$.Execution.Input.n, $v.a)", "3-7"),
]


@pytest.mark.parametrize(("text", "expected"), COMPUTED)
def test_functions_compute(text: str, expected: Any) -> None:
    result = evaluate(text, v={"a": 7})
    assert result == expected
    assert json.dumps(result) == json.dumps(expected)


@pytest.mark.parametrize(
    "text",
    [
        "States.Format()",
        "States.Format(1)",
        "States.StringToJson('{bad}')",
        "States.StringToJson()",
        "States.StringToJson($.n)",
        "States.JsonToString()",
        "States.ArrayPartition($.items, 0)",
        "States.ArrayPartition($.items, 0.6)",
        "States.ArrayPartition($.items, '2')",
        "States.ArrayPartition('a', 2)",
        "States.ArrayContains('abc', 'a')",
        "States.ArrayRange(1, 10, 0)",
        "States.ArrayRange(1, 10, 0.49)",
        "States.ArrayRange(1, 1001, 1)",
        "States.ArrayRange('a', 1, 1)",
        "States.ArrayGetItem($.items, 5)",
        "States.ArrayGetItem($.items, -1)",
        "States.ArrayGetItem($.items, '1')",
        "States.ArrayLength($.name)",
        "States.ArrayUnique(1)",
        "States.Base64Encode(1)",
        "States.Hash('a', 'sha-256')",
        "States.Hash('a')",
        "States.JsonMerge($.object, $.items, false)",
        "States.JsonMerge($.object, $.object, true)",
        "States.MathRandom(1, 1)",
        "States.MathRandom(1.4, 1.6)",
        "States.MathRandom(1, 10, 'seed')",
        "States.MathAdd(2147483647, 1)",
        "States.MathAdd(3000000000, 1)",
        "States.MathAdd(true, 1)",
        "States.MathAdd(null, 1)",
        "States.StringSplit($.n, ',')",
        "States.StringSplit('a', null)",
        "States.UUID(1)",
    ],
)
def test_wrong_arguments_fail_the_state(text: str) -> None:
    with pytest.raises(StateError) as caught:
        evaluate(text)
    assert caught.value.error == RUNTIME
    name = text.partition("(")[0]
    assert caught.value.message == (
        f"There was an error while evaluating the intrinsic function: {text}. Invalid arguments in {name}"
    )


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (
            "States.Format('{} {}', 1)",
            "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.",
        ),
        (
            "States.Format('{}', 1, 2)",
            "Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.",
        ),
        ("States.Format('Hello {', 1)", "Invalid template in States.Format: matching '}' not found for '{'."),
        ("States.Format('{{}}', 1)", "Invalid template in States.Format: matching '}' not found for '{'."),
        ("States.Format('}')", "Invalid template in States.Format: matching '{' not found for '}'."),
    ],
)
def test_a_template_that_does_not_fit_fails_the_state(text: str, ending: str) -> None:
    with pytest.raises(StateError, match=re.escape(ending)):
        evaluate(text)


def test_long_texts_are_refused() -> None:
    for name in ("Base64Encode($.s)", "Base64Decode($.s)", "Hash($.s, 'MD5')"):
        evaluate(f"States.{name}", {"s": "A" * 10_000})
        with pytest.raises(StateError):
            evaluate(f"States.{name}", {"s": "A" * 10_001})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("States.Format('{}', $.nope)", "$.nope"),
        ("States.Format('{}', States.Format('{}', $.nope))", "$.nope"),
        ("States.ArrayLength($.items[5])", "$.items[5]"),
    ],
)
def test_an_argument_that_is_not_there_names_the_whole_call(text: str, path: str) -> None:
    with pytest.raises(StateError) as caught:
        evaluate(text, {"items": [1]})
    assert caught.value.error == RUNTIME
    assert caught.value.message == (
        f"The function '{text}' had the following error: The JsonPath argument for the field '{path}' could not be "
        "found in the input '{\"items\":[1]}'"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Format('a')",
        "States.Nothing()",
        "States.Format",
        "States.Format(",
        "States.Format('a'",
        "States.Format('a',)",
        "States.Format(,)",
        "States.Format('a') x",
        "States.Format('a)",
        "States.Format(a)",
        'States.Format("a")',
        r"States.Format('\n')",
        r"""States.StringToJson('{"a":"\"b\""}')""",
        "States.Format('{}', $.a[)",
    ],
)
def test_what_does_not_parse_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="position"):
        Intrinsic(text, "x.$")


def test_random_numbers_come_from_the_scope_alone() -> None:
    calls = [Intrinsic("States.MathRandom(1, 1000000)", "x.$"), Intrinsic("States.UUID()", "x.$")]
    first = [call.evaluate(scope({}, seed=7)) for call in calls]
    assert first == [call.evaluate(scope({}, seed=7)) for call in calls]
    assert first != [call.evaluate(scope({}, seed=8)) for call in calls]
    assert uuid.UUID(str(first[1])).version == 4


def test_a_seed_makes_the_number_the_same() -> None:
    call = Intrinsic("States.MathRandom(1, 1000000, 42)", "x.$")
    assert call.evaluate(scope({}, seed=7)) == call.evaluate(scope({}, seed=8))


def test_a_field_holds_a_path_or_an_intrinsic_function() -> None:
    assert isinstance(read_path("$.a", "CausePath"), Path)
    assert isinstance(read_path("States.UUID()", "CausePath"), Intrinsic)
    with pytest.raises(ValueError, match="position"):
        read_path("a", "CausePath")


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(TEXTS)
def test_what_base64_encodes_it_decodes(text: str) -> None:
    encoded = evaluate("States.Base64Encode($.t)", {"t": text})
    assert base64.b64decode(encoded).decode() == text
    assert evaluate("States.Base64Decode(States.Base64Encode($.t))", {"t": text}) == text


@given(TEXTS)
def test_a_literal_gives_its_text(text: str) -> None:
    literal = re.sub(r"([\\'{}])", r"\\\1", text)
    assert evaluate(f"States.Array('{literal}')") == [text]
    assert evaluate(f"States.Format('{literal}')") == text


@given(st.integers(-50, 50), st.integers(-50, 50))
def test_random_numbers_are_below_the_second_bound(start: int, width: int) -> None:
    if width <= 0:
        return
    assert start <= evaluate(f"States.MathRandom({start}, {start + width})") < start + width


@given(st.lists(st.integers(0, 3) | st.text("ab", max_size=1)), st.integers(1, 5))
def test_partitions_join_to_the_array(items: list[Any], size: int) -> None:
    parts = evaluate(f"States.ArrayPartition($.a, {size})", {"a": items})
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])
