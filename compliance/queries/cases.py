"""Reads: the reviewers' queue, and one case on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.paging import Page, holding, matching, paginate
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import (
    CarriedAnswer,
    ConflictDeclaration,
    ItemAnswer,
    ReviewCase,
    RuleEvaluation,
)
from compliance.ports import SentDocuments
from compliance.queries.case_history import HistoryEvent, history_of
from compliance.queries.specialities import get_own_specialities
from compliance.review.case_errors import ReviewCaseNotFound
from compliance.review.case_machine import OPEN_STAGES, REVIEWER_STAGES, Stage
from compliance.review.changes import changes_between
from compliance.review.conflicts import questions
from compliance.rules.evaluation import RuleOutcome
from compliance.rules.rule_set import RuleSet
from compliance.services.cases.decisions import answers_of
from compliance.services.evaluations.carried_answers import carried_in
from compliance.services.evaluations.rule_sets import held_rule_set
from compliance.services.evaluations.runs import findings_of

Document = dict[str, Any]


@dataclass(frozen=True)
class CaseView:
    """Everything that a reviewer needs of one case."""

    case: ReviewCase
    evaluation_id: str
    machine_findings: list[Document]
    left_to_judge: list[Document]
    changes: list[Document]
    history: list[HistoryEvent]
    documents: list[Document]
    conflict_questions: list[Document]


OLDEST = "oldest"
ORDERS: dict[str, InstrumentedAttribute[str]] = {
    OLDEST: ReviewCase.id,
    "severity": ReviewCase.by_urgency,
    "due": ReviewCase.by_due,
}
"""How the queue may be ordered: as it came, the gravest and riskiest first, or the next due."""


def list_cases(
    uow: UnitOfWork,
    *,
    stage: str | None = None,
    severity: str | None = None,
    risk_level: str | None = None,
    listing_code: str | None = None,
    supplier_id: str | None = None,
    older_than_hours: int | None = None,
    specialities: Sequence[str] = (),
    is_overdue: bool | None = None,
    is_free: bool | None = None,
    reviewer: Principal | None = None,
    order: str = OLDEST,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[ReviewCase]:
    """The queue in one of `ORDERS`; without a stage only what is still undecided.

    ``specialities`` finds cases that touch any of them, ``is_free`` those that nobody holds,
    ``reviewer`` those that this person may take or holds, and knows about.
    """
    stages = OPEN_STAGES if stage is None else (stage,)
    of = {
        ReviewCase.severity: severity,
        ReviewCase.risk_level: risk_level,
        ReviewCase.listing_code: listing_code,
        ReviewCase.supplier_id: supplier_id,
    }
    wanted = select(ReviewCase).where(ReviewCase.stage.in_(stages), *matching(of))
    if older_than_hours is not None:
        since = uow.now - timedelta(hours=older_than_hours)
        wanted = wanted.where(ReviewCase.stage_since_at <= since)
    if specialities:
        wanted = wanted.where(ReviewCase.specialities.overlap(list(specialities)))
    overdue = and_(ReviewCase.due_at.is_not(None), ReviewCase.due_at <= uow.now)
    wanted = wanted.where(*holding(overdue, is_overdue), *holding(_holder().is_(None), is_free))
    if reviewer is not None:
        wanted = wanted.where(*_fit_for(uow, reviewer))
    key = ORDERS[order]
    return paginate(uow.session, wanted, key=key, cursor=cursor, limit=limit, newest_first=False)


def _fit_for(uow: UnitOfWork, reviewer: Principal) -> list[ColumnElement[bool]]:
    """At a stage of theirs, theirs or free, nothing that bars them, and of what they know."""
    person_id = reviewer.id
    stages = REVIEWER_STAGES if reviewer.may(Permission.REVIEW) else ()
    if reviewer.may(Permission.ADMIT):
        stages = (*stages, Stage.INTAKE)
    declared = exists().where(
        ConflictDeclaration.case_id == ReviewCase.id,
        ConflictDeclaration.reviewer_id == person_id,
        ConflictDeclaration.is_conflicted,
    )
    known = get_own_specialities(uow, person_id).specialities
    fits = [
        ReviewCase.stage.in_(stages),
        func.coalesce(_holder(), person_id) == person_id,
        ReviewCase.supplier_id != reviewer.organisation_id,
        ReviewCase.admitted_by.is_distinct_from(person_id),
        not_(ReviewCase.excluded_ids.contains([person_id])),
        or_(
            ReviewCase.stage != Stage.SECOND,
            ReviewCase.first_reviewer_id.is_distinct_from(person_id),
        ),
        not_(declared),
    ]
    if known:
        nothing_special = func.cardinality(ReviewCase.specialities) == 0
        everybodys = or_(nothing_special, ReviewCase.stage == Stage.INTAKE)
        fits.append(or_(ReviewCase.specialities.overlap(known), everybodys))
    return fits


def _holder() -> ColumnElement[Any]:
    """Who holds a case at its stage; nobody holds one at the intake or before a panel."""
    return case(
        (ReviewCase.stage == Stage.REVIEW, ReviewCase.first_reviewer_id),
        (ReviewCase.stage == Stage.SECOND, ReviewCase.second_reviewer_id),
    )


def list_cases_of_supplier(
    uow: UnitOfWork, supplier_id: str, *, cursor: str | None = None, limit: int = 20
) -> Page[ReviewCase]:
    """A supplier's own cases, newest first."""
    wanted = select(ReviewCase).where(ReviewCase.supplier_id == supplier_id)
    return paginate(uow.session, wanted, key=ReviewCase.id, cursor=cursor, limit=limit)


def get_case_view(uow: UnitOfWork, case_id: str) -> CaseView:
    """One case on one screen; raises `ReviewCaseNotFound`."""
    case = uow.session.get(ReviewCase, case_id)
    if case is None:
        raise ReviewCaseNotFound(case_id)
    evaluation = latest_evaluation(uow, case)
    rules = held_rule_set(uow, evaluation.rule_set_hash)
    outcomes = [RuleOutcome.read(each) for each in evaluation.outcomes]
    return CaseView(
        case=case,
        evaluation_id=evaluation.id,
        machine_findings=findings_of(outcomes, rules),
        left_to_judge=_left_to_judge(outcomes, rules, answers_of(uow, case), carried_in(uow, case)),
        changes=_changes(uow, case),
        history=history_of(uow, case).items,
        documents=_documents(case.dossier, rules),
        conflict_questions=questions(),
    )


def say_what_was_sent(uow: UnitOfWork, documents: SentDocuments, view: CaseView) -> CaseView:
    """The view with ``is_sent`` at each of its documents: whether it can be opened here."""
    hashes = [document["sha256"] for document in view.documents]
    sent = documents.sent(uow, view.case.supplier_id, hashes)
    marked = [{**each, "is_sent": each["sha256"] in sent} for each in view.documents]
    return replace(view, documents=marked)


def latest_evaluation(uow: UnitOfWork, case: ReviewCase) -> RuleEvaluation:
    """The last run of the rules over the case; opening it ran them, so there is one."""
    wanted = select(RuleEvaluation).where(
        RuleEvaluation.case_id == case.id, RuleEvaluation.subject_id == case.id
    )
    return uow.session.scalars(wanted.order_by(RuleEvaluation.id.desc()).limit(1)).one()


def _changes(uow: UnitOfWork, case: ReviewCase) -> list[Document]:
    """What differs from the version approved before, with both values; nothing for a first one."""
    if case.base_case_id is None:
        return []
    base = uow.session.get_one(ReviewCase, case.base_case_id)
    found = changes_between(base.dossier, case.dossier)
    return [{**each.document(), "before": each.before, "after": each.after} for each in found]


def _left_to_judge(
    outcomes: list[RuleOutcome],
    rules: RuleSet,
    answers: list[ItemAnswer],
    carried: list[CarriedAnswer],
) -> list[Document]:
    left = [each for each in outcomes if each.needs_person]
    sources = {
        each.rule_id: {"case_id": each.from_case_id, "version_id": each.from_version_id}
        for each in carried
    }
    given: dict[str, list[Document]] = {}
    for answer in answers:
        said = {"outcome": answer.outcome, "reason": answer.reason, "by": answer.reviewer_id}
        given.setdefault(answer.rule_id, []).append(said)
    return [
        {
            **finding,
            "answers": given.get(finding["rule_id"], []),
            "carried_from": sources.get(finding["rule_id"]),
        }
        for finding in findings_of(left, rules)
    ]


def _documents(dossier: Document, rules: RuleSet) -> list[Document]:
    return [
        {
            **document,
            "proves": [rule.id for rule in rules.rules if document["kind"] in rule.evidence_kinds],
        }
        for document in dossier.get("evidence") or ()
    ]


def get_history(
    uow: UnitOfWork, case_id: str, *, cursor: str | None = None, limit: int = 20
) -> Page[HistoryEvent]:
    """The line of time of the case's version; raises `ReviewCaseNotFound`, `InvalidCursor`."""
    case = uow.session.get(ReviewCase, case_id)
    if case is None:
        raise ReviewCaseNotFound(case_id)
    return history_of(uow, case, cursor=cursor, limit=limit)


def list_evaluations(
    uow: UnitOfWork, case_id: str, *, cursor: str | None = None, limit: int = 20
) -> Page[RuleEvaluation]:
    """Every run of the rules over a case, newest first."""
    wanted = select(RuleEvaluation).where(RuleEvaluation.case_id == case_id)
    return paginate(uow.session, wanted, key=RuleEvaluation.id, cursor=cursor, limit=limit)
