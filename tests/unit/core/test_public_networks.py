"""Public addresses only are connected to, unless the operator names a network."""

import pytest

from app.core.public_networks import (
    AddressNotAllowed,
    NameUnresolved,
    may_connect,
    read_networks,
    resolve,
)
from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.upstream_requests import NotAnHttpAddress
from metering.ports import Target

LOOPBACK = read_networks(["127.0.0.0/8"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 -- an address to refuse
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_an_inner_address_is_refused(address):
    assert not may_connect(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_reached(address):
    assert may_connect(address, ())


def test_a_named_network_is_reached():
    assert may_connect("127.0.0.1", LOOPBACK)
    assert may_connect("::ffff:127.0.0.1", LOOPBACK)


def test_the_address_is_checked_when_connecting():
    with pytest.raises(AddressNotAllowed):
        resolve("localhost", 80, ())


def answering(*addresses):
    return lambda _host, port: [(2, 1, 6, "", (address, port)) for address in addresses]


def test_a_public_name_is_connected_to_by_its_number():
    assert resolve("example.org", 443, (), answering("8.8.8.8")) == ("8.8.8.8", 443)


def test_one_inner_address_among_public_ones_refuses_the_name():
    with pytest.raises(AddressNotAllowed):
        resolve("example.org", 443, (), answering("8.8.8.8", "10.0.0.1"))


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "no-such-name.invalid"])
def test_a_name_that_cannot_be_asked_for_is_unresolved(host):
    with pytest.raises(NameUnresolved):
        resolve(host, 443, ())


def test_a_name_without_addresses_is_unresolved():
    with pytest.raises(NameUnresolved):
        resolve("example.org", 443, (), answering())


@pytest.mark.parametrize("url", ["ftp://example.org/", "http:///x", "http://a:b@example.org/", ""])
def test_only_plain_http_addresses_are_asked(url):
    target = Target(url, "GET", 1.0, 1024, None, None)
    with pytest.raises(NotAnHttpAddress):
        HttpUpstream().send(target, {})
