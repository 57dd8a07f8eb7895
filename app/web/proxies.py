"""Who calls: the socket's address, or what a proxy says that the operator named, and no other."""

from collections.abc import Sequence
from functools import lru_cache
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
        """Set ``REMOTE_ADDR`` of an environment to the client's address alone.

        The event loop's server appends the port, which is another one at every connection: what is
        counted or allowed by address would be counted or allowed by connection.
        """
        peer = environment.get("REMOTE_ADDR", "")
        if self._networks:
            claimed = environment.get("HTTP_X_FORWARDED_FOR", "")
            environment["REMOTE_ADDR"] = self.client(peer, claimed)
        else:
            environment["REMOTE_ADDR"] = _plain(_without_port(peer))

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


def _without_port(text: str) -> str:
    if text.count(":") == 1:
        return text.partition(":")[0]
    return text.removeprefix("[").partition("]")[0]


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    """An address as it is written everywhere; kept, because a call's time goes by microseconds."""
    found = _read(text)
    return text if found is None else str(found)


def _read(text: str) -> Address | None:
    """An address with or without its port; IPv4 inside IPv6 is IPv4."""
    try:
        found = ip_address(_without_port(text))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
