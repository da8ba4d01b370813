"""Who may call: programs on this machine and pages that it served, not any web page that the user has open.

A page on the internet can make a browser call 127.0.0.1, under a name of its own too (DNS rebinding); such requests
carry its `Origin` or its `Host`.
"""

from typing import Final
from urllib.parse import urlsplit

from millrace.local.gateway.asgi import Scope, header

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_trusted(scope: Scope) -> bool:
    """Tell whether a request names this machine as its host, and as its origin if it has one."""
    host = header(scope, b"host")
    origin = header(scope, b"origin")
    if host is not None and not _is_loopback("//" + host):
        return False
    return origin is None or _is_loopback(origin)


def _is_loopback(address: str) -> bool:
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return name in _LOOPBACK or name.endswith(".localhost")
