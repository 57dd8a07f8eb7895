"""Which addresses an organisation may name as its receiver, judged before anything is sent."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from app.core.public_networks import Network, may_connect
from app.notices.errors import UnfitReceiverUrl

LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class ReceiverPolicy:
    """What this installation permits; ``networks`` are the private ones that it names."""

    allows_http: bool
    networks: Sequence[Network] = ()


@dataclass(frozen=True, slots=True)
class ReceiverUrl:
    """A receiver's address in its parts; ``target`` is what the request line carries."""

    is_https: bool
    host: str
    port: int
    host_header: str
    target: str


def read_receiver_url(text: str, policy: ReceiverPolicy) -> ReceiverUrl:
    """The address in its parts; raises `UnfitReceiverUrl`.

    A name is not resolved here: it is when connecting, where a later answer cannot differ.
    """
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > LENGTH_MAX:
        raise UnfitReceiverUrl(rule="ascii")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise UnfitReceiverUrl(rule="readable") from None
    _check_parts(url, policy)
    host = str(url.hostname)
    _check_literal(host, policy)
    query = f"?{url.query}" if url.query else ""
    return ReceiverUrl(
        is_https=url.scheme == "https",
        host=host,
        port=port if port is not None else (443 if url.scheme == "https" else 80),
        host_header=url.netloc,
        target=(url.path or "/") + query,
    )


def _check_parts(url: SplitResult, policy: ReceiverPolicy) -> None:
    if url.scheme != "https" and not (policy.allows_http and url.scheme == "http"):
        raise UnfitReceiverUrl(rule="https")
    if not url.hostname or url.port == 0:
        raise UnfitReceiverUrl(rule="host")
    if url.username is not None or url.password is not None:
        raise UnfitReceiverUrl(rule="no-credentials")
    if url.fragment:
        raise UnfitReceiverUrl(rule="no-fragment")


def _check_literal(host: str, policy: ReceiverPolicy) -> None:
    """An address written as a number is judged at once; it will not change."""
    literal = None
    with suppress(ValueError):
        literal = str(ip_address(host.partition("%")[0]))
    if literal is not None and not may_connect(literal, policy.networks):
        raise UnfitReceiverUrl(rule="public-address")
