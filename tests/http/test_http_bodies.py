import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.http import BodyType, HttpError, encode_body, pairs_of
from millrace.http.response import Response, ResponseMode, decode_body, read_body


@pytest.mark.parametrize(
    ("value", "kind", "content", "content_type"),
    [
        (None, "auto", b"", None),
        ({"a": [1, "ä"]}, "auto", '{"a":[1,"ä"]}'.encode(), "application/json"),
        ([1], "auto", b"[1]", "application/json"),
        (5, "auto", b"5", "application/json"),
        ("text", "auto", b"text", "text/plain; charset=utf-8"),
        ("text", "json", b'"text"', "application/json"),
        (7, "text", b"7", "text/plain; charset=utf-8"),
        ({"a": "x y", "b": [1, True], "c": None}, "form", b"a=x+y&b=1&b=true", "application/x-www-form-urlencoded"),
        ("AAH/", "binary", b"\x00\x01\xff", "application/octet-stream"),
    ],
)
def test_bodies_are_written_by_kind(value: Any, kind: BodyType, content: bytes, content_type: str | None) -> None:
    body = encode_body(value, kind)
    assert (body.content, body.content_type) == (content, content_type)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("x", "form", "expected an object"),
        ({"a": {"b": 1}}, "form", r"body\.a: expected text, a number or a boolean, found object"),
        ([], "multipart", "expected an object"),
        ({"f": {"filename": "a"}}, "multipart", r"body\.f: expected a file"),
        ({"f": {"base64": "@"}}, "multipart", r"body\.f\.base64: expected base64"),
        ({"f": {"base64": "", "contentType": "a\r\nb"}}, "multipart", "without line ends"),
        (5, "binary", "expected base64"),
        ("é", "binary", "expected base64"),
        ({}, "text", "found object"),
    ],
)
def test_bodies_that_do_not_suit_their_kind_are_refused(value: Any, kind: BodyType, message: str) -> None:
    with pytest.raises(HttpError, match=message):
        encode_body(value, kind)


def test_a_list_repeats_its_name_and_null_leaves_it_out() -> None:
    assert pairs_of({"a": [1, None, 2.5], "b": None, "c": False}, "query") == [("a", "1"), ("a", "2.5"), ("c", "false")]


def response(body: bytes, content_type: str = "") -> Response:
    return Response(200, "OK", {"content-type": content_type} if content_type else {}, body, "http://a.test/", {})


@pytest.mark.parametrize(
    ("body", "content_type", "mode", "expected"),
    [
        (b'{"a": 1}', "application/json", "auto", {"a": 1}),
        (b"\xef\xbb\xbf[1]", "application/problem+json; charset=utf-8", "auto", [1]),
        (b"[1]", "text/plain", "auto", "[1]"),
        (b"[1]", "text/plain", "json", [1]),
        (b"<a/>", "application/atom+xml", "auto", "<a/>"),
        (b"\xe9", "text/plain; charset=ISO-8859-1", "auto", "é"),
        (b"\xe9", "text/plain; charset=nonsense", "auto", "\ufffd"),
        (b"plain", "", "auto", "plain"),
        (b"\x00\x01", "", "auto", "AAE="),
        (b"\x89PNG", "image/png", "auto", "iVBORw=="),
        (b"hi", "text/plain", "binary", "aGk="),
        (b"", "application/json", "auto", None),
        (b"", "application/json", "json", None),
        (b"", "text/plain", "text", ""),
    ],
)
def test_responses_are_read_by_mode_and_type(body: bytes, content_type: str, mode: ResponseMode, expected: Any) -> None:
    assert decode_body(response(body, content_type), mode) == expected


@pytest.mark.parametrize("body", [b"<html>", b"{", b'{"a": NaN}', b"[" * 100_000])
def test_a_body_that_is_not_json_is_an_error(body: bytes) -> None:
    with pytest.raises(HttpError, match="JSON"):
        decode_body(response(body, "application/json"), "auto")


@given(st.binary(max_size=5_000), st.integers(min_value=1, max_value=700), st.sampled_from(["gzip", "deflate", "raw"]))
def test_compressed_bodies_come_back_whole_however_they_are_cut(body: bytes, size: int, kind: str) -> None:
    window = {"gzip": 31, "deflate": 15, "raw": -15}[kind]
    compressor = zlib.compressobj(wbits=window)
    packed = compressor.compress(body) + compressor.flush()
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert read_body(chunks, "gzip" if kind == "gzip" else "deflate", 10_000) == body


def test_damaged_compression_is_an_error() -> None:
    with pytest.raises(HttpError, match="damaged"):
        read_body([b"not gzip"], "gzip", 100)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=4))
def test_json_bodies_come_back_as_they_were(value: dict[str, Any]) -> None:
    assert json.loads(encode_body(value, "json").content.decode()) == value
