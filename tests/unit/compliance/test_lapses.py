"""What lapses is known beforehand, announced in time and once, and ends by itself at the tick."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.exchange_calendar import SHANGHAI
from app.core.reach import Reach
from compliance import queries, services
from compliance.events import LapseNear
from compliance.lapses import expiry_policy
from compliance.lapses.expiry import evidence_lapses_at, lapses_of
from compliance.models.licences import ListingStanding
from compliance.rules import rule_set
from tests.factories.compliance import (
    BUYER_ID,
    LISTING_CODE,
    SUPPLIER_ID,
    document,
    dossier,
    licensed,
    publish,
    verify_parties,
)

RULES = rule_set.current()
LAST = datetime(2027, 7, 1, tzinfo=SHANGHAI)
"""After the last day of the one document of the example that ends."""


@pytest.fixture
def uow(units):
    with units.begin(Reach.EXCHANGE) as made:
        yield made


def at(lapses, kind):
    return [(each.name, each.lapses_at, each.effective_at) for each in lapses if each.kind == kind]


def day(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("member", "kind", "grace_days"),
    [
        ({"rights": [{"right": "USE", "basis": "licensed", "to": "2026-12-31"}]}, "RIGHT", 0),
        ({"authorisation_chain": [{"to": "2026-12-31"}]}, "CHAIN_LINK", 0),
        ({"cross_border": {"valid_to": "2026-12-31"}}, "CROSS_BORDER", 0),
        (
            {"registry_certificates": [{"registry": "R", "valid_to": "2026-12-31"}]},
            "CERTIFICATE",
            0,
        ),
        ({"pipia": {"next_due_on": "2026-12-31"}}, "IMPACT_ASSESSMENT", 30),
        ({"evidence": [document("QUALITY_REPORT", valid_to="2026-12-31")]}, "REPORT", 30),
        ({"evidence": [document("NOTICE_TEXT", valid_to="2026-12-31")]}, "EVIDENCE", 0),
    ],
)
def test_whatever_ends_ends_the_listing_after_its_grace(member, kind, grace_days):
    contents = dossier(evidence=[]) | member
    ((_, lapses_at, effective_at),) = at(lapses_of(contents, RULES), kind)
    assert lapses_at == day("2027-01-01")
    assert effective_at == lapses_at + timedelta(days=grace_days)
    assert evidence_lapses_at(contents, RULES) == effective_at


def test_a_valuation_that_ends_ends_nothing():
    contents = dossier(evidence=[], valuation={"valid_to": "2026-12-31"})
    assert at(lapses_of(contents, RULES), "VALUATION")
    assert evidence_lapses_at(contents, RULES) is None


def test_a_kind_lapses_with_the_last_of_its_documents():
    evidence = [document("NOTICE_TEXT", valid_to=f"2026-12-{last}") for last in (10, 31, 20)]
    contents = dossier(evidence=evidence)
    assert at(lapses_of(contents, RULES), "EVIDENCE")[0][1] == day("2027-01-01")
    assert evidence_lapses_at(dossier(evidence=[*evidence, document("NOTICE_TEXT")]), RULES) is None


def test_no_policy_grants_more_than_a_month():
    for kind in expiry_policy.kinds():
        found = expiry_policy.lapse(kind, "x", LAST)
        assert LAST <= found.effective_at <= LAST + timedelta(days=30)


@given(st.lists(st.integers(-3 * 86_400, 40 * 86_400), max_size=60))
def test_each_reminder_is_given_once_in_falling_order_whenever_the_tick_comes(ticks):
    given_days, reminded = [], None
    for seconds_left in sorted(ticks, reverse=True):
        now = LAST - timedelta(seconds=seconds_left)
        days = expiry_policy.due_reminder(LAST, now, reminded)
        if days is not None:
            given_days.append(days)
            reminded = days
            assert 0 < seconds_left <= days * 86_400
    assert given_days == sorted(set(given_days), reverse=True)
    assert set(given_days) <= set(expiry_policy.reminder_days())


def reminders(units, uow, now):
    if uow.session.in_transaction():
        uow.commit()
    with units.begin(Reach.EXCHANGE) as tick:
        tick.now = now
        services.remind_of_lapses(tick, 100)
        tick.commit()
    found = [each for each in units.events if isinstance(each, LapseNear)]
    units.events.clear()
    return [(each.kind, each.days) for each in found if each.subject_id == LISTING_CODE]


def test_the_supplier_is_reminded_three_times_and_no_more(units, uow):
    publish(uow)
    told = [
        reminders(units, uow, LAST - timedelta(days=days))
        for days in (40, 30, 29, 7, 6.5, 1, 0.5, 0.1)
    ]
    expected = ("EVIDENCE", 30), ("EVIDENCE", 7), ("EVIDENCE", 1)
    assert told == [[], [expected[0]], [], [expected[1]], [], [expected[2]], [], []]


def test_who_comes_late_is_told_the_nearest_alone(units, uow):
    publish(uow)
    assert reminders(units, uow, LAST - timedelta(hours=3)) == [("EVIDENCE", 1)]
    assert reminders(units, uow, LAST - timedelta(hours=2)) == []


def test_nobody_is_reminded_of_what_is_over_or_gone(units, uow):
    publish(uow)
    services.note_listing_delisted(uow, listing_code=LISTING_CODE)
    assert reminders(units, uow, LAST - timedelta(days=20)) == []
    assert reminders(units, uow, LAST) == []


def test_a_reminder_that_was_not_committed_is_given_again(units, uow):
    publish(uow)
    uow.commit()
    with units.begin(Reach.EXCHANGE) as lost:
        lost.now = LAST - timedelta(days=20)
        assert services.remind_of_lapses(lost, 100) > 0
    assert reminders(units, uow, LAST - timedelta(days=20)) == [("EVIDENCE", 30)]


def test_a_batch_is_bounded_and_the_next_tick_goes_on(units, uow):
    publish(uow)
    uow.now = LAST - timedelta(days=20)
    assert [services.remind_of_lapses(uow, 1) for _ in range(3)] == [1, 0, 0]


def listed(uow, **filters):
    filters.setdefault("organisation_id", None)
    return [each.kind for each in queries.list_lapses(uow, **filters).items]


def test_both_sides_see_their_own_and_staff_see_all(uow):
    licensed(uow)
    uow.session.flush()
    assert listed(uow, organisation_id=SUPPLIER_ID) == ["EVIDENCE", "VERIFICATION"]
    assert listed(uow, organisation_id=BUYER_ID) == ["SCENARIO", "LICENCE", "VERIFICATION"]
    assert len(listed(uow)) == 5


def test_lapses_are_filtered_and_the_nearest_comes_first(uow):
    licensed(uow)
    uow.session.flush()
    assert listed(uow, kind="EVIDENCE", listing_code=LISTING_CODE) == ["EVIDENCE"]
    assert listed(uow, consequence="END") == ["SCENARIO", "LICENCE"]
    assert listed(uow, until_at=LAST) == ["SCENARIO", "LICENCE"]
    uow.now = LAST
    assert set(listed(uow, is_over=True)) == {"SCENARIO", "LICENCE", "EVIDENCE"}
    page = queries.list_lapses(uow, organisation_id=None, limit=2)
    rest = queries.list_lapses(uow, organisation_id=None, cursor=page.next_cursor, limit=5)
    assert len(page.items + rest.items) == len({each.id for each in page.items + rest.items}) == 5


def test_a_renewed_verification_replaces_the_old_one(uow):
    verify_parties(uow)
    verify_parties(uow, valid_until=LAST)
    uow.session.flush()
    (row,) = queries.list_lapses(uow, organisation_id=BUYER_ID).items
    assert row.lapses_at == LAST


LINK = {
    "grantor": "Airport authority",
    "grantee": "Example Ltd",
    "object": "Names and places of airports",
    "rights": ["OPERATE"],
    "purposes": ["OPERATIONS", "RESEARCH"],
    "regions": ["CN"],
    "from": "2026-01-01",
    "to": "2026-12-31",
    "may_sublicense": True,
    "may_derive": True,
    "revocable": True,
    "evidence": "system_description",
    "is_original": True,
}
RIGHT = {"right": "OPERATE", "basis": "original", "from": "2026-01-01", "to": "2026-12-31"}


@pytest.mark.parametrize(
    "changes", [{"authorisation_chain": [LINK]}, {"rights": [RIGHT]}], ids=["chain", "right"]
)
def test_a_right_that_lapses_suspends_at_the_next_tick_and_not_before(uow, changes):
    publish(uow, **changes)
    uow.now = day("2027-01-01") - timedelta(microseconds=1)
    assert services.suspend_expired(uow, 10) == 0
    uow.now = day("2027-01-01")
    assert services.suspend_expired(uow, 10) == 1
    assert uow.session.get(ListingStanding, LISTING_CODE).state == "SUSPENDED"
