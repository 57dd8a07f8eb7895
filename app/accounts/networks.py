"""The networks that an API key may be used from, in CIDR notation (RFC 4632, RFC 4291)."""

from collections.abc import Iterable
from ipaddress import ip_network

from app.accounts.errors import InvalidNetwork

NETWORKS_MAX = 20


def parse_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """The networks in normal form without repetition; none means anywhere.

    Raises `InvalidNetwork`, also where bits are set beyond the prefix: such a text names an
    address, and guessing which network was meant would open more than was asked for.
    """
    return tuple(dict.fromkeys(_parse(text) for text in texts))


def _parse(text: str) -> str:
    try:
        return str(ip_network(text.strip()))
    except ValueError:
        raise InvalidNetwork from None
