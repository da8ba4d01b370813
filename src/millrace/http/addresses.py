"""Which network addresses workflows may reach.

A workflow's author must not be able to read what only the function can reach: the cloud's metadata service,
neighbours in a private network, this machine. Sources: the IANA special-purpose address registries (RFC 6890), RFC 6052
(NAT64), RFC 3056 (6to4).
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from millrace.http.errors import CallConnectionError, RefusedError, RequestError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver: TypeAlias = Callable[[str, int], list[str]]
"""Gives the numeric addresses of a host."""

# What `ipaddress` counts as global, in some of its versions, although it leads to private or embedded addresses.
_REFUSED: Final[tuple[tuple[Network, str], ...]] = (
    (ipaddress.ip_network("100.64.0.0/10"), "carrier-grade NAT"),
    (ipaddress.ip_network("168.63.129.16/32"), "a metadata service"),
    (ipaddress.ip_network("192.0.0.0/24"), "kept for protocols"),
    (ipaddress.ip_network("192.88.99.0/24"), "a 6to4 relay"),
    (ipaddress.ip_network("::/96"), "an IPv4-compatible address"),
    (ipaddress.ip_network("::ffff:0:0/96"), "an IPv4-mapped address"),
    (ipaddress.ip_network("::ffff:0:0:0/96"), "an IPv4-translated address"),
    (ipaddress.ip_network("64:ff9b::/96"), "a NAT64 address"),
    (ipaddress.ip_network("64:ff9b:1::/48"), "a NAT64 address"),
    (ipaddress.ip_network("2001::/23"), "kept for protocols"),
    (ipaddress.ip_network("2001:db8::/32"), "for documentation"),
    (ipaddress.ip_network("2002::/16"), "a 6to4 address"),
    (ipaddress.ip_network("3fff::/20"), "for documentation"),
    (ipaddress.ip_network("fec0::/10"), "a site-local address"),
    (ipaddress.ip_network("fd00:ec2::/32"), "a metadata service"),
)

_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is assigned to the public network (RFC 4291, 2.4 and the IANA address space registry)."""


def refusal(address: Address) -> str | None:
    """Say what kind of address workflows may not reach this is; None for a public one."""
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_loopback:
        return "this machine itself (loopback)"
    if address.is_link_local:
        return "link-local, where clouds keep their metadata service"
    for network, what in _REFUSED:
        if address in network:
            return what
    if address.is_multicast:
        return "multicast"
    if address.is_reserved:
        return "reserved"
    if address.version == 6 and address not in _UNICAST:
        return "not part of the public network"
    return None if address.is_global else "private"


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The rule, with the exceptions that an operator has named.

    Attributes:
        hosts: Host names and addresses, lower case, any port.
        endpoints: The same with a port.
        networks: Address ranges.
    """

    hosts: frozenset[str] = frozenset()
    endpoints: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "AddressPolicy":
        """Read MILLRACE_ALLOW_PRIVATE_HOSTS: hosts, host:port pairs, addresses and CIDR ranges, comma-separated.

        Raises:
            RequestError: An entry is none of these.
        """
        hosts: set[str] = set()
        endpoints: set[tuple[str, int]] = set()
        networks: list[Network] = []
        for entry in filter(None, (item.strip().lower() for item in text.split(","))):
            network = _network(entry)
            host, separator, port = entry.rpartition(":")
            if network is not None:
                networks.append(network)
            elif "/" in entry:
                raise RequestError(
                    f"MILLRACE_ALLOW_PRIVATE_HOSTS: expected a range such as 10.1.0.0/16, found {entry!r}"
                )
            elif separator and port.isdecimal():
                endpoints.add((host.strip("[]"), int(port)))
            else:
                hosts.add(entry.strip("[]"))
        return cls(frozenset(hosts), frozenset(endpoints), tuple(networks))

    def check(self, host: str, port: int, addresses: list[str]) -> None:
        """Refuse the host unless every one of its addresses is allowed; a mixed answer is how DNS rebinding begins.

        Raises:
            RefusedError: One of the addresses may not be reached.
        """
        name = host.lower().rstrip(".")
        if name in self.hosts or (name, port) in self.endpoints:
            return
        for text in addresses:
            address = ipaddress.ip_address(text.partition("%")[0])
            what = refusal(address)
            if what is not None and not any(address in network for network in self.networks):
                leads = "" if text == host else f" leads to {text}, which"
                raise RefusedError(
                    f"The host {host!r}{leads} is {what}; workflows may reach public addresses only. "
                    f"An operator can allow it by adding {host!r} to MILLRACE_ALLOW_PRIVATE_HOSTS"
                )


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses, in its order of preference.

    Raises:
        CallConnectionError: The name has no address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise CallConnectionError(f"The host {host!r} was not found: {error}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
