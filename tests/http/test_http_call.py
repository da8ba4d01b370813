import gzip
import json
import ssl
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from http_server import LOOPBACK, Received, Reply, Server

from millrace.http import Body, Call, Clock, HttpError, Network, encode_body, perform
from millrace.http.deadline import Deadline
from millrace.http.errors import CallTimeoutError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def failure(call: Call, clock: Clock | None = None) -> HttpError:
    with pytest.raises(HttpError) as caught:
        perform(call, LOOPBACK, clock or Clock(sleep=lambda _: None))
    return caught.value


def echo(request: Received) -> Reply:
    seen = {"method": request.method, "query": request.query, "headers": request.headers, "body": request.body.decode()}
    return Reply(body=json.dumps(seen).encode())


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_is_sent(method: str) -> None:
    with Server({"/": echo}) as server:
        result = perform(Call(method, server.url()), LOOPBACK, Clock())
    assert isinstance(result["body"], dict)
    assert result["body"]["method"] == method


def test_head_gives_headers_and_no_body() -> None:
    with Server({"/": lambda _: Reply(body=b"[1]", headers=(("x-total", "7"),))}) as server:
        result = perform(Call("HEAD", server.url()), LOOPBACK, Clock())
    assert result["body"] is None
    assert isinstance(result["headers"], dict)
    assert result["headers"]["x-total"] == "7"


def test_query_parameters_are_added_to_those_of_the_url() -> None:
    with Server({"/": echo}) as server:
        call = Call("GET", server.url("/?a=1&sig=%2Fx"), query=(("b", "2"), ("b", "ä&"), ("c", "")))
        result = perform(call, LOOPBACK, Clock())
    assert server.received[0].query == [("a", "1"), ("sig", "/x"), ("b", "2"), ("b", "ä&"), ("c", "")]
    assert result["url"] == server.url("/?a=1&sig=%2Fx&b=2&b=%C3%A4%26&c=")


def test_headers_replace_the_defaults() -> None:
    with Server({"/": echo}) as server:
        headers = (("Accept", "text/csv"), ("User-Agent", "probe"), ("X-Name", "Zoë"))
        perform(Call("GET", server.url(), headers=headers), LOOPBACK, Clock())
    sent = server.received[0].headers
    assert sent["accept"] == "text/csv"
    assert sent["user-agent"] == "probe"
    assert sent["x-name"].encode("latin-1").decode() == "Zoë"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-A", "1\r\nX-B: 2", "without line ends"),
        ("X-A", "1\n2", "without line ends"),
        ("X-A", "a\0b", "without line ends"),
        ("X A", "1", "expected a header name"),
        ("X-A:\r\nY", "1", "expected a header name"),
        ("", "1", "expected a header name"),
        ("Host", "internal", "sets this header itself"),
        ("content-length", "5", "sets this header itself"),
        ("Transfer-Encoding", "chunked", "sets this header itself"),
    ],
)
def test_header_injection_is_refused(name: str, value: str, expected: str) -> None:
    with Server({"/": echo}) as server:
        error = failure(Call("POST", server.url(), headers=((name, value),)))
    assert error.name == "Http.Request"
    assert expected in str(error)
    assert server.received == []


@pytest.mark.parametrize(
    "url", ["ftp://a/", "file:///etc/passwd", "//a/", "a", "", "http://", "javascript:alert(1)", "http://a:99999/"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    assert failure(Call("GET", url)).name == "Http.Request"


@pytest.mark.parametrize(
    "url", ["http://ada:hunter2@example.com/?key=hunter2", "http://ada:hunter2@exa mple:x/?key=hunter2"]
)
def test_passwords_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    error = failure(Call("GET", url))
    assert error.name == "Http.Request"
    assert "hunter2" not in str(error)


def test_the_query_is_not_repeated_in_errors() -> None:
    with Server() as server:
        error = failure(Call("GET", server.url("/gone?token=hunter2")))
    assert error.name == "Http.Status"
    assert "hunter2" not in str(error) + str(error.details)


@pytest.mark.parametrize(
    ("status", "method", "sent"),
    [(301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (307, "POST", "POST"), (308, "PUT", "PUT")],
)
def test_redirects_keep_or_change_the_method_as_http_says(status: int, method: str, sent: str) -> None:
    with Server({"/": lambda _: Reply(status, headers=(("location", "/next"),)), "/next": echo}) as server:
        result = perform(Call(method, server.url(), body=Body(b"hello", "text/plain")), LOOPBACK, Clock())
    assert server.received[1].method == sent
    assert server.received[1].body == (b"" if sent == "GET" else b"hello")
    assert result["url"] == server.url("/next")


def test_redirects_can_be_left_alone() -> None:
    with Server({"/": lambda _: Reply(302, headers=(("location", "/next"),))}) as server:
        result = perform(Call("GET", server.url(), follow_redirects=False), LOOPBACK, Clock())
    assert result["status"] == 302
    assert len(server.received) == 1


def test_the_sixth_redirect_is_an_error() -> None:
    with Server({"/": lambda _: Reply(302, headers=(("location", "/"),))}) as server:
        error = failure(Call("GET", server.url()))
    assert error.name == "Http.Redirect"
    assert len(server.received) == 6


@pytest.mark.parametrize(
    "target", ["ftp://a/", "file:///etc/passwd", "http://u:p@b.test/", "http://[oops/", "http://a b/"]
)
def test_redirects_to_what_is_no_web_address_are_refused(target: str) -> None:
    with Server({"/": lambda _: Reply(302, headers=(("location", target),))}) as server:
        assert failure(Call("GET", server.url())).name in {"Http.Request", "Http.Redirect"}
    assert len(server.received) == 1


def test_credentials_stay_with_the_first_origin() -> None:
    with Server({"/there": echo}) as other, Server() as server:
        server.routes["/"] = lambda _: Reply(302, headers=(("location", "/same"),))
        server.routes["/same"] = lambda _: Reply(302, headers=(("location", other.url("/there")),))
        call = Call(
            "GET",
            server.url(),
            headers=(("Authorization", "Bearer a"), ("Cookie", "a=b"), ("X-Trace", "1")),
            authorization=(("X-Api-Key", "secret"),),
        )
        perform(call, LOOPBACK, Clock())
    assert server.received[1].headers["authorization"] == "Bearer a"
    assert server.received[1].headers["x-api-key"] == "secret"
    there = other.received[0].headers
    assert there["x-trace"] == "1"
    assert {"authorization", "x-api-key", "cookie"}.isdisjoint(there)


@pytest.mark.parametrize(
    ("status", "name", "transient"),
    [
        (400, "Http.Status", False),
        (401, "Http.Status", False),
        (404, "Http.Status", False),
        (429, "Http.RateLimited", True),
        (500, "Http.ServerError", True),
        (502, "Http.ServerError", True),
        (503, "Http.ServerError", True),
    ],
)
def test_bad_statuses_fail_with_the_answer_in_the_message(status: int, name: str, *, transient: bool) -> None:
    with Server({"/": lambda _: Reply(status, b'{"why": "because"}')}) as server:
        error = failure(Call("GET", server.url()))
    assert (error.name, error.transient) == (name, transient)
    assert str(status) in str(error)
    assert "because" in str(error)
    assert error.details is not None
    assert error.details["status"] == status


@pytest.mark.parametrize("allowed", [((404, 404),), ((400, 499),), ((500, 599), (400, 410))])
def test_allowed_statuses_are_no_failure(allowed: tuple[tuple[int, int], ...]) -> None:
    with Server({"/": lambda _: Reply(404, b"[]")}) as server:
        result = perform(Call("GET", server.url(), allowed=allowed), LOOPBACK, Clock())
    assert (result["status"], result["body"]) == (404, [])


@pytest.mark.parametrize("header", ["7", format_datetime(NOW + timedelta(seconds=7), usegmt=True)])
def test_retry_after_is_waited_for_before_the_error(header: str) -> None:
    waits: list[float] = []
    with Server({"/": lambda _: Reply(429, headers=(("retry-after", header),))}) as server:
        error = failure(Call("GET", server.url()), Clock(60, waits.append, lambda: NOW))
    assert waits == [7.0]
    assert (error.name, error.transient) == ("Http.RateLimited", True)


@pytest.mark.parametrize(
    ("header", "left"), [("31", 60.0), ("20", 10.0), (format_datetime(NOW + timedelta(hours=1), usegmt=True), 60.0)]
)
def test_a_longer_retry_after_is_not_tried_again(header: str, left: float) -> None:
    waits: list[float] = []
    with Server({"/": lambda _: Reply(503, headers=(("retry-after", header),))}) as server:
        error = failure(Call("GET", server.url()), Clock(left, waits.append, lambda: NOW))
    assert waits == []
    assert (error.name, error.transient) == ("Http.RetryLater", False)
    assert "put a wait node in front" in str(error)


@pytest.mark.parametrize("header", ["", "soon", "-5", format_datetime(NOW - timedelta(hours=1), usegmt=True)])
def test_a_retry_after_that_says_nothing_is_not_waited_for(header: str) -> None:
    waits: list[float] = []
    with Server({"/": lambda _: Reply(503, headers=(("retry-after", header),))}) as server:
        error = failure(Call("GET", server.url()), Clock(60, waits.append, lambda: NOW))
    assert waits == []
    assert error.name == "Http.ServerError"


def test_a_server_that_does_not_answer_is_a_timeout() -> None:
    with Server() as server:
        server.routes["/"] = server.hang
        error = failure(Call("GET", server.url(), seconds=0.1))
    assert (error.name, error.transient) == ("Http.Timeout", True)


def test_the_deadline_covers_all_operations_together() -> None:
    times = iter([0.0, 1.0, 4.0, 5.0])
    deadline = Deadline(5, clock=lambda: next(times))
    assert [deadline.left(), deadline.left()] == [4.0, 1.0]
    with pytest.raises(CallTimeoutError, match="longer than 5 s"):
        deadline.left()


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with Server({"/": lambda _: Reply(body=b"1")}) as server:
        network = Network(LOOPBACK.policy, 1000, resolver=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
        assert perform(Call("GET", server.url(host="two.test")), network, Clock())["body"] == 1


def test_a_closed_port_is_a_connection_error() -> None:
    with Server() as server:
        url = server.url()
    error = failure(Call("GET", url))
    assert (error.name, error.transient) == ("Http.Connection", True)


def test_a_response_larger_than_the_limit_is_refused() -> None:
    with (
        Server({"/": lambda _: Reply(body=b"x" * 2_000)}) as server,
        pytest.raises(HttpError, match="larger than 1,000 bytes"),
    ):
        perform(Call("GET", server.url()), replace(LOOPBACK, response_limit=1_000), Clock())


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_is_refused(encoding: str) -> None:
    bomb = {"gzip": gzip.compress, "deflate": zlib.compress}[encoding](b"0" * 50_000_000)
    with Server({"/": lambda _: Reply(body=bomb, headers=(("content-encoding", encoding),))}) as server:
        error = failure(Call("GET", server.url()))
    assert error.name == "Http.Response"
    assert "larger than 1,000,000 bytes" in str(error)


def test_layers_of_compression_are_refused() -> None:
    with Server({"/": lambda _: Reply(body=b"x", headers=(("content-encoding", "gzip, gzip"),))}) as server:
        assert failure(Call("GET", server.url())).name == "Http.Response"


def test_a_multipart_body_arrives_with_its_boundary() -> None:
    body = encode_body(
        {"note": "hi", "file": {"base64": "AAH/", "filename": "a.bin", "contentType": "image/png"}}, "multipart"
    )
    with Server({"/": lambda _: Reply(body=b"1")}) as server:
        perform(Call("POST", server.url(), body=body), LOOPBACK, Clock())
    kind, _, boundary = server.received[0].headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert boundary.encode() in server.received[0].body
    assert b"\x00\x01\xff" in server.received[0].body


TLS = Path(__file__).with_name("tls")


def _tls_server() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    return context


def test_tls_checks_the_name_although_the_connection_goes_to_the_address() -> None:
    trusting = replace(LOOPBACK, tls=ssl.create_default_context(cafile=str(TLS / "certificate.pem")))
    with Server({"/": lambda _: Reply(body=b"1")}, tls=_tls_server()) as server:
        result = perform(Call("GET", f"https://service.test:{server.port}/"), trusting, Clock())
        assert result["body"] == 1
        with pytest.raises(HttpError) as caught:
            perform(Call("GET", f"https://other.test:{server.port}/"), trusting, Clock())
    assert (caught.value.name, caught.value.transient) == ("Http.Certificate", False)


def test_an_unknown_authority_is_refused() -> None:
    with Server(tls=_tls_server()) as server:
        assert failure(Call("GET", f"https://service.test:{server.port}/")).name == "Http.Certificate"
