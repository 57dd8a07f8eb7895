"""Listings in force, scenarios and licences: no trade without a scenario, on a real database."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.core.canonical import digest_hex
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from compliance import queries, services
from compliance.errors import (
    CauseNotClosed,
    DossierHashMismatch,
    LicenceDocumentNotFound,
    LicenceNotFound,
    ListingNeverPublished,
    ListingNotInForce,
    NotYourDecision,
    SecondPersonNeeded,
)
from compliance.events import (
    LicenceEnded,
    LicenceIssued,
    LicenceRevoked,
    ListingResumed,
    ListingRevoked,
    ListingSuspended,
    ScenarioApproved,
    ScenarioRefused,
    ScenarioSubmitted,
    ScenarioWithdrawn,
)
from compliance.models.licences import Licence, ListingStanding, Scenario
from compliance.models.reviews import Party
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.errors import AlreadyRatified, RevocationAlreadyProposed
from compliance.review.events import ReviewEscalated
from compliance.review.scenario_errors import (
    ScenarioForOwnListing,
    ScenarioNotFound,
    ScenarioOutsideListing,
)
from compliance.review.suspension_events import DelistingNoticed, SuspensionWidened
from compliance.terms.errors import LicenceCannotBeIssued
from tests.factories.compliance import (
    BUYER,
    BUYER_ID,
    CLEAR,
    FIRST,
    LISTING_CODE,
    PANEL,
    PEOPLE,
    SECOND,
    SUPPLIER,
    SUPPLIER_ID,
    THIRD,
    approve,
    approve_scenario,
    dossier,
    exchange_unit,
    licensed,
    list_application,
    open_review,
    order,
    panel_of,
    publish,
    scenario_content,
    sit,
    staff,
    submit_scenario,
    verify_parties,
    vote,
)

RISK = PEOPLE["risk"]


@pytest.fixture
def uow(units):
    with exchange_unit(units) as work:
        yield work


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def standing(uow):
    return uow.session.get_one(ListingStanding, LISTING_CODE)


def suspend(uow, person=FIRST, reason="COMPLAINT", scope="ALL_CALLS"):
    return services.suspend_listing(
        uow, person, listing_code=LISTING_CODE, reason_code=reason, scope=scope
    )


def propose_resumption(uow, person):
    return services.resume_listing(uow, person, listing_code=LISTING_CODE)


def resume(uow, proposer=THIRD, person=SECOND):
    propose_resumption(uow, proposer)
    return propose_resumption(uow, person)


def revoke(uow, person=RISK, *, in_favour=True):
    revocation = services.propose_revocation(
        uow,
        person,
        listing_code=LISTING_CODE,
        reason_code="UNLAWFUL_SOURCE",
        reason="The source was not theirs.",
    )
    panel = panel_of(uow, revocation.id)
    sit(uow, panel)
    for member in PANEL:
        vote(uow, member, panel, in_favour=in_favour)
    return standing(uow)


# Listings.


def test_a_listing_without_its_approval_is_not_taken_on(uow):
    verify_parties(uow)
    case = open_review(uow)
    with pytest.raises(ListingNeverPublished):
        services.note_listing_published(
            uow,
            listing_code=LISTING_CODE,
            version_id=case.version_id,
            supplier_id=SUPPLIER_ID,
            dossier_hash=case.dossier_hash,
        )


def test_a_published_listing_is_watched_until_its_evidence_lapses(uow):
    publish(uow)
    assert standing(uow).state == "LISTED"
    assert standing(uow).evidence_lapses_at == datetime(2027, 6, 30, 16, tzinfo=UTC)


def test_one_person_suspends_and_two_others_resume(units, uow):
    publish(uow)
    suspend(uow)
    with pytest.raises(SecondPersonNeeded):
        propose_resumption(uow, FIRST)
    assert propose_resumption(uow, THIRD).state == "SUSPENDED"
    with pytest.raises(SecondPersonNeeded):
        propose_resumption(uow, THIRD)
    assert propose_resumption(uow, SECOND).state == "LISTED"
    uow.commit()
    assert of(units, ListingSuspended)[0].reason_code == "COMPLAINT"
    (resumed,) = of(units, ListingResumed)
    assert (resumed.proposed_by, resumed.resumed_by) == (THIRD.id, SECOND.id)


def test_a_second_person_ratifies_an_emergency_once(uow):
    publish(uow)
    suspend(uow)
    with pytest.raises(SecondPersonNeeded):
        services.ratify_suspension(uow, FIRST, listing_code=LISTING_CODE)
    services.ratify_suspension(uow, SECOND, listing_code=LISTING_CODE)
    with pytest.raises(AlreadyRatified):
        services.ratify_suspension(uow, THIRD, listing_code=LISTING_CODE)


def test_an_emergency_that_nobody_ratified_stays_in_force_and_escalates_once(units, uow):
    publish(uow)
    suspend(uow)
    uow.now += timedelta(hours=24)
    assert services.keep_deadlines(uow, 10) == 1
    assert services.keep_deadlines(uow, 10) == 0
    uow.commit()
    assert standing(uow).state == "SUSPENDED"
    (escalated,) = of(units, ReviewEscalated)
    assert escalated.stage == "RATIFICATION"


def test_a_suspension_of_new_orders_is_widened_to_calls_and_never_narrowed(units, uow):
    publish(uow)
    suspend(uow, scope="NEW_ORDERS")
    assert standing(uow).suspension_scope == "NEW_ORDERS"
    suspend(uow, SECOND)
    assert standing(uow).suspension_scope == "ALL_CALLS"
    with pytest.raises(IllegalTransition):
        suspend(uow, scope="NEW_ORDERS")
    uow.commit()
    assert len(of(units, ListingSuspended)) == len(of(units, SuspensionWidened)) == 1


def test_lapsed_evidence_stops_the_calls_of_a_listing_without_new_orders(uow):
    publish(uow)
    suspend(uow, scope="NEW_ORDERS")
    uow.now = uow.now.replace(year=2027, month=7)
    services.suspend_expired(uow, 10)
    assert standing(uow).suspension_scope == "ALL_CALLS"


def test_a_panel_revokes_a_listing_in_force(units, uow):
    publish(uow)
    assert revoke(uow, in_favour=False).state == "LISTED"
    suspend(uow)
    assert revoke(uow).state == "REVOKED"
    with pytest.raises(IllegalTransition):
        resume(uow)
    uow.commit()
    assert len(of(units, ListingRevoked)) == 1


def test_whoever_suspended_or_reviewed_it_does_not_sit_over_its_revocation(uow):
    publish(uow)
    suspend(uow, RISK)
    revocation = services.propose_revocation(
        uow, THIRD, listing_code=LISTING_CODE, reason_code="FALSE_STATEMENT", reason="False."
    )
    panel = panel_of(uow, revocation.id)
    for person in (RISK, THIRD, FIRST, SECOND):
        with pytest.raises(ReviewerConflicted):
            sit(uow, panel, [person])
    with pytest.raises(RevocationAlreadyProposed):
        services.propose_revocation(
            uow, RISK, listing_code=LISTING_CODE, reason_code="FALSE_STATEMENT", reason="Again."
        )


def test_revoking_a_listing_revokes_its_licences(units, uow):
    licence, _, _ = licensed(uow)
    revoke(uow)
    uow.commit()
    (revoked,) = of(units, LicenceRevoked)
    assert (revoked.licence_id, revoked.reason_code) == (licence.id, "LISTING_REVOKED")


def test_a_listing_under_notice_leaves_when_its_last_licence_has_ended(units, uow):
    licence, _, _ = licensed(uow)
    services.note_listing_delisted(uow, listing_code=LISTING_CODE)
    assert standing(uow).state == "DELISTING"
    uow.now += timedelta(days=31)
    assert services.keep_deadlines(uow, 10) == 0
    uow.now = licence.ends_at
    services.suspend_expired(uow, 10)
    services.keep_deadlines(uow, 10)
    uow.commit()
    assert standing(uow).state in {"DELISTED", "SUSPENDED"}
    assert [event.listing_code for event in of(units, DelistingNoticed)] == [LISTING_CODE]


def test_a_listing_that_was_never_published_is_not_found(uow):
    with pytest.raises(ListingNeverPublished):
        suspend(uow)


def test_a_delisted_listing_takes_no_scenario(uow):
    publish(uow)
    services.note_listing_delisted(uow, listing_code=LISTING_CODE)
    with pytest.raises(ListingNotInForce):
        submit_scenario(uow)


# Scenarios.


def test_a_scenario_within_the_listing_waits_for_a_reviewer(units, uow):
    publish(uow)
    scenario = submit_scenario(uow)
    uow.commit()
    assert scenario.state == "SUBMITTED"
    assert of(units, ScenarioSubmitted)[0].scenario_hash == scenario.scenario_hash


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("#/purpose", {"purpose": "CREDIT"}),
        ("#/fields", {"fields": [{"name": "owner", "reason": "Curious."}]}),
        ("#/regions", {"regions": ["JP"]}),
        ("#/ends_at", {"ends_at": "2026-01-01T00:00:00.000000Z"}),
    ],
)
def test_a_scenario_beyond_the_listing_is_refused_with_the_term(uow, pointer, changes):
    publish(uow)
    with pytest.raises(ScenarioOutsideListing) as refusal:
        submit_scenario(uow, **changes)
    assert [error["pointer"] for error in refusal.value.facts["errors"]] == [pointer]


def test_a_supplier_has_no_scenario_for_its_own_listing(uow):
    publish(uow)
    with pytest.raises(ScenarioForOwnListing):
        services.submit_scenario(
            uow, SUPPLIER, listing_code=LISTING_CODE, content=scenario_content()
        )


def test_a_scenario_for_an_unknown_listing_is_refused(uow):
    with pytest.raises(ListingNeverPublished):
        submit_scenario(uow)


def test_an_approved_scenario_carries_its_terms(units, uow):
    publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.commit()
    (approved,) = of(units, ScenarioApproved)
    assert approved.terms["purposes"] == ["LOGISTICS"]
    assert approved.terms["fields"] == ["name"]
    assert approved.terms["retention"] == "FIXED:30+CONTRACT_TERM"
    assert approved.terms["transfer"] == "NO_TRANSFER"
    assert approved.valid_until == datetime(2027, 5, 1, tzinfo=UTC)
    assert approved.scenario_hash == scenario.scenario_hash


def test_a_reviewer_may_narrow(uow):
    publish(uow)
    narrowed = {"calls_max": 10, "regions": ["310115"], "retention": "NO_CACHE"}
    terms = approve_scenario(uow, submit_scenario(uow), narrowed).terms
    assert (terms["calls_max"], terms["regions"], terms["retention"]) == (
        10,
        ["310115"],
        "NO_CACHE",
    )


@pytest.mark.parametrize(
    "narrowed",
    [
        {"calls_max": 10_001},
        {"purposes": ["OPERATIONS"]},
        {"fields": ["name", "city"]},
        {"regions": ["CN"]},
        {"ends_at": "2028-01-01T00:00:00.000000Z"},
        {"retention": "UNLIMITED"},
    ],
)
def test_a_reviewer_cannot_widen(uow, narrowed):
    publish(uow)
    with pytest.raises(ScenarioOutsideListing):
        approve_scenario(uow, submit_scenario(uow), narrowed)


@pytest.mark.parametrize("organisation_id", [BUYER_ID, SUPPLIER_ID])
def test_a_reviewer_of_either_party_decides_nothing(uow, organisation_id):
    publish(uow)
    scenario = submit_scenario(uow)
    with pytest.raises(NotYourDecision):
        approve_scenario(uow, scenario, reviewer=staff("insider", organisation_id=organisation_id))


def test_a_refused_scenario_stays_refused(units, uow):
    publish(uow)
    scenario = submit_scenario(uow)
    services.decide_scenario(
        uow, FIRST, scenario_id=scenario.id, answers=CLEAR, decision="refuse", reason="Too vague."
    )
    with pytest.raises(IllegalTransition):
        approve_scenario(uow, scenario)
    uow.session.expire_all()
    uow.commit()
    assert len(of(units, ScenarioRefused)) == 1


def test_only_the_buyer_withdraws(uow):
    publish(uow)
    scenario = submit_scenario(uow)
    with pytest.raises(NotYourDecision):
        services.withdraw_scenario(uow, SUPPLIER, scenario_id=scenario.id)
    with pytest.raises(ScenarioNotFound):
        services.withdraw_scenario(uow, BUYER, scenario_id="scn_1")


def test_withdrawing_a_scenario_revokes_its_licences_within_the_buyers_own_reach(units, uow):
    licence, scenario, _ = licensed(uow)
    uow.commit()
    with units.begin(Reach.organisation(BUYER_ID)) as own:
        services.withdraw_scenario(own, BUYER, scenario_id=scenario.id)
        own.commit()
    assert len(of(units, ScenarioWithdrawn)) == 1
    (revoked,) = of(units, LicenceRevoked)
    assert (revoked.licence_id, revoked.reason_code) == (licence.id, "SCENARIO_WITHDRAWN")


def test_the_database_refuses_a_scenario_approved_by_its_submitter(uow):
    publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.session.flush()
    with pytest.raises(IntegrityError, match="approval_is_whole"), uow.session.begin_nested():
        uow.session.execute(
            update(Scenario).where(Scenario.id == scenario.id).values(decided_by=BUYER.id)
        )


# Licences.


def test_a_licence_is_the_meet_of_everything_it_rests_on(units, uow):
    licence, scenario, case = licensed(uow)
    uow.commit()
    assert licence.terms["purposes"] == ["LOGISTICS"]
    assert licence.terms["fields"] == ["name"]
    assert licence.terms["regions"] == ["31"]
    assert licence.terms["calls_max"] == 10_000
    assert licence.terms["calls_per_second"] == 20
    assert licence.terms["prohibitions"] == ["No resale."]
    assert licence.starts_at == uow.now
    assert licence.ends_at == scenario.valid_until
    (issued,) = of(units, LicenceIssued)
    assert issued.terms_hash == digest_hex(licence.terms)
    assert (issued.licence_id, issued.version_id) == (licence.id, case.version_id)


def test_an_order_cannot_widen_what_was_approved(uow):
    case = publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    fields = order(uow, case, scenario)
    fields["product_terms"] |= {"purposes": ["MARKETING", "OPERATIONS"], "fields": ["name", "tax"]}
    assert services.issue_licence(uow, **fields).terms["purposes"] == ["LOGISTICS"]


def broken(uow, *, party, listing, approval, scenario):
    """Everything for a licence, save what is named as missing."""
    case = publish(uow)
    made = submit_scenario(uow)
    if scenario:
        approve_scenario(uow, made)
    if not listing:
        suspend(uow)
    if not party:
        uow.session.execute(
            update(Party)
            .where(Party.organisation_id == BUYER_ID)
            .values(verified_until=uow.now - timedelta(days=1))
        )
        uow.session.expire_all()
    uow.session.flush()
    return order(uow, case, made, **({} if approval else {"dossier_hash": "0" * 64}))


@pytest.mark.parametrize(
    ("party", "listing", "approval", "scenario"), list(product([True, False], repeat=4))
)
def test_a_licence_needs_parties_listing_approval_and_scenario_all_at_once(
    units, party, listing, approval, scenario
):
    with exchange_unit(units) as uow:
        fields = broken(uow, party=party, listing=listing, approval=approval, scenario=scenario)
        if party and listing and approval and scenario:
            assert services.issue_licence(uow, **fields).state == "ACTIVE"
            return
        with pytest.raises(LicenceCannotBeIssued):
            services.issue_licence(uow, **fields)
        assert uow.session.scalars(select(Licence)).all() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"buyer_id": "org_other"},
        {"supplier_id": BUYER_ID},
        {"listing_code": "1000000001-zzzzzzzzzz"},
        {"scenario_id": "scn_other"},
        {"version_id": "ver_other"},
        {"ends_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"product_terms": {"retention": "FOREVER"}},
        {"product_terms": {"fields": ["city"]}},
    ],
)
def test_an_order_that_names_anything_else_gets_no_licence(uow, changes):
    case = publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.session.flush()
    with pytest.raises(LicenceCannotBeIssued):
        services.issue_licence(uow, **order(uow, case, scenario, **changes))


def test_a_scenario_that_ran_out_permits_no_licence(uow):
    case = publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.session.flush()
    uow.now = datetime(2027, 5, 1, tzinfo=UTC)
    with pytest.raises(LicenceCannotBeIssued) as refusal:
        services.issue_licence(uow, **order(uow, case, scenario))
    assert refusal.value.facts["obstacle"] == "scenario-not-active"


@pytest.mark.parametrize("person", [RISK, SUPPLIER])
def test_risk_officer_and_supplier_revoke_a_licence(units, uow, person):
    licence, _, _ = licensed(uow)
    services.revoke_licence(uow, person, licence_id=licence.id, reason_code="BREACH")
    with pytest.raises(IllegalTransition):
        services.revoke_licence(uow, person, licence_id=licence.id, reason_code="BREACH")
    uow.session.expire_all()
    uow.commit()
    assert of(units, LicenceRevoked)[0].revoked_by == person.id


@pytest.mark.parametrize(
    "person",
    [BUYER, Principal("psn_x", "org_x", frozenset({Role.SUPPLIER})), staff("op", Role.OPERATOR)],
)
def test_nobody_else_revokes_a_licence(uow, person):
    licence, _, _ = licensed(uow)
    with pytest.raises(NotYourDecision):
        services.revoke_licence(uow, person, licence_id=licence.id, reason_code="BREACH")


def test_both_parties_see_a_licence_in_two_halves_and_nobody_else_sees_it(units, uow):
    licence, scenario, _ = licensed(uow)
    uow.commit()
    for organisation_id in (BUYER_ID, SUPPLIER_ID):
        with units.begin(Reach.organisation(organisation_id)) as own:
            seen = queries.get_licence(own, licence.id, organisation_id=organisation_id)
            assert seen.enforced["fields"] == ["name"]
            assert seen.promised["retention"] == "FIXED:30+CONTRACT_TERM"
            page = queries.list_licences(own, organisation_id=organisation_id, state="ACTIVE")
            assert [each.id for each in page.items] == [licence.id]
    with units.begin(Reach.organisation("org_other")) as other:
        with pytest.raises(LicenceNotFound):
            queries.get_licence(other, licence.id, organisation_id="org_other")
        for table in ("licences", "scenarios"):
            counted = text(f"SELECT count(*) FROM {table}")  # noqa: S608 -- names from this file
            assert other.session.execute(counted).scalar_one() == 0
    with units.begin(Reach.organisation(SUPPLIER_ID)) as supplier, pytest.raises(ScenarioNotFound):
        queries.get_scenario(supplier, scenario.id, buyer_id=SUPPLIER_ID)


def test_lists_are_filtered(uow):
    licence, scenario, _ = licensed(uow)
    for state, listing_code, count in [
        ("ACTIVE", LISTING_CODE, 1),
        ("ACTIVE", "other", 0),
        (None, None, 1),
    ]:
        scenarios = queries.list_scenarios(
            uow, buyer_id=BUYER_ID, state=state, listing_code=listing_code
        )
        licences = queries.list_licences(
            uow, organisation_id=None, state=state, listing_code=listing_code
        )
        assert len(scenarios.items) == len(licences.items) == count
    for organisation_id, side, count in [
        (BUYER_ID, "buyer", 1),
        (BUYER_ID, "supplier", 0),
        (licence.supplier_id, "supplier", 1),
        (licence.supplier_id, "buyer", 0),
        (None, "buyer", 1),
    ]:
        found = queries.list_licences(uow, organisation_id=organisation_id, side=side)
        assert len(found.items) == count
    for buyer_id, supplier_id, count in [
        (BUYER_ID, licence.supplier_id, 1),
        (licence.supplier_id, None, 0),
        (None, BUYER_ID, 0),
    ]:
        found = queries.list_licences(
            uow, organisation_id=None, buyer_id=buyer_id, supplier_id=supplier_id
        )
        assert len(found.items) == count
    assert queries.get_scenario(uow, scenario.id, buyer_id=None).id == scenario.id
    assert queries.get_licence(uow, licence.id, organisation_id=None).id == licence.id


class NothingSent:
    """No supplier has sent the documents that its evidence names."""

    def sent(self, _uow, _organisation_id, _hashes):
        return set()

    def read(self, _uow, _organisation_id, _document_hash):
        return None


def test_a_licence_shows_the_documents_behind_it_while_it_runs(uow):
    licence, _, _ = licensed(uow)
    shown = services.shown_documents(uow, NothingSent(), licence)
    assert {(each["visibility"], each["is_sent"]) for each in shown} == {("PARTIES", False)}
    with pytest.raises(LicenceDocumentNotFound):
        services.open_shown_document(
            uow, NothingSent(), BUYER, licence, document_hash=shown[0]["sha256"]
        )
    uow.now = licence.ends_at
    assert services.shown_documents(uow, NothingSent(), licence) == []


# What ends by itself.


def test_nothing_ends_before_its_time(uow):
    licensed(uow)
    assert services.suspend_expired(uow, 10) == 0


def test_lapsed_evidence_suspends_at_the_next_tick(units, uow):
    publish(uow)
    uow.now = datetime(2027, 7, 1, tzinfo=UTC)
    assert services.suspend_expired(uow, 10) == 1
    assert services.suspend_expired(uow, 10) == 0
    with pytest.raises(CauseNotClosed) as refusal:
        resume(uow)
    assert refusal.value.facts["causes"] == ["EVIDENCE_EXPIRED"]
    uow.session.expire_all()
    uow.commit()
    (suspended,) = of(units, ListingSuspended)
    assert (suspended.suspended_by, suspended.reason_code) == ("machine", "EVIDENCE_EXPIRED")


def test_a_lapsed_verification_suspends_until_it_is_renewed(uow):
    publish(uow)
    verify_parties(uow, valid_until=uow.now)
    uow.session.flush()
    assert services.suspend_expired(uow, 10) == 1
    with pytest.raises(CauseNotClosed):
        resume(uow)
    uow.session.expire_all()
    verify_parties(uow)
    assert resume(uow).state == "LISTED"


def test_a_supplier_that_is_refused_later_is_suspended_like_one_whose_time_is_over(uow):
    publish(uow)
    services.note_party_refused(uow, organisation_id="org_" + "0" * 26)
    assert services.suspend_expired(uow, 10) == 0, "who never was verified loses nothing"
    services.note_party_refused(uow, organisation_id=standing(uow).supplier_id)
    uow.session.flush()
    assert services.suspend_expired(uow, 10) == 1
    with pytest.raises(CauseNotClosed) as refusal:
        resume(uow)
    assert refusal.value.facts["causes"] == ["VERIFICATION_LAPSED"]


def test_a_licence_ends_with_its_term(units, uow):
    licence, _, _ = licensed(uow)
    uow.now = licence.ends_at
    services.suspend_expired(uow, 10)
    uow.commit()
    assert licence.state == "ENDED"
    assert of(units, LicenceEnded)[0].licence_id == licence.id
    assert of(units, LicenceRevoked) == []


def test_a_batch_is_bounded_and_the_next_tick_goes_on(uow):
    publish(uow)
    publish(
        uow,
        listing_code="1000000001-abcdefghjk",
        version_id="ver_2",
        name=dossier()["name"] + " 2",
    )
    uow.now = datetime(2027, 7, 1, tzinfo=UTC)
    assert [services.suspend_expired(uow, 1) for _ in range(3)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("model", "state", "reason"),
    [
        (ListingStanding, "REVOKED", "LISTING_REVOKED"),
        (Scenario, "WITHDRAWN", "SCENARIO_WITHDRAWN"),
    ],
)
def test_the_tick_ends_licences_that_a_large_revocation_left(uow, model, state, reason):
    licence, _, _ = licensed(uow)
    uow.session.execute(update(model).values(state=state))
    uow.session.expire_all()
    assert services.suspend_expired(uow, 10) == 1
    assert (licence.state, licence.reason_code) == ("REVOKED", reason)


def change_a_byte(uow, case):
    """What no route can do: somebody with the database's own hands."""
    changed = {**case.dossier, "name": case.dossier["name"].replace("A", "B", 1)}
    case.dossier = changed
    uow.session.flush()


def test_a_byte_of_an_approved_dossier_changed_stops_listing_use_and_sale_at_once(uow):
    case = publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    waiting = submit_scenario(uow)
    uow.session.flush()
    change_a_byte(uow, case)
    with pytest.raises(DossierHashMismatch):
        services.issue_licence(uow, **order(uow, case, scenario))
    with pytest.raises(DossierHashMismatch):
        approve_scenario(uow, waiting)


def test_a_byte_changed_before_the_listing_stops_it(uow):
    verify_parties(uow)
    case = open_review(uow)
    approve(uow, case)
    change_a_byte(uow, case)
    with pytest.raises(DossierHashMismatch):
        list_application(uow, case)
