"""Who calls: the socket's address, or what a proxy says that the operator named, and no other."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from app.core.public_networks import read_networks

HOPS_MAX = 16
Address = IPv4Address | IPv6Address


class TrustedProxies:
    """Puts the client's address in the place of a named proxy's, for both planes alike."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = read_networks(networks)

    def apply(self, environment: dict[str, Any]) -> None:
        """Set ``REMOTE_ADDR`` of a WSGI environment; without a named proxy nothing changes."""
        if self._networks:
            claimed = environment.get("HTTP_X_FORWARDED_FOR", "")
            environment["REMOTE_ADDR"] = self.client(environment.get("REMOTE_ADDR", ""), claimed)

    def client(self, peer: str, forwarded_for: str) -> str:
        """The nearest address that is not a proxy of ours, read from the socket outwards.

        What stands beyond that address in ``X-Forwarded-For`` was written by strangers.
        """
        nearest = _read(peer)
        if nearest is None:
            return peer
        for hop in reversed(forwarded_for.rsplit(",", HOPS_MAX)[-HOPS_MAX:]):
            if not self._is_trusted(nearest):
                break
            found = _read(hop.strip())
            if found is None:
                break
            nearest = found
        return str(nearest)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def _read(text: str) -> Address | None:
    """An address with or without its port; IPv4 inside IPv6 is IPv4."""
    if text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.removeprefix("[").partition("]")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
