import json
from typing import Any

import pytest
from http_server import LOOPBACK, Received, Reply, Server

from millrace.http import Call, Clock, HttpError, Pagination, perform

ITEMS = [{"id": number} for number in range(5)]


def numbered(request: Received) -> Reply:
    page = int(dict(request.query)["p"])
    return Reply(body=json.dumps({"data": ITEMS[(page - 1) * 2 : page * 2]}).encode())


def by_cursor(request: Received) -> Reply:
    start = int(dict(request.query).get("after", "0"))
    following = start + 2 if start + 2 < len(ITEMS) else None
    return Reply(body=json.dumps({"data": {"rows": ITEMS[start : start + 2]}, "meta": {"next": following}}).encode())


def by_link(request: Received) -> Reply:
    start = int(dict(request.query).get("from", "0"))
    more = start + 2 < len(ITEMS)
    link = (("link", f'</list?from={start + 2}>; rel="next", </list>; rel="first"'),) if more else ()
    body = {"rows": ITEMS[start : start + 2], "next": f"/list?from={start + 2}" if more else ""}
    return Reply(body=json.dumps(body).encode(), headers=link)


def fetch(server: Server, pagination: Pagination, path: str = "/list", **more: Any) -> dict[str, Any]:
    return perform(Call("GET", server.url(path), pagination=pagination, **more), LOOPBACK, Clock())


@pytest.mark.parametrize(
    ("route", "pagination", "pages"),
    [
        (numbered, Pagination("page", "data", parameter="p"), 4),
        (by_cursor, Pagination("cursor", "data.rows", path="meta.next", parameter="after"), 3),
        (by_link, Pagination("nextLink", "rows"), 3),
        (by_link, Pagination("nextLink", "rows", path="next"), 3),
    ],
)
def test_the_items_of_all_pages_are_joined(route: Any, pagination: Pagination, pages: int) -> None:
    with Server({"/list": route}) as server:
        result = fetch(server, pagination)
    assert result["items"] == ITEMS
    assert (result["pages"], result["complete"], result["body"], result["status"]) == (pages, True, None, 200)


def test_a_list_is_cut_at_the_most_pages_and_says_so() -> None:
    with Server({"/list": by_link}) as server:
        result = fetch(server, Pagination("nextLink", "rows", max_pages=2))
    assert result["items"] == ITEMS[:4]
    assert (result["pages"], result["complete"]) == (2, False)


def test_other_parameters_stay_on_every_page() -> None:
    with Server({"/list": numbered}) as server:
        fetch(
            server, Pagination("page", "data", parameter="p", start=2), "/list?size=2&p=9", query=(("state", "open"),)
        )
    assert [request.query for request in server.received] == [
        [("size", "2"), ("state", "open"), ("p", "2")],
        [("size", "2"), ("state", "open"), ("p", "3")],
        [("size", "2"), ("state", "open"), ("p", "4")],
    ]


def test_pages_that_lead_in_a_circle_are_an_error() -> None:
    body = json.dumps({"rows": [1], "next": "/list"}).encode()
    with Server({"/list": lambda _: Reply(body=body)}) as server, pytest.raises(HttpError, match="leads back"):
        fetch(server, Pagination("nextLink", "rows", path="next"))


def test_items_that_are_no_list_are_an_error() -> None:
    with (
        Server({"/list": lambda _: Reply(body=b'{"rows": {"a": 1}}')}) as server,
        pytest.raises(HttpError, match="expected a list at 'rows', found object"),
    ):
        fetch(server, Pagination("nextLink", "rows"))


def test_the_body_itself_may_be_the_list() -> None:
    with Server({"/list": lambda _: Reply(body=b"[1, 2]")}) as server:
        assert fetch(server, Pagination("nextLink"))["items"] == [1, 2]


def test_a_next_page_elsewhere_gets_no_credentials() -> None:
    with Server({"/more": lambda _: Reply(body=b"[2]")}) as other, Server() as server:
        link = f'<{other.url("/more")}>; rel="next"'
        server.routes["/list"] = lambda _: Reply(body=b"[1]", headers=(("link", link),))
        result = fetch(
            server,
            Pagination("nextLink"),
            headers=(("Authorization", "a"), ("X-Trace", "1")),
            authorization=(("X-Key", "b"),),
        )
    assert result["items"] == [1, 2]
    assert other.received[0].headers["x-trace"] == "1"
    assert {"authorization", "x-key"}.isdisjoint(other.received[0].headers)


def test_a_failing_page_fails_the_call() -> None:
    with Server({"/list": lambda _: Reply(503)}) as server, pytest.raises(HttpError) as caught:
        fetch(server, Pagination("nextLink"))
    assert caught.value.transient
