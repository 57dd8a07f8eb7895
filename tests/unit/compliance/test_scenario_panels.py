"""A use of no known purpose goes from a reviewer to a panel, and nobody else approves it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core.states import IllegalTransition
from compliance import services
from compliance.errors import ListingNotInForce, NotYourDecision
from compliance.events import ScenarioApproved, ScenarioRefused
from compliance.models.licences import ScenarioDeclaration
from compliance.models.reviews import ConflictDeclaration, ReviewCase
from compliance.review.case_errors import ReviewerConflicted, SecondReviewerMustDiffer
from compliance.review.errors import NoSeatOnPanel, PanelNotFound
from compliance.review.events import PanelConcluded, PanelOpened, PanelVoted
from tests.factories.compliance import (
    BUYER,
    BUYER_ID,
    CLEAR,
    FIRST,
    LISTING_CODE,
    PANEL,
    PEOPLE,
    SECOND,
    approve_scenario,
    exchange_unit,
    panel_of,
    publish,
    sit,
    staff,
    submit_scenario,
    vote,
)

OTHER = {"purpose": "OTHER", "purpose_text": "A use that the tree does not know."}
ANYTHING = {"allowed_purposes": ["OPERATIONS", "RESEARCH", "OTHER"]}


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def called(uow, narrowed=None, **product):
    """A use before its panel, all three seats taken."""
    publish(uow, **ANYTHING, **product)
    scenario = approve_scenario(uow, submit_scenario(uow, **OTHER), narrowed)
    panel = panel_of(uow, scenario.id)
    sit(uow, panel)
    return scenario, panel


def suspend(uow):
    services.suspend_listing(
        uow, PEOPLE["risk"], listing_code=LISTING_CODE, reason_code="COMPLAINT"
    )


def test_a_panel_that_carries_approves_what_the_reviewer_left(uow, units):
    scenario, panel = called(uow, {"calls_max": 10})
    assert (scenario.state, scenario.terms, scenario.depth) == ("PANEL", None, "PANEL")
    for member, in_favour in zip(PANEL, (True, True, False), strict=True):
        vote(uow, member, panel, in_favour=in_favour)
    assert (scenario.state, scenario.decided_by) == ("ACTIVE", panel.id)
    assert scenario.terms["calls_max"] == 10
    assert "Weighed." in scenario.reason
    uow.commit()
    (approved,) = of(units, ScenarioApproved)
    assert (approved.first_approved_by, approved.approved_by) == (FIRST.id, panel.id)
    (opened,) = (each for each in of(units, PanelOpened) if each.kind == "SCENARIO")
    assert (opened.subject_id, opened.case_id) == (scenario.id, None)
    assert {each.scenario_id for each in of(units, PanelVoted)} == {scenario.id}


def test_a_panel_that_fails_refuses(uow, units):
    scenario, panel = called(uow)
    for member in PANEL:
        vote(uow, member, panel, in_favour=False)
    assert (scenario.state, scenario.terms) == ("REFUSED", None)
    uow.commit()
    assert [each.refused_by for each in of(units, ScenarioRefused)] == [panel.id]


def test_no_single_reviewer_decides_what_is_before_a_panel(uow):
    scenario, _ = called(uow)
    for reviewer in (FIRST, SECOND):
        with pytest.raises(IllegalTransition):
            approve_scenario(uow, scenario, reviewer=reviewer)


def test_who_looked_first_and_who_is_of_a_party_has_no_seat(uow):
    publish(uow, **ANYTHING)
    scenario = approve_scenario(uow, submit_scenario(uow, **OTHER))
    panel = panel_of(uow, scenario.id)
    with pytest.raises(ReviewerConflicted):
        sit(uow, panel, [FIRST])
    with pytest.raises(NotYourDecision):
        sit(uow, panel, [staff("insider", organisation_id=BUYER_ID)])
    declared = services.seat_member(
        uow,
        PANEL[0],
        panel_id=panel.id,
        answers={**CLEAR, "interest": "unknown"},
        kinds=services.PANEL_KINDS,
    )
    assert (declared.is_conflicted, panel.seats) == (True, [])
    with pytest.raises(ReviewerConflicted):
        sit(uow, panel, [PANEL[0]])
    with pytest.raises(NoSeatOnPanel):
        vote(uow, PANEL[0], panel)


def test_a_seat_over_a_use_rests_on_a_declaration_for_that_use_alone(uow):
    scenario, panel = called(uow)
    assert {each.scenario_id for each in panel.seats} == {scenario.id}
    members = [each.id for each in PANEL]
    of_the_version = select(ConflictDeclaration).where(ConflictDeclaration.reviewer_id.in_(members))
    assert uow.session.scalars(of_the_version).all() == []
    of_the_use = select(ScenarioDeclaration).where(ScenarioDeclaration.reviewer_id.in_(members))
    assert len(uow.session.scalars(of_the_use).all()) == len(members)


def test_a_withdrawn_use_dissolves_its_panel(uow, units):
    scenario, panel = called(uow)
    vote(uow, PANEL[0], panel)
    services.withdraw_scenario(uow, BUYER, scenario_id=scenario.id)
    assert (scenario.state, panel.state) == ("WITHDRAWN", "DISSOLVED")
    with pytest.raises(IllegalTransition):
        vote(uow, PANEL[1], panel)
    uow.commit()
    assert [each.state for each in of(units, PanelConcluded)] == ["DISSOLVED"]


def test_nobody_votes_for_a_use_of_a_suspended_listing(uow):
    _, panel = called(uow)
    services.suspend_listing(
        uow, PEOPLE["risk"], listing_code=LISTING_CODE, reason_code="COMPLAINT"
    )
    with pytest.raises(ListingNotInForce):
        vote(uow, PANEL[0], panel)


def test_a_majority_does_not_carry_over_a_listing_that_was_suspended_meanwhile(uow):
    scenario, panel = called(uow)
    for member in PANEL[:2]:
        vote(uow, member, panel)
    services.suspend_listing(
        uow, PEOPLE["risk"], listing_code=LISTING_CODE, reason_code="COMPLAINT"
    )
    vote(uow, PANEL[2], panel, in_favour=False)
    assert (panel.state, scenario.state) == ("CARRIED", "REFUSED")
    assert LISTING_CODE in scenario.reason


@pytest.mark.parametrize(("votes", "state"), [(3, "ACTIVE"), (2, "PANEL")])
def test_a_panel_whose_time_is_over_concludes_with_its_quorum(uow, votes, state):
    scenario, panel = called(uow)
    panel.size = 5
    for member in PANEL[:votes]:
        vote(uow, member, panel)
    assert scenario.state == "PANEL"
    panel.due_at = uow.now - timedelta(seconds=1)
    services.keep_deadlines(uow, 10)
    assert scenario.state == state
    # Two votes are no odd quorum: that panel is escalated and stays open.
    assert (panel.escalated_at is None) == (state == "ACTIVE")


def test_grave_data_need_two_thirds(uow, monkeypatch):
    case = publish(uow, **ANYTHING)
    # Only the grade matters here; really important data take a panel before they are listed.
    monkeypatch.setattr(ReviewCase, "demand_unchanged", lambda _case: None)
    case.dossier = {**case.dossier, "grade": "IMPORTANT"}
    scenario = approve_scenario(uow, submit_scenario(uow, **OTHER))
    assert panel_of(uow, scenario.id).needs_two_thirds


def test_the_database_refuses_an_approval_without_the_panel(uow):
    scenario, _ = called(uow)
    uow.session.flush()
    granted = (
        "UPDATE scenarios SET state = 'ACTIVE', decided_by = 'psn_second', terms = '{}',"
        " valid_from = now(), valid_until = now() + interval '1 day' WHERE id = :id"
    )
    with pytest.raises(IntegrityError, match="a_panel_decides"):
        uow.session.execute(text(granted), {"id": scenario.id})


def test_a_panel_of_another_kind_is_no_panel_over_a_use(uow):
    scenario, panel = called(uow)
    with pytest.raises(PanelNotFound):
        services.seat_member(
            uow, PANEL[0], panel_id=panel.id, answers=CLEAR, kinds=(services.APPEAL,)
        )
    assert scenario.state == "PANEL"


def test_the_same_person_twice_is_told_so_before_anything_else(uow):
    publish(uow, regions=["CN", "SG"])
    risky = {"regions": ["SG"], "is_automated_decision": True, "processors": ["A"]}
    scenario = approve_scenario(uow, submit_scenario(uow, **risky))
    with pytest.raises(SecondReviewerMustDiffer):
        approve_scenario(uow, scenario)
