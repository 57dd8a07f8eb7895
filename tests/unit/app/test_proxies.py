"""Who calls is the socket's address, unless a proxy that the operator named says otherwise."""

import pytest

from app.web.proxies import TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/24", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "claimed", "client"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1:4242", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, <script>", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("fd00::1", "198.51.100.1:99", "198.51.100.1"),
        ("10.0.0.1", ", ".join(["198.51.100.1", *["10.0.0.2"] * 40]), "10.0.0.2"),
        ("not an address", "198.51.100.1", "not an address"),
    ],
)
def test_the_header_is_read_from_the_socket_outwards(peer, claimed, client):
    assert PROXIES.client(peer, claimed) == client


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:50000", "127.0.0.1"),
        ("[2001:db8::1]:50000", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[::ffff:192.0.2.7]:50000", "192.0.2.7"),
        ("not an address", "not an address"),
        ("", ""),
    ],
)
def test_without_named_proxies_the_client_is_the_sockets_address_without_its_port(peer, client):
    environment = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    TrustedProxies([]).apply(environment)
    assert environment == {"REMOTE_ADDR": client, "HTTP_X_FORWARDED_FOR": "198.51.100.1"}


def test_a_named_proxys_client_is_put_in_its_place():
    environment = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    PROXIES.apply(environment)
    assert environment["REMOTE_ADDR"] == "198.51.100.1"
