"""One exchange with a server: request, redirects, response."""

import ipaddress
import re
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlencode

import httpx

from millrace.http.addresses import AddressPolicy, Resolver, resolve
from millrace.http.body import Body
from millrace.http.deadline import Deadline
from millrace.http.errors import CallConnectionError, HttpError, RedirectError, RequestError
from millrace.http.response import ACCEPT_ENCODING, Response, read_body
from millrace.http.transport import CheckedTransport

T = TypeVar("T")

MAX_REDIRECTS: Final = 5
# What the client itself must say for the message to stay well-formed (RFC 9112, section 6).
_OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
)
_HOST: Final = re.compile(rb"[A-Za-z0-9._-]+\Z")
_LAST_PORT: Final = 65_535
_USERINFO: Final = re.compile(r"//[^/]*@")
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Network:
    """What a call needs of its surroundings.

    Attributes:
        response_limit: Bytes that a response may have, decompressed.
        tls: TLS settings; the default trusts the public authorities.
    """

    policy: AddressPolicy
    response_limit: int
    resolver: Resolver = resolve
    tls: ssl.SSLContext | None = None


class Client:
    """Exchanges that share connections, cookies and a deadline."""

    def __init__(self, network: Network, deadline: Deadline, *, follow_redirects: bool = True) -> None:
        self._network = network
        self._deadline = deadline
        self._follow = follow_redirects
        transport = CheckedTransport(network.policy, network.resolver, deadline, network.tls)
        self._client = httpx.Client(transport=transport, trust_env=False, timeout=None)  # noqa: S113 - the deadline bounds each operation

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: Body, secrets: Iterable[str] = ()
    ) -> Response:
        """Send a request and read its response, following redirects.

        The headers that `secrets` names go to the first origin only, as do Authorization and Cookie.

        Raises:
            HttpError: There is no response; the subclass says why.
        """
        secret = _SECRET_HEADERS | {name.lower() for name in secrets}
        request = self._client.build_request(
            method, checked_url(url), headers=_headers(headers, body), content=body.content or None
        )
        for _ in range(MAX_REDIRECTS + 1):
            response = self._exchange(request)
            target = response.next_request if self._follow else None
            if target is None:
                return self._read(response)
            response.close()
            checked_url(str(target.url))
            if origin(str(target.url)) != origin(str(request.url)):
                for name in secret:
                    target.headers.pop(name, None)
            request = target
        raise RedirectError(f"The server redirected more than {MAX_REDIRECTS} times, last to {shown(str(request.url))}")

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        return _guarded(lambda: self._client.send(request, stream=True, follow_redirects=False), str(request.url))

    def _read(self, response: httpx.Response) -> Response:
        encoding = response.headers.get("content-encoding", "")
        with_body = response.request.method != "HEAD"
        url = str(response.url)

        def read() -> bytes:
            return read_body(response.iter_raw(), encoding, self._network.response_limit) if with_body else b""

        try:
            body = _guarded(read, url)
        finally:
            response.close()
        links = {name: link["url"] for name, link in response.links.items() if name and "url" in link}
        return Response(response.status_code, response.reason_phrase, dict(response.headers), body, url, links)


def _guarded(action: Callable[[], T], url: str) -> T:
    """Do something on the network; every failure becomes one of ours."""
    try:
        return action()
    except HttpError:
        raise
    except (httpx.InvalidURL, httpx.RemoteProtocolError) as error:  # httpx's for a redirect that is no URL
        raise RedirectError(f"{shown(url)} redirects to something that is not a URL: {error}") from None
    except httpx.UnsupportedProtocol as error:
        raise RequestError(
            f"The redirect of {shown(url)} leads to something other than http and https: {error}"
        ) from None
    except httpx.HTTPError as error:
        raise CallConnectionError(f"The connection to {shown(url)} failed: {error}") from None


def checked_url(url: str) -> httpx.URL:
    """Read a URL.

    Raises:
        RequestError: It is not one that can be called.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise RequestError(f"url: expected a URL such as https://example.com/path, found {_redacted(url)!r}") from None
    if parsed.userinfo:
        raise RequestError("url: expected a URL without a user name and password; put them in a credential")
    if parsed.scheme not in {"http", "https"}:
        raise RequestError(f"url: expected http:// or https://, found {shown(url)!r}")
    if not (_HOST.match(parsed.raw_host) or _is_ipv6(parsed.host)) or (parsed.port or 0) > _LAST_PORT:
        raise RequestError(f"url: expected the name or address of a host, found {_redacted(url)!r}")
    return parsed


def with_query(url: str, query: Iterable[tuple[str, str]]) -> str:
    """Add parameters to a URL, leaving those it has as they are.

    Raises:
        RequestError: It is not a URL.
    """
    added = urlencode(list(query)).encode()
    parsed = checked_url(url)
    if not added:
        return url
    return str(parsed.copy_with(query=b"&".join(filter(None, (parsed.query, added)))))


def origin(url: str) -> tuple[str, str, int | None]:
    """Give what decides whether two URLs lead to the same server: scheme, host and port."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)


def shown(url: str) -> str:
    """Write a URL for a message: without its user, password, query and fragment, which may hold secrets."""
    try:
        return str(httpx.URL(url).copy_with(username=None, password=None, query=None, fragment=None))
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return _redacted(url)


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _redacted(text: str) -> str:
    """Cut from what may be no URL at all everything that may be a secret."""
    return _USERINFO.sub("//", text.partition("?")[0])[:100]


def _headers(headers: Iterable[tuple[str, str]], body: Body) -> list[tuple[bytes, bytes]]:
    sent: list[tuple[bytes, bytes]] = []
    names: set[str] = set()
    for name, value in headers:
        if not name or not _TOKEN.issuperset(name):
            raise RequestError(f"headers: expected a header name, found {name!r}")
        if name.lower() in _OWN_HEADERS:
            raise RequestError(f"headers.{name}: the client sets this header itself; leave it out")
        if any(character in value for character in "\r\n\0"):
            raise RequestError(f"headers.{name}: expected a value without line ends")
        names.add(name.lower())
        sent.append((name.encode(), value.strip().encode()))
    defaults = {
        "accept": "*/*",
        "accept-encoding": ACCEPT_ENCODING,
        "user-agent": "Millrace",
        "content-type": body.content_type,
    }
    return sent + [
        (name.encode(), value.encode()) for name, value in defaults.items() if value is not None and name not in names
    ]
