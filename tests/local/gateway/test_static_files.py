import httpx
import pytest


def test_the_page_is_asked_for_again_each_time(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.text.startswith("<!doctype html>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    later = client.get("/", headers={"if-modified-since": answer.headers["last-modified"]})
    assert later.status_code == 304


def test_a_file_with_its_hash_in_its_name_is_kept(client: httpx.Client) -> None:
    answer = client.get("/assets/main-4f3a9c1d.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


def test_a_path_of_the_page_is_the_page(client: httpx.Client) -> None:
    assert client.get("/workflows/7").text == client.get("/").text


@pytest.mark.parametrize(
    "path", ["/missing.js", "/.secret", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/conftest.py", "/a%00b"]
)
def test_what_is_not_in_the_folder_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_files_cannot_be_written(client: httpx.Client) -> None:
    assert client.put("/index.html", content="x").status_code == 405
