"""Which network addresses an upstream may have: public ones, and those the operator names."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
_NAT64 = ip_network("64:ff9b::/96")


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
