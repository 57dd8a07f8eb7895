"""A next version: classed by what differs, and only what moved is answered again."""

import pytest

from app.core.principals import Role
from compliance import queries, services
from compliance.models.reviews import ItemAnswer
from compliance.review.case_errors import ItemsUnanswered
from compliance.review.events import ChangeClassified
from compliance.services.evaluations.carried_answers import carried_in
from tests.factories.compliance import (
    FIRST,
    PANEL,
    SECOND,
    THIRD,
    VERSION_ID,
    admit,
    approve,
    decide,
    document,
    exchange_unit,
    items_for,
    list_application,
    open_review,
    panel_of,
    publish,
    sensitive_members,
    sit,
    staff,
    take,
    unguarded,
    verify_parties,
    vote,
)

SECOND_VERSION, THIRD_VERSION = "ver_2", "ver_3"
RISK = staff("risk", Role.RISK_OFFICER)
REWORDED = {"description": "Name and town of an airport by its code."}


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


def next_version(uow, version_id=SECOND_VERSION, **changes):
    return open_review(uow, version_id=version_id, **changes)


def left(uow, case):
    """Rule ids that wait for a person, and those that hold on from where."""
    view = queries.get_case_view(uow, case.id)
    carried = {
        item["rule_id"]: item["carried_from"]["version_id"]
        for item in view.left_to_judge
        if item["carried_from"]
    }
    return {item["rule_id"] for item in view.left_to_judge} - carried.keys(), carried


def only(uow, case, rule_ids):
    return [item for item in items_for(uow, case) if item["rule_id"] in rule_ids]


def test_a_first_version_has_no_class_and_nothing_to_carry(uow):
    verify_parties(uow)
    case = open_review(uow)
    assert (case.base_case_id, case.change_class, case.changes) == (None, None, [])
    assert left(uow, case)[1] == {}


def test_a_typo_goes_past_the_intake_and_asks_only_what_was_judged_on_the_whole(uow, units):
    base = publish(uow)
    case = next_version(uow, **REWORDED)
    assert (case.change_class, case.stage, case.base_case_id) == ("EDITORIAL", "REVIEW", base.id)
    assert case.changes == [{"pointer": "/description", "change_class": "EDITORIAL"}]
    opened, carried = left(uow, case)
    # T1 reads the whole description of the product, D2 the whole dossier.
    assert {"D2", "T1"} <= opened
    assert set(carried.values()) == {VERSION_ID}
    assert "P3" in carried
    uow.commit()
    (told,) = [each for each in units.events if isinstance(each, ChangeClassified)]
    assert told.carried_rule_ids == tuple(sorted(carried))
    assert (told.base_version_id, told.change_class) == (VERSION_ID, "EDITORIAL")


def test_two_people_still_approve_it_by_what_moved(uow):
    publish(uow)
    case = next_version(uow, **REWORDED)
    opened, carried = left(uow, case)
    take(uow, FIRST, case)
    with pytest.raises(ItemsUnanswered) as refusal:
        decide(uow, FIRST, case, items=[])
    assert set(refusal.value.facts["rule_ids"]) == opened
    decide(uow, FIRST, case, items=only(uow, case, opened))
    take(uow, SECOND, case)
    decide(uow, SECOND, case, items=only(uow, case, opened))
    assert case.stage == "APPROVED"
    assert {each.rule_id for each in carried_in(uow, case)} == carried.keys()


def test_an_answer_is_carried_on_from_where_people_gave_it(uow):
    publish(uow)
    second = next_version(uow, **REWORDED)
    approve(uow, second)
    unguarded(uow, ItemAnswer)
    uow.session.query(ItemAnswer).filter_by(case_id=second.id, rule_id="P3").delete()
    third = next_version(uow, THIRD_VERSION, description="Name of an airport by its code.")
    assert third.base_case_id == second.id
    assert left(uow, third)[1]["P3"] == VERSION_ID


def test_another_document_opens_the_items_that_read_documents(uow):
    publish(uow)
    evidence = [
        document("SYSTEM_DESCRIPTION", title="renewed"),
        document("GENERATION_PROCESS"),
        document("INVESTMENT_RECORD", valid_to="2027-06-30"),
    ]
    case = next_version(uow, evidence=evidence)
    assert (case.change_class, case.stage) == ("MATERIAL", "INTAKE")
    opened, carried = left(uow, case)
    assert "P3" in opened
    assert "P3" not in carried
    assert "S3" in carried


def test_what_happens_during_the_review_opens_an_item_again(uow):
    publish(uow)
    case = next_version(uow, **REWORDED)
    assert "S3" in left(uow, case)[1]
    services.suspend_listing(uow, RISK, listing_code=case.listing_code, reason_code="COMPLAINT")
    uow.session.flush()
    take(uow, FIRST, case)
    with pytest.raises(ItemsUnanswered) as refusal:
        decide(uow, FIRST, case, items=[])
    assert "S3" in refusal.value.facts["rule_ids"]


def test_what_somebody_found_broken_is_looked_at_again(uow):
    verify_parties(uow)
    base = open_review(uow)
    admit(uow, base)
    take(uow, FIRST, base)
    failed = [{"rule_id": "P3", "outcome": "FAIL", "reason": "The record is thin."}]
    decide(uow, FIRST, base, "reject", failed)
    panel = panel_of(uow, base.id)
    sit(uow, panel)
    for member in PANEL:
        vote(uow, member, panel, items=items_for(uow, base))
    assert base.stage == "APPROVED"
    case = next_version(uow, **REWORDED)
    opened, carried = left(uow, case)
    assert "P3" in opened
    assert "S3" in carried


def test_another_holder_of_the_rights_carries_nothing(uow):
    chain = [
        {
            "grantor": "A", "grantee": "B", "object": "All", "rights": ["OPERATE"],
            "purposes": ["OPERATIONS", "RESEARCH"], "regions": ["CN"], "from": "2026-01-01",
            "may_sublicense": True, "may_derive": True, "revocable": False,
            "evidence": "agreement", "is_original": True,
        }
    ]  # fmt: skip
    publish(uow, authorisation_chain=chain)
    case = next_version(uow, authorisation_chain=[chain[0] | {"grantor": "C"}])
    assert case.change_class == "IDENTITY"
    assert left(uow, case)[1] == {}


def test_a_price_needs_no_panel_again_but_a_field_does(uow):
    verify_parties(uow)
    points = {"medium_risk_points": 2, "high_risk_points": 3}
    services.set_policy(uow, RISK, values=points, reference="For this test.")
    base = open_review(uow, **sensitive_members())
    assert base.needs_panel
    admit(uow, base)
    for reviewer in (FIRST, SECOND):
        take(uow, reviewer, base)
        decide(uow, reviewer, base, items=items_for(uow, base))
    panel = panel_of(uow, base.id)
    sit(uow, panel)
    for member in PANEL:
        vote(uow, member, panel)
    list_application(uow, base)
    cheaper = next_version(uow, **sensitive_members(plans=[]))
    assert (cheaper.change_class, cheaper.risk_level) == ("COMMERCIAL", "HIGH")
    assert not cheaper.needs_panel
    wider = next_version(uow, THIRD_VERSION, **sensitive_members(regions=["CN", "HK"]))
    assert (wider.change_class, wider.needs_panel) == ("MATERIAL", True)


def test_a_revoked_listing_is_no_ground_to_build_on(uow):
    base = publish(uow)
    revocation = services.propose_revocation(
        uow, RISK, listing_code=base.listing_code, reason_code="FALSE_STATEMENT", reason="False."
    )
    panel = panel_of(uow, revocation.id)
    sit(uow, panel)
    for member in PANEL:
        vote(uow, member, panel)
    case = next_version(uow, **REWORDED)
    assert (case.base_case_id, case.stage) == (None, "INTAKE")


def test_a_reviewer_may_find_broken_what_was_carried(uow):
    publish(uow)
    case = next_version(uow, **REWORDED)
    assert "P3" in left(uow, case)[1]
    take(uow, THIRD, case)
    broken = [{"rule_id": "P3", "outcome": "FAIL", "reason": "The record is another's."}]
    decide(uow, THIRD, case, "return", broken)
    assert case.stage == "SUPPLEMENT"
