"""Default deny, at the edges: who is refused by which rule, and the last instant that is not."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from types import SimpleNamespace

import pytest

from metering.calls.decisions import PERMITTED, CallFacts, decide
from metering.subjects import subject_rule

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
FACTS = CallFacts(START, "S0001", "198.51.100.7", "CREDIT", frozenset({"iata"}))


LICENCE = {
    "listing_code": "S0001",
    "state": "active",
    "starts_at": START,
    "ends_at": END,
    "purposes": frozenset({"CREDIT"}),
    "is_about_persons": False,
    "fields": frozenset({"iata", "name"}),
    "route": SimpleNamespace(state="open", files=None),
}


def key(networks=("198.51.100.0/24",), **licence):
    held = tuple(ip_network(network) for network in networks)
    return SimpleNamespace(networks=held, licence=SimpleNamespace(**LICENCE | licence))


def rule(found):
    return None if found is PERMITTED else found.rule


def test_a_call_inside_all_its_terms_is_permitted():
    assert decide(key(), FACTS) is PERMITTED


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START - MOMENT, "METER-PERIOD"),
        (START, None),
        (END - MOMENT, None),
        (END, "METER-PERIOD"),
    ],
)
def test_a_period_has_its_first_instant_and_not_its_last(at, expected):
    assert rule(decide(key(), FACTS._replace(at=at))) == expected


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", "", "unix:", "198.51.100.7 "])
def test_a_key_with_networks_serves_no_other_address_and_none_that_cannot_be_read(address):
    assert rule(decide(key(), FACTS._replace(client_address=address))) == "METER-NETWORK"


def test_a_key_without_networks_serves_any_address():
    assert decide(key(networks=()), FACTS._replace(client_address="")) is PERMITTED


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ({"listing_code": "S0002"}, "METER-LISTING"),
        ({"state": "revoked"}, "METER-LICENCE"),
        ({"state": "a state that is yet to be invented"}, "METER-LICENCE"),
        ({"route": SimpleNamespace(state="suspended", files=None)}, "METER-ROUTE"),
        ({"route": SimpleNamespace(state="a new one", files=None)}, "METER-ROUTE"),
        ({"purposes": frozenset()}, "METER-PURPOSE"),
        ({"fields": frozenset()}, "METER-FIELDS"),
    ],
)
def test_whatever_a_licence_does_not_say_is_refused_by_name_law_and_input(licence, expected):
    refused = decide(key(**licence), FACTS)
    assert refused.rule == expected
    assert refused.law
    assert refused.inputs


@pytest.mark.parametrize("nobody", ["", " ", "\u3000\t", None])
def test_a_call_that_names_nobody_is_about_nobody(nobody):
    rule = subject_rule([{"name": "person", "data_subject": "IDENTITY"}], b"k" * 32)
    assert rule.pseudonym_in({"person": nobody}) is None
    assert rule.pseudonym_in({"person": 0}) is not None
