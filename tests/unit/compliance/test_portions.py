"""What time brings about: a row that refuses stops no other, and what is stopped stays stopped."""

from datetime import timedelta

import pytest

from compliance import services
from compliance.errors import ListingNotInForce
from compliance.events import ListingRevoked, ListingSuspended
from compliance.models.licences import ListingStanding
from compliance.models.suspensions import Suspension
from tests.factories.compliance import (
    FIRST,
    LISTING_CODE,
    PANEL,
    PEOPLE,
    SECOND,
    SUPPLIER_ID,
    THIRD,
    exchange_unit,
    panel_of,
    publish,
    sit,
    vote,
)

OTHER_CODE, OTHER_VERSION = "1000000001-0123456790", "ver_other"
"""Looked at after the first one: rows come by their code."""


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def state_of(uow, listing_code=LISTING_CODE):
    return uow.session.get_one(ListingStanding, listing_code).state


def suspend(uow, scope="ALL_CALLS"):
    services.suspend_listing(
        uow, FIRST, listing_code=LISTING_CODE, reason_code="COMPLAINT", scope=scope
    )


def delist(uow):
    services.note_listing_delisted(uow, listing_code=LISTING_CODE)


@pytest.mark.parametrize("scope", ["NEW_ORDERS", "ALL_CALLS"])
def test_a_new_version_of_a_delisted_listing_does_not_undo_its_suspension(uow, scope):
    publish(uow)
    suspend(uow, scope)
    delist(uow)
    with pytest.raises(ListingNotInForce):
        publish(uow, version_id="ver_2")
    assert state_of(uow) == "SUSPENDED"


def test_a_new_version_of_a_delisted_listing_is_listed_once_it_was_resumed(uow):
    publish(uow)
    suspend(uow)
    delist(uow)
    for person in (THIRD, SECOND):
        services.resume_listing(uow, person, listing_code=LISTING_CODE)
    assert state_of(uow) == "DELISTING"
    publish(uow, version_id="ver_2")
    assert state_of(uow) == "LISTED"


def test_a_new_version_is_listed_once_the_suspended_listing_has_left_the_exchange(uow):
    publish(uow)
    suspend(uow)
    delist(uow)
    uow.now += timedelta(days=31)
    services.keep_deadlines(uow, 10)
    assert state_of(uow) == "DELISTED"
    publish(uow, version_id="ver_2")
    assert state_of(uow) == "LISTED"


def open_suspension(uow):
    """A suspension in force of which the listing's standing knows nothing."""
    uow.session.add(
        Suspension(
            id="sus_left",
            listing_code=LISTING_CODE,
            supplier_id=SUPPLIER_ID,
            scope="ALL_CALLS",
            reason_code="COMPLAINT",
            suspended_by=FIRST.id,
            suspended_at=uow.now,
            ratify_until=uow.now,
        )
    )


def test_a_listing_that_cannot_be_suspended_keeps_no_other_from_it(units, uow):
    publish(uow)
    publish(uow, listing_code=OTHER_CODE, version_id=OTHER_VERSION)
    open_suspension(uow)
    uow.now = uow.now.replace(year=2027, month=7)
    assert services.suspend_expired(uow, 10) == 1
    assert (state_of(uow), state_of(uow, OTHER_CODE)) == ("LISTED", "SUSPENDED")
    uow.commit()
    assert [event.listing_code for event in of(units, ListingSuspended)] == [OTHER_CODE]


def called(uow, listing_code=LISTING_CODE):
    """A panel of five over the listing's revocation, on which three sit."""
    revocation = services.propose_revocation(
        uow,
        PEOPLE["risk"],
        listing_code=listing_code,
        reason_code="UNLAWFUL_SOURCE",
        reason="The source was not theirs.",
    )
    panel = panel_of(uow, revocation.id)
    panel.size = 5
    sit(uow, panel)
    return panel


@pytest.mark.parametrize(("in_favour", "state"), [(True, "REVOKED"), (False, "DELISTED")])
def test_a_listing_leaves_only_after_the_panel_over_its_revocation(units, uow, in_favour, state):
    publish(uow)
    panel = called(uow)
    panel.due_at = uow.now + timedelta(days=60)
    delist(uow)
    uow.now += timedelta(days=31)
    services.keep_deadlines(uow, 10)
    assert state_of(uow) == "DELISTING"
    for member in PANEL:
        vote(uow, member, panel, in_favour=in_favour)
    panel.due_at = uow.now
    services.keep_deadlines(uow, 10)
    assert state_of(uow) == state
    uow.commit()
    told = [event.is_under_notice for event in of(units, ListingRevoked)]
    assert told == [True] * in_favour


def test_a_panel_that_cannot_conclude_keeps_no_deadline_of_another(units, uow):
    publish(uow)
    publish(uow, listing_code=OTHER_CODE, version_id=OTHER_VERSION)
    stuck, other = called(uow), called(uow, OTHER_CODE)
    for panel in (stuck, other):
        for member in PANEL:
            vote(uow, member, panel)
        panel.due_at = uow.now
    # As one left it that took no notice of the panel.
    uow.session.get_one(ListingStanding, LISTING_CODE).state = "DELISTED"
    services.keep_deadlines(uow, 10)
    assert (stuck.state, other.state) == ("OPEN", "CARRIED")
    assert (state_of(uow), state_of(uow, OTHER_CODE)) == ("DELISTED", "REVOKED")
    assert stuck.escalated_at == uow.now
    uow.commit()
    assert [event.listing_code for event in of(units, ListingRevoked)] == [OTHER_CODE]


def test_a_panel_that_was_escalated_concludes_once_it_has_its_quorum(uow):
    publish(uow)
    panel = called(uow)
    for member in PANEL[:2]:
        vote(uow, member, panel)
    uow.now = panel.due_at
    services.keep_deadlines(uow, 10)
    assert (panel.state, panel.escalated_at) == ("OPEN", uow.now)
    vote(uow, PANEL[2], panel)
    services.keep_deadlines(uow, 10)
    assert (panel.state, state_of(uow)) == ("CARRIED", "REVOKED")


def test_a_panel_without_its_quorum_keeps_no_other_from_concluding(uow):
    publish(uow)
    publish(uow, listing_code=OTHER_CODE, version_id=OTHER_VERSION)
    stuck, other = called(uow), called(uow, OTHER_CODE)
    assert stuck.id < other.id
    for panel, voters in ((stuck, PANEL[:2]), (other, PANEL)):
        for member in voters:
            vote(uow, member, panel)
    uow.now = max(stuck.due_at, other.due_at)
    services.keep_deadlines(uow, 1)
    assert (stuck.state, other.state) == ("OPEN", "CARRIED")
