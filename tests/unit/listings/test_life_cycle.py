"""The life of a version: what can follow what."""

import pytest

from app.core.states import IllegalTransition
from listings.versions import life_cycle
from listings.versions.life_cycle import LIFE_CYCLE


def test_a_version_gets_on_sale_only_out_of_review():
    ways = [origin for (origin, _), state in LIFE_CYCLE.table.items() if state == "LISTED"]
    assert sorted(ways) == ["SUBMITTED", "SUSPENDED"]


@pytest.mark.parametrize("state", sorted(life_cycle.FINAL))
def test_nothing_follows_an_end(state):
    assert LIFE_CYCLE.events(state) == []


def test_only_an_upheld_appeal_follows_a_rejection_and_it_leads_back_into_review():
    assert LIFE_CYCLE.events("REJECTED") == ["reopen"]
    assert LIFE_CYCLE.next("REJECTED", "reopen") == "SUBMITTED"


def test_a_submitted_version_is_not_edited():
    with pytest.raises(IllegalTransition):
        LIFE_CYCLE.next("SUBMITTED", "edit")


def test_a_returned_version_becomes_a_draft_again():
    assert LIFE_CYCLE.next("RETURNED", "edit") == "DRAFT"


def test_a_suspended_listing_is_not_replaced():
    with pytest.raises(IllegalTransition):
        LIFE_CYCLE.next("SUSPENDED", "supersede")
