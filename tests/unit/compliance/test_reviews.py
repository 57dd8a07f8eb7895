"""Review cases on a real database: two persons, reasons, one dossier."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from app.core.canonical import digest_hex
from app.core.principals import Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from compliance import queries, services
from compliance.errors import DossierHashMismatch
from compliance.events import (
    ReviewDecided,
    ReviewOpened,
    ReviewReturned,
    RulesEvaluated,
    VersionApproved,
    VersionRejected,
)
from compliance.models.reviews import HeldRuleSet, ReviewCase, RuleEvaluation
from compliance.ports import ProbeResult
from compliance.review.case_errors import (
    CaseTaken,
    ItemNotOpen,
    ItemsUnanswered,
    NotTheAssignedReviewer,
    ReviewAlreadyOpen,
    ReviewCaseNotFound,
    ReviewerConflicted,
    SecondReviewerMustDiffer,
)
from compliance.review.events import PanelVoted
from compliance.rules.errors import EvaluationNotFound, RulesBlock, RuleSetUnknown
from tests.factories.compliance import (
    FIRST,
    LISTING_CODE,
    PANEL,
    SECOND,
    SUPPLIER_ID,
    THIRD,
    VERSION_ID,
    approve,
    decide,
    dossier,
    exchange_unit,
    items_for,
    open_admitted,
    open_review,
    panel_of,
    sensitive_members,
    sit,
    staff,
    take,
    unguarded,
    verify_parties,
    vote,
)


@pytest.fixture
def uow(units):
    with exchange_unit(units) as work:
        verify_parties(work)
        yield work


@pytest.fixture
def case(uow):
    return open_admitted(uow)


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def test_a_sound_version_waits_for_the_intake(units, uow):
    case = open_review(uow)
    uow.commit()
    assert case.stage == "INTAKE"
    assert of(units, ReviewOpened)[0].case_id == case.id
    (evaluated,) = of(units, RulesEvaluated)
    assert evaluated.outcomes["T1"] == "NEEDS_HUMAN"
    assert evaluated.outcomes["S1"] == "PASS"
    assert evaluated.rule_set_hash == case.rule_set_hash


def test_a_version_that_breaks_a_blocking_rule_goes_straight_back(units, uow):
    case = open_review(uow, sample=[{"name": "13800138000"}])
    uow.commit()
    assert case.stage == "RETURNED"
    (returned,) = of(units, ReviewReturned)
    assert {each["rule_id"] for each in returned.findings} == {"I1", "D3"}
    assert "13800138000" not in repr(returned.findings)
    assert of(units, ReviewOpened) == []


def test_an_unverified_supplier_is_sent_back(units):
    with exchange_unit(units) as uow:
        case = open_review(uow)
        assert [each["rule_id"] for each in case.findings] == ["S1", "DSL33-1"]


def test_a_dossier_with_another_hash_is_refused(uow):
    with pytest.raises(DossierHashMismatch):
        services.open_review(
            uow,
            version_id=VERSION_ID,
            product_id="prd_1",
            supplier_id=SUPPLIER_ID,
            listing_code=LISTING_CODE,
            dossier=dossier(),
            dossier_hash=digest_hex({}),
        )


def test_the_same_submission_twice_is_one_case(uow, case):
    assert open_review(uow).id == case.id


def test_another_dossier_of_a_version_under_review_is_refused(uow, case):
    with pytest.raises(ReviewAlreadyOpen):
        open_review(uow, summary="Something else.")


def test_a_version_that_came_back_opens_a_second_round(uow):
    open_review(uow, sample=[])
    assert open_review(uow).round == 2


def test_two_reviewers_approve_exactly_this_dossier(units, uow, case):
    approve(uow, case)
    uow.commit()
    (approved,) = of(units, VersionApproved)
    assert approved.approver_ids == (FIRST.id, SECOND.id)
    assert approved.dossier_hash == case.dossier_hash == digest_hex(dossier())
    assert approved.rule_set_hash == case.rule_set_hash
    assert [event.stage for event in of(units, ReviewDecided)] == ["INTAKE", "REVIEW", "SECOND"]


def test_a_reason_goes_to_the_log_only_as_a_salted_hash(units, uow, case):
    approve(uow, case)
    uow.commit()
    hashes = {event.reason_hash for event in of(units, ReviewDecided)}
    assert len(hashes) == 3  # the same words twice, yet not to be recognised
    assert digest_hex("Looked at.") not in hashes


def test_the_first_reviewer_cannot_be_the_second(uow, case):
    take(uow, FIRST, case)
    decide(uow, FIRST, case, items=items_for(uow, case))
    with pytest.raises(SecondReviewerMustDiffer):
        take(uow, FIRST, case)
    with pytest.raises(NotTheAssignedReviewer):
        decide(uow, FIRST, case)


def test_nobody_decides_without_having_declared(uow, case):
    with pytest.raises(NotTheAssignedReviewer):
        decide(uow, FIRST, case, items=items_for(uow, case))


def test_a_case_in_other_hands_cannot_be_taken(uow, case):
    take(uow, FIRST, case)
    with pytest.raises(CaseTaken):
        take(uow, SECOND, case)


@pytest.mark.parametrize("answer", ["yes", "unknown"])
def test_a_conflict_is_kept_and_leaves_the_case_to_others(uow, case, answer):
    declaration = take(uow, FIRST, case, interest=answer)
    assert (declaration.is_conflicted, declaration.conflicts) == (True, ["interest"])
    assert case.first_reviewer_id is None
    with pytest.raises(ReviewerConflicted):
        take(uow, FIRST, case)
    assert not take(uow, SECOND, case).is_conflicted


def test_a_reviewer_of_the_suppliers_own_organisation_is_barred(uow, case):
    insider = staff("insider", organisation_id=SUPPLIER_ID)
    assert take(uow, insider, case).conflicts == ["same_organisation"]


def test_approving_needs_an_answer_with_a_reason_to_every_open_item(uow, case):
    take(uow, FIRST, case)
    with pytest.raises(ItemsUnanswered) as refusal:
        decide(uow, FIRST, case, items=items_for(uow, case)[:1])
    left = [item["rule_id"] for item in items_for(uow, case)]
    assert refusal.value.facts["rule_ids"] == left[1:]
    assert {"P10", "T1", "T2", "D2"} < set(left)


def test_an_answer_to_a_rule_that_is_not_open_is_refused(uow, case):
    take(uow, FIRST, case)
    with pytest.raises(ItemNotOpen):
        decide(uow, FIRST, case, items=[{"rule_id": "S1", "outcome": "PASS", "reason": "Fine."}])


def test_a_blocking_item_that_a_reviewer_fails_stands_against_approval(uow, case):
    take(uow, FIRST, case)
    with pytest.raises(RulesBlock) as refusal:
        decide(uow, FIRST, case, items=items_for(uow, case, T1="FAIL"))
    assert refusal.value.facts["rule_ids"] == ["T1"]


def test_the_second_reviewer_may_dissent_on_an_item(uow, case):
    take(uow, FIRST, case)
    decide(uow, FIRST, case, items=items_for(uow, case))
    take(uow, SECOND, case)
    with pytest.raises(RulesBlock):
        decide(uow, SECOND, case, items=items_for(uow, case, T1="FAIL"))


def test_evidence_that_lapses_during_the_review_stops_the_second_approval(uow, case, clock):
    take(uow, FIRST, case)
    decide(uow, FIRST, case, items=items_for(uow, case))
    take(uow, SECOND, case)
    uow.now = uow.now.replace(year=2027, month=7)
    with pytest.raises(RulesBlock) as refusal:
        decide(uow, SECOND, case, items=items_for(uow, case))
    assert "P2" in refusal.value.facts["rule_ids"]


def test_a_return_carries_the_reviewers_findings_to_the_supplier(units, uow, case):
    take(uow, FIRST, case)
    items = [{"rule_id": "D2", "outcome": "FAIL", "reason": "It promises too much."}]
    decide(uow, FIRST, case, "return", items)
    uow.commit()
    (returned,) = of(units, ReviewReturned)
    assert [(f["rule_id"], f["reason"]) for f in returned.findings] == [
        ("D2", "It promises too much."),
        ("", "Looked at."),
    ]
    assert FIRST.id not in repr(case.findings)


def test_a_rejection_is_the_panels_to_confirm_and_then_final(units, uow, case):
    take(uow, FIRST, case)
    decide(uow, FIRST, case, "reject")
    assert case.stage == "PANEL"
    panel = panel_of(uow, case.id)
    sit(uow, panel)
    for member in PANEL:
        vote(uow, member, panel, in_favour=False)
    assert case.stage == "REJECTED"
    with pytest.raises(IllegalTransition):
        take(uow, SECOND, case)
    uow.commit()
    assert len(of(units, VersionRejected)) == 1
    assert [each.vote for each in of(units, PanelVoted)] == ["against"] * 3


def test_a_member_votes_for_nothing_that_they_find_broken_themselves(uow, case):
    take(uow, FIRST, case)
    decide(uow, FIRST, case, "reject")
    panel = panel_of(uow, case.id)
    sit(uow, panel)
    items = items_for(uow, case, T1="FAIL")
    with pytest.raises(RulesBlock) as refusal, uow.session.begin_nested():
        vote(uow, PANEL[0], panel, items=items)
    assert refusal.value.facts["rule_ids"] == ["T1"]
    uow.session.expire_all()
    vote(uow, PANEL[0], panel, in_favour=False, items=items)
    assert case.stage == "PANEL"


def test_a_dossier_changed_behind_the_reviewers_backs_is_not_approved(uow, case):
    take(uow, FIRST, case)
    uow.session.flush()
    uow.session.execute(
        update(ReviewCase).values(dossier={**dossier(), "summary": "Something else."})
    )
    uow.session.expire_all()
    with pytest.raises(DossierHashMismatch):
        decide(uow, FIRST, case, items=[])


def test_an_unknown_case_is_not_found(uow):
    with pytest.raises(ReviewCaseNotFound):
        services.take_case(uow, FIRST, case_id="cas_1", answers={})
    with pytest.raises(ReviewCaseNotFound):
        queries.get_case_view(uow, "cas_1")


# The database refuses what the services would never do.


def refused(uow, case, **values):
    uow.session.flush()
    with pytest.raises(IntegrityError) as refusal, uow.session.begin_nested():
        uow.session.execute(update(ReviewCase).where(ReviewCase.id == case.id).values(**values))
    return str(refusal.value)


def test_the_database_refuses_an_approval_by_one_person(uow, case):
    take(uow, FIRST, case)
    hashes = {"first_approved_hash": case.dossier_hash, "second_approved_hash": case.dossier_hash}
    assert "two_approvals" in refused(uow, case, stage="APPROVED", **hashes)
    assert "two_persons" in refused(uow, case, second_reviewer_id=FIRST.id)


def test_the_database_refuses_an_approval_of_another_dossier(uow, case):
    approve(uow, case)
    assert "two_approvals" in refused(uow, case, first_approved_hash=None)
    assert "two_approvals" in refused(uow, case, dossier_hash="0" * 64)


def test_the_database_refuses_a_reviewer_who_did_not_declare(uow, case):
    assert "first_declared" in refused(uow, case, first_reviewer_id=THIRD.id)


def test_the_database_refuses_a_reviewer_with_a_conflict(uow, case):
    take(uow, THIRD, case, employed="yes")
    assert "first_declared" in refused(uow, case, first_reviewer_id=THIRD.id)
    uow.session.flush()
    with pytest.raises(IntegrityError), uow.session.begin_nested():
        uow.session.execute(text("UPDATE review_cases SET has_conflict = true"))


# Replay.


def evaluation_id(uow, case):
    return queries.latest_evaluation(uow, case).id


def test_an_evaluation_replays_to_the_same_result(uow, case):
    approve(uow, case)
    for kept in uow.session.scalars(select(RuleEvaluation)):
        assert services.replay_evaluation(uow, evaluation_id=kept.id)


def alter(uow, model, **values):
    unguarded(uow, model)
    uow.session.execute(update(model).values(**values))
    uow.session.expire_all()


@pytest.mark.parametrize(
    "values",
    [{"input_hash": "0" * 64}, {"outcomes": []}, {"circumstances": {"at": "2026-11-20"}}],
)
def test_a_changed_evaluation_does_not_replay(uow, case, values):
    alter(uow, RuleEvaluation, **values)
    assert not services.replay_evaluation(uow, evaluation_id=evaluation_id(uow, case))


def test_a_changed_rule_set_is_noticed(uow, case):
    alter(uow, HeldRuleSet, document={"version": 1, "rules": []})
    with pytest.raises(RuleSetUnknown):
        services.replay_evaluation(uow, evaluation_id=evaluation_id(uow, case))


def test_an_unknown_evaluation_is_not_found(uow):
    with pytest.raises(EvaluationNotFound):
        services.replay_evaluation(uow, evaluation_id="evl_1")


# The probe.


@pytest.mark.parametrize(("fitting", "outcome"), [(3, "PASS"), (2, "FAIL")])
def test_a_probe_decides_the_rule_about_the_upstream(uow, case, fitting, outcome):
    result = ProbeResult(calls_count=3, answered_count=3, fitting_count=fitting)
    services.note_probe(uow, case_id=case.id, result=result)
    by_id = {f["rule_id"]: f for f in queries.get_case_view(uow, case.id).machine_findings}
    assert by_id["D4"]["outcome"] == outcome
    take(uow, FIRST, case)
    if outcome == "FAIL":
        with pytest.raises(RulesBlock):
            decide(uow, FIRST, case, items=items_for(uow, case))
    else:
        assert "D4" not in [item["rule_id"] for item in items_for(uow, case)]


def test_a_probe_that_comes_late_changes_nothing(uow, case):
    approve(uow, case)
    services.note_probe(uow, case_id=case.id, result=ProbeResult(1, 0, 0))
    assert case.probe is None
    with pytest.raises(IllegalTransition):
        case.refuse_when_decided()


# The queue.


def test_the_queue_shows_what_waits_oldest_first(uow):
    older = open_review(uow, version_id="ver_1")
    newer = open_review(uow, version_id="ver_2", **sensitive_members(grade="IMPORTANT"))
    open_review(uow, version_id="ver_3", sample=[])
    assert [each.id for each in queries.list_cases(uow).items] == [older.id, newer.id]
    assert [each.id for each in queries.list_cases(uow, risk_level="HIGH").items] == [newer.id]
    assert len(queries.list_cases(uow, stage="RETURNED").items) == 1
    assert queries.list_cases(uow, severity="BLOCK").items == []
    assert queries.list_cases(uow, older_than_hours=1).items == []
    assert len(queries.list_cases(uow, older_than_hours=0, limit=1).items) == 1


def test_a_case_on_one_screen_shows_which_document_proves_what(uow, case):
    view = queries.get_case_view(uow, case.id)
    proves = {each["kind"]: each["proves"] for each in view.documents}
    assert proves["INVESTMENT_RECORD"] == ["DSL33-2", "P2", "P3", "T2"]
    left = {item["rule_id"] for item in view.left_to_judge}
    assert left == {"S3", "P3", "P10", "T1", "T2", "D2", "D4", "Q1"}
    assert {each["code"] for each in view.conflict_questions} >= {"employed", "interest"}
    take(uow, FIRST, case)
    decide(uow, FIRST, case, items=items_for(uow, case))
    answered = queries.get_case_view(uow, case.id).left_to_judge
    assert all(item["answers"][0]["reason"] for item in answered)


# Row-level security: the query's own filter removed, the database still answers for one party.


def reads(units, table, organisation_id):
    with units.begin(Reach.organisation(organisation_id)) as uow:
        counted = text(f"SELECT count(*) FROM {table}")  # noqa: S608 -- names from this file
        return uow.session.execute(counted).scalar_one()


def test_a_supplier_reads_its_own_cases_and_nobody_elses(units, uow, case):
    take(uow, FIRST, case)
    uow.commit()
    for table, count in (("review_cases", 1), ("rule_evaluations", 2), ("compliance_parties", 1)):
        assert reads(units, table, SUPPLIER_ID) == count
        assert reads(units, table, "org_other") == 0
    assert reads(units, "conflict_declarations", SUPPLIER_ID) == 0
    assert reads(units, "rule_sets", "org_other") == 1


def test_a_supplier_cannot_write_its_own_case(units, uow, case):
    uow.commit()
    with units.begin(Reach.organisation(SUPPLIER_ID)) as own:
        changed = own.session.execute(update(ReviewCase).values(stage="APPROVED"))
        assert changed.rowcount == 0


def test_role_of_a_reviewer_is_not_checked_twice(uow, case):
    # The route demands the permission; the service only demands the declaration.
    assert not take(uow, staff("risk", Role.RISK_OFFICER), case).is_conflicted
