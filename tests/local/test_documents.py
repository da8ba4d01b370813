"""Reading documents: one clear sentence for everything that can be wrong with a file."""

from pathlib import Path

import pytest

from millrace.local.documents import MAX_BYTES, MAX_DEPTH, parse_json, read_document
from millrace.local.errors import DocumentError

BAD_TEXTS = {
    "": "is empty",
    " \n": "is empty",
    '{"a": }': "line 1, column 7",
    '{"a": 1,\n "b": 2,}': "line 2",
    '{"a": NaN}': "not JSON",
    '{"a": Infinity}': "not JSON",
    '{"a": 1e999}': "not JSON",
    '{"a": 1} x': "not JSON",
    '{"a": 1, "a": 2}': "the key 'a' twice",
    '[{"b": {"c": 1, "c": 2}}]': "the key 'c' twice",
    "[" * 100_000: "deep",
    "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2): "deep",
    '"\\ud800"': "not JSON",
}


@pytest.mark.parametrize(("text", "says"), BAD_TEXTS.items(), ids=range(len(BAD_TEXTS)))
def test_bad_text_is_refused_with_one_sentence(text: str, says: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_json(text.encode(), "it.json")
    assert says in str(caught.value)
    assert str(caught.value).startswith("it.json ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_bytes_that_are_no_utf8_are_named_by_their_place() -> None:
    with pytest.raises(DocumentError, match="not UTF-8: byte 12, on line 2"):
        parse_json(b'{"name":\n"a\xff"}', "it.json")


def test_file_that_is_too_large_is_not_read_whole() -> None:
    with pytest.raises(DocumentError, match="more than 8 MB"):
        parse_json(b'"' + b"x" * MAX_BYTES + b'"', "it.json")


def test_depth_that_is_allowed_is_read() -> None:
    text = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert parse_json(text.encode(), "it") is not None


def test_byte_order_mark_is_taken_off() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": "\xc3\xa9"}', "it") == {"a": "é"}


def test_folder_stands_for_the_workflow_in_it(tmp_path: Path) -> None:
    (tmp_path / "workflow.json").write_text('{"nodes": {}}')
    assert read_document(str(tmp_path)) == {"nodes": {}}


@pytest.mark.parametrize("name", ["missing.json", "folder", "", "a\0b", "x" * 5000])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DocumentError):
        read_document(name)
