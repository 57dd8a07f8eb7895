"""Terms of a licence: narrowing by example; the laws are in tests/properties."""

from datetime import UTC, datetime

import pytest

from compliance.terms import purposes, regions
from compliance.terms.effective_terms import (
    Terms,
    effective,
    from_document,
    is_within,
    meet,
    to_document,
)
from compliance.terms.enforcement import reasons, split_by_enforcement
from compliance.terms.errors import LicenceCannotBeIssued
from compliance.terms.retention import NotARetention, Retention, is_retention, strictest_transfer

WHOLE = {
    "purposes": ["RISK"],
    "fields": ["a", "b"],
    "regions": ["CN"],
    "starts_at": "2026-01-01T00:00:00.000000Z",
    "ends_at": "2027-01-01T00:00:00.000000Z",
    "calls_max": 100,
    "calls_per_second": 5,
    "retention": "CONTRACT_TERM",
    "transfer": "GROUP_ONLY",
}


def whole(**changes):
    return from_document({**WHOLE, **changes})


def test_a_grant_of_a_purpose_covers_its_descendants():
    assert effective([whole(), whole(purposes=["FRAUD", "KYC"])]).purposes == {"FRAUD"}


def test_insight_never_grants_targeting():
    assert not purposes.covers("INSIGHT", "TARGETING")
    assert purposes.covers("MARKETING", "TARGETING")
    assert purposes.closure(["MARKETING"]) == {"MARKETING", "INSIGHT", "TARGETING"}


def test_a_province_lies_in_its_country_and_a_district_in_its_province():
    assert effective([whole(), whole(regions=["310000", "JP"])]).regions == {"31"}
    assert regions.within(["310115"], ["31"])
    assert not regions.within(["31"], ["310115"])
    assert regions.within(["JP"], ["WORLD"])
    assert not regions.within(["JP"], ["CN"])


@pytest.mark.parametrize(
    ("code", "is_one"),
    [("WORLD", True), ("CN", True), ("31", True), ("310115", True), ("3", False), ("cn", False)],
)
def test_regions_have_a_form(code, is_one):
    assert regions.is_region(code) is is_one


def test_the_smaller_number_and_the_shorter_period_win():
    terms = effective(
        [
            whole(),
            whole(
                calls_max=7,
                calls_per_second=None,
                starts_at="2026-06-01T00:00:00.000000Z",
                ends_at="2028-01-01T00:00:00.000000Z",
            ),
        ]
    )
    assert (terms.calls_max, terms.calls_per_second) == (7, 5)
    assert terms.starts_at == datetime(2026, 6, 1, tzinfo=UTC)
    assert terms.ends_at == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "right", "both"),
    [
        ("UNLIMITED", "FIXED:30", "FIXED:30"),
        ("FIXED:30", "FIXED:7", "FIXED:7"),
        ("FIXED:30", "CONTRACT_TERM", "FIXED:30+CONTRACT_TERM"),
        ("CONTRACT_TERM", "UNLIMITED", "CONTRACT_TERM"),
        ("NO_CACHE", "CONTRACT_TERM", "NO_CACHE"),
    ],
)
def test_the_strictest_retention_wins(left, right, both):
    assert Retention.parse(left).meet(Retention.parse(right)).text == both
    assert Retention.parse(both).text == both
    assert is_retention(both)


def test_a_retention_of_another_form_is_refused():
    with pytest.raises(NotARetention):
        Retention.parse("FIXED:0")
    assert not is_retention("FOREVER")


def test_two_different_exits_close_each_other():
    assert strictest_transfer("GROUP_ONLY", "DERIVED_ONLY") == "NO_TRANSFER"
    assert strictest_transfer("GROUP_ONLY", "GROUP_ONLY") == "GROUP_ONLY"


def test_sublicensing_needs_every_link_and_duties_add_up():
    left = Terms(may_sublicense=False, duties=frozenset({"x"}), prohibitions=frozenset({"p"}))
    right = Terms(may_sublicense=True, duties=frozenset({"y"}))
    both = meet(left, right)
    assert (both.may_sublicense, both.duties, both.prohibitions) == (False, {"x", "y"}, {"p"})


@pytest.mark.parametrize(
    ("empty", "changes"),
    [
        ("purposes", {"purposes": ["KYC"]}),
        ("fields", {"fields": ["c"]}),
        ("regions", {"regions": ["JP"]}),
        ("period", {"starts_at": "2027-01-01T00:00:00.000000Z"}),
        ("calls", {"calls_max": 0}),
    ],
)
def test_nothing_left_means_no_licence(empty, changes):
    with pytest.raises(LicenceCannotBeIssued) as refusal:
        effective([whole(), whole(**changes)])
    assert refusal.value.facts["empty"] == [empty]


def test_terms_without_a_purpose_or_a_period_at_all_are_no_licence():
    with pytest.raises(LicenceCannotBeIssued):
        effective([Terms()])


def test_documents_read_back_as_written():
    assert from_document(to_document(whole())) == whole()


def test_narrower_is_within_wider():
    assert is_within(whole(fields=["a"]), whole())
    assert not is_within(whole(), whole(fields=["a"]))


def test_both_halves_together_are_the_whole_terms():
    halves = split_by_enforcement(to_document(whole()))
    assert {*halves["enforced"], *halves["promised"]} == set(to_document(whole()))
    assert not set(halves["enforced"]) & set(halves["promised"])


def test_every_term_is_enforced_or_promised_and_says_why():
    document = to_document(Terms())
    assert set(reasons()) == set(document)
    halves = split_by_enforcement(document)
    assert not halves["enforced"].keys() & halves["promised"].keys()
