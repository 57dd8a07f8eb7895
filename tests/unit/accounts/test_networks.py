"""Allowed networks."""

import pytest

from app.accounts.errors import InvalidNetwork
from app.accounts.networks import parse_networks


def test_networks_of_both_families_come_out_in_normal_form():
    given = ["203.0.113.0/24", " 2001:DB8:0::/32 ", "198.51.100.7"]
    assert parse_networks(given) == ("203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32")


def test_a_repeated_network_is_kept_once():
    assert parse_networks(["10.0.0.0/8", "10.0.0.0/8"]) == ("10.0.0.0/8",)


@pytest.mark.parametrize("text", ["", "anywhere", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8/8"])
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidNetwork):
        parse_networks([text])
