"""An httpx transport that checks the address it really connects to.

Names are resolved once, the answer is checked, and the connection goes to the checked number; TLS and the Host header
still use the name. So neither a redirect nor a DNS answer that changes between check and use leads to a refused
address.
"""

import functools
import ssl
import typing
from collections.abc import Iterable, Iterator

import httpcore
import httpx

from millrace.http.addresses import AddressPolicy, Resolver
from millrace.http.deadline import Deadline
from millrace.http.errors import CallConnectionError, CallTimeoutError, CertificateError, RefusedError

_SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every operation ends by the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        return _DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline
        )

    def get_extra_info(self, info: str) -> typing.Any:
        return self._stream.get_extra_info(info)


class _CheckedBackend(httpcore.NetworkBackend):
    """Opens connections to allowed addresses only."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver, deadline: Deadline) -> None:
        self._policy = policy
        self._resolver = resolver
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.NetworkStream:
        del timeout
        addresses = self._resolver(host, port)
        self._policy.check(host, port, addresses)
        problem: Exception = httpcore.ConnectError("no address")
        for index, address in enumerate(addresses):
            share = self._deadline.left() / (len(addresses) - index)  # one silent address leaves time for the others
            try:
                stream = self._sockets.connect_tcp(
                    address,
                    port,
                    timeout=share,
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
                continue
            return _DeadlineStream(stream, self._deadline)
        raise problem

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: _SocketOptions | None = None
    ) -> httpcore.NetworkStream:
        del path, timeout, socket_options
        raise RefusedError("Workflows may not reach sockets of this machine")


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.iter_stream()
        except Exception as error:
            raise _translated(error) from error

    def close(self) -> None:
        self._response.close()


class CheckedTransport(httpx.BaseTransport):
    """Sends requests over checked connections.

    Args:
        context: TLS settings; the default trusts the public authorities.
    """

    def __init__(
        self, policy: AddressPolicy, resolver: Resolver, deadline: Deadline, context: ssl.SSLContext | None = None
    ) -> None:
        self._context = context
        self._backend = _CheckedBackend(policy, resolver, deadline)
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        url = request.url
        message = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=typing.cast("httpx.SyncByteStream", request.stream),
            extensions=request.extensions,
        )
        try:
            response = self._pool(url.scheme).handle_request(message)
        except Exception as error:
            raise _translated(error) from error
        extensions = typing.cast("dict[str, typing.Any]", response.extensions)  # pyright: ignore[reportUnknownMemberType] - httpcore types it half
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response), extensions=extensions)

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, scheme: str) -> httpcore.ConnectionPool:
        if scheme not in self._pools:
            context = (self._context or _public_authorities()) if scheme == "https" else None
            self._pools[scheme] = httpcore.ConnectionPool(ssl_context=context, network_backend=self._backend)
        return self._pools[scheme]


@functools.cache
def _public_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # reading the certificates takes some 20 ms


def _translated(error: Exception) -> Exception:
    """Give the error of ours for one of the network's."""
    match error:
        case httpcore.TimeoutException():
            return CallTimeoutError("The server did not answer in time; raise timeoutSeconds if it needs longer")
        case httpcore.ConnectError(args=(ssl.SSLCertVerificationError() as reason, *_)):
            return CertificateError(f"The server's certificate is not valid: {reason.verify_message}")
        case httpcore.NetworkError() | httpcore.ProtocolError() | httpcore.ProxyError():
            return CallConnectionError(f"The connection failed: {error or type(error).__name__}")
        case _:
            return error
