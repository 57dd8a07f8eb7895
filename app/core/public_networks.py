"""Which addresses this installation connects to: public ones, and those the operator names."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Sequence[Any]]
_NAT64 = ip_network("64:ff9b::/96")


class NameUnresolved(OSError):
    """The name has no address."""


class AddressNotAllowed(OSError):
    """The name resolves to an address that must not be reached from here."""


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks from their text; raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def may_connect(address: str, allowed: Sequence[Network]) -> bool:
    """Whether a resolved address is public, or in a network that the operator allowed.

    IPv4 addresses inside IPv6 ones (mapped, 6to4, NAT64) are judged by what they carry.
    """
    found = ip_address(address.partition("%")[0])
    if any(found in network for network in allowed):
        return True
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return may_connect(str(inner), allowed)
        if found in _NAT64:
            return may_connect(str(ip_address(found.packed[12:])), allowed)
    return found.is_global and not found.is_multicast


def look_up(host: str, port: int) -> Sequence[Any]:
    """The system's resolver, for streams; raises OSError."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def resolve(
    host: str, port: int, allowed: Sequence[Network], lookup: Lookup = look_up
) -> tuple[str, int]:
    """An address of the host that may be connected to; every address must be permitted.

    Checked here and connected to as a number, so that a second resolution cannot differ
    (DNS rebinding). Raises `NameUnresolved`, `AddressNotAllowed`.
    """
    try:
        found = lookup(host, port)
    # A label beyond 63 characters is a UnicodeError of the resolver's own codec.
    except (OSError, UnicodeError) as error:
        raise NameUnresolved from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses:
        raise NameUnresolved
    if not all(may_connect(address, allowed) for address in addresses):
        raise AddressNotAllowed
    return addresses[0], port
