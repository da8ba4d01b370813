"""A whole HTTP call of a workflow: one attempt, with its pages, judged by its status."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from millrace.http.body import Body
from millrace.http.client import Client, Network, origin, shown, with_query
from millrace.http.deadline import Deadline
from millrace.http.errors import HttpError, RateLimitedError, ResponseError, RetryLaterError, ServerError, StatusError
from millrace.http.pagination import Pagination
from millrace.http.response import Response, ResponseMode, decode_body, parse_json
from millrace.model import Json

LONGEST_WAIT_SECONDS: Final = 30.0
_SHOWN_BODY: Final = 500


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask a server for.

    Attributes:
        authorization: Headers that go to the first origin only.
        allowed: Ranges of status codes, both ends included, that are no failure although they are 400 and above.
        seconds: How long the whole call may take, its pages included.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    authorization: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: Body = field(default_factory=Body)
    response: ResponseMode = "auto"
    pagination: Pagination | None = None
    allowed: tuple[tuple[int, int], ...] = ()
    follow_redirects: bool = True
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as a call sees it.

    Attributes:
        wait_seconds: How long the call may wait before it fails, so that the next try comes when the server wants it.
    """

    wait_seconds: float = LONGEST_WAIT_SECONDS
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def perform(call: Call, network: Network, clock: Clock) -> dict[str, Json]:
    """Make the call.

    Returns:
        `status`, `headers`, `body` and `url`; with pagination `body` is null and `items`, `pages` and `complete`
        follow, where `complete` is false when more pages exist than may be read.

    Raises:
        HttpError: It failed; the subclass says why. A 429 or 5xx with Retry-After is raised after that wait.
    """
    url = with_query(call.url, call.query)
    try:
        with Client(network, Deadline(call.seconds), follow_redirects=call.follow_redirects) as client:
            return (
                _single(call, client, url, clock)
                if call.pagination is None
                else _paged(call, call.pagination, client, url, clock)
            )
    except HttpError as error:
        raise type(error)(f"{call.method} {shown(url)}: {error}", error.details) from None


def _single(call: Call, client: Client, url: str, clock: Clock) -> dict[str, Json]:
    response = _exchange(call, client, url, url, clock)
    return _output(response, decode_body(response, call.response))


def _paged(call: Call, pagination: Pagination, client: Client, url: str, clock: Clock) -> dict[str, Json]:
    items: list[Json] = []
    seen: set[str] = set()
    following: str | None = pagination.first(url)
    first = following
    while True:
        assert following is not None
        if following in seen:
            raise ResponseError(
                f"pagination: page {len(seen)} leads back to one that was read before; check the path to the next page"
            )
        seen.add(following)
        response = _exchange(call, client, following, first, clock)
        body = parse_json(response) if response.body else None
        found = pagination.items_of(body)
        items.extend(found)
        following = pagination.following(response, body, len(seen), found)
        if following is None or len(seen) >= pagination.max_pages:
            pages: dict[str, Json] = {"items": items, "pages": len(seen), "complete": following is None}
            return _output(response, None) | pages


def _exchange(call: Call, client: Client, url: str, first: str, clock: Clock) -> Response:
    secrets = {"authorization", "cookie", *(name.lower() for name, _ in call.authorization)}
    headers = [*call.headers, *call.authorization]
    if origin(url) != origin(first):
        headers = [(name, value) for name, value in headers if name.lower() not in secrets]
    response = client.send(call.method, url, headers, call.body, secrets)
    _judge(response, call, clock)
    return response


def _output(response: Response, body: Json) -> dict[str, Json]:
    return {"status": response.status, "headers": {**response.headers}, "body": body, "url": response.url}


def _judge(response: Response, call: Call, clock: Clock) -> None:
    status = response.status
    if status < HTTPStatus.BAD_REQUEST or any(low <= status <= high for low, high in call.allowed):
        return
    text = response.text[:_SHOWN_BODY].strip()
    message = f"The server answered {status} {response.reason}".rstrip() + (f": {text}" if text else "")
    details: dict[str, Json] = {"status": status, "url": shown(response.url), "body": text}
    if status != HTTPStatus.TOO_MANY_REQUESTS and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise StatusError(f"{message}. If that is no failure here, add {status} to allowStatus", details)
    wait = retry_after(response, clock.now())
    if wait is not None and wait > min(LONGEST_WAIT_SECONDS, clock.wait_seconds):
        longest = max(0.0, min(LONGEST_WAIT_SECONDS, clock.wait_seconds))
        raise RetryLaterError(
            f"{message}. It asks to be left alone for {wait:.0f} s, longer than the {longest:.0f} s that a node "
            "may wait; call it less often, or put a wait node in front",
            details,
        )
    if wait:
        clock.sleep(wait)
    raise (RateLimitedError if status == HTTPStatus.TOO_MANY_REQUESTS else ServerError)(message, details)


def retry_after(response: Response, now: datetime) -> float | None:
    """Read the Retry-After header (RFC 9110, 10.2.3) as seconds from now; None when there is none that can be read."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
