"""Connects to suppliers' systems, by the address that was checked."""

import socket
from collections.abc import Sequence

from app.core.public_networks import Lookup, Network, resolve
from metering.delivery.upstream_requests import Question


def open_socket(question: Question, networks: Sequence[Network], lookup: Lookup) -> socket.socket:
    """A connection to where the question goes, if its address may be reached; raises OSError."""
    place = question.place
    address = resolve(place.host, place.port, networks, lookup)
    sock = socket.create_connection(address, timeout=question.seconds_left())
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if place.context is None:
        return sock
    # The handshake has what the connection left of the time, not the whole of it again.
    sock.settimeout(question.seconds_left())
    return place.context.wrap_socket(sock, server_hostname=place.host)
