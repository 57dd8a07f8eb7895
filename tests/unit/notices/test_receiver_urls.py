"""What a receiver's address may be is judged before anything is sent."""

import pytest

from app.core.public_networks import read_networks
from app.notices.errors import UnfitReceiverUrl
from app.notices.receiver_urls import LENGTH_MAX, ReceiverPolicy, ReceiverUrl, read_receiver_url

PRODUCTION = ReceiverPolicy(allows_http=False)
DEVELOPMENT = ReceiverPolicy(allows_http=True, networks=read_networks(["127.0.0.0/8"]))


def test_an_address_in_its_parts():
    assert read_receiver_url("https://hooks.example.com:8443/a/b?c=d", PRODUCTION) == ReceiverUrl(
        is_https=True,
        host="hooks.example.com",
        port=8443,
        host_header="hooks.example.com:8443",
        target="/a/b?c=d",
    )


def test_what_is_left_out_is_the_standard():
    read = read_receiver_url("https://example.com", PRODUCTION)
    assert (read.port, read.target) == (443, "/")
    assert read_receiver_url("http://example.com/x", DEVELOPMENT).port == 80


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "https"),
        ("example.com", "https"),
        ("", "https"),
        ("https:///x", "host"),
        ("https://example.com:0/", "host"),
        ("https://user@example.com/", "no-credentials"),
        ("https://:secret@example.com/", "no-credentials"),
        ("https://example.com/#part", "no-fragment"),
        ("https://数据.example/", "ascii"),
        ("https://example.com/a b", "ascii"),
        ("https://example.com/\r\nx: y", "ascii"),
        ("https://example.com/" + "x" * LENGTH_MAX, "ascii"),
        ("https://example.com:99999/", "readable"),
        ("https://[::1/", "readable"),
        ("https://127.0.0.1/", "public-address"),
        ("https://[::1]/", "public-address"),
        ("https://[::ffff:10.0.0.1]/", "public-address"),
        ("https://169.254.169.254/latest", "public-address"),
        ("https://[fe80::1%25eth0]/", "public-address"),
    ],
)
def test_an_unfit_address_is_refused_by_its_rule(url, rule):
    with pytest.raises(UnfitReceiverUrl) as refusal:
        read_receiver_url(url, PRODUCTION)
    assert refusal.value.facts == {"rule": rule}


def test_what_the_operator_opened_is_open():
    assert read_receiver_url("http://127.0.0.1:9000/", DEVELOPMENT).host == "127.0.0.1"


@pytest.mark.parametrize("policy", [PRODUCTION, DEVELOPMENT])
def test_a_number_in_disguise_is_no_public_address(policy):
    """`0x7f.1` and `2130706433` are names to us; what they resolve to is judged on connecting."""
    assert read_receiver_url("https://2130706433/", policy).host == "2130706433"
