"""Answers that hold on from the version approved before, kept anew with each run of the rules."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.models.registrations import Registration
from compliance.models.reviews import CarriedAnswer, ItemAnswer, ReviewCase, RuleEvaluation
from compliance.review.carrying import Judged, carried_items
from compliance.review.case_machine import Stage
from compliance.review.changes import ChangeClass
from compliance.review.listing_machine import ListingState
from compliance.review.registration_machine import RegistrationState
from compliance.rules import rule_set
from compliance.rules.evaluation import Evaluation, RuleOutcome
from compliance.rules.facts import gather
from compliance.rules.verdicts import Outcome
from compliance.services.evaluations.rule_sets import held_rule_set

Source = tuple[str, str]
"""The case and the version in which people answered."""


def find_base(uow: UnitOfWork, product_id: str, version_id: str) -> ReviewCase | None:
    """The product's case approved last, unless it was found to be wrong since.

    What was cancelled after an objection, or revoked, is no ground to build on: neither is
    anything before it.
    """
    wanted = (
        select(ReviewCase)
        .where(
            ReviewCase.product_id == product_id,
            ReviewCase.version_id != version_id,
            ReviewCase.stage == Stage.APPROVED,
        )
        .order_by(ReviewCase.decided_at.desc(), ReviewCase.id.desc())
        .limit(1)
    )
    base = uow.session.scalars(wanted).one_or_none()
    return base if base is not None and _stands(uow, base) else None


def _stands(uow: UnitOfWork, base: ReviewCase) -> bool:
    cancelled = select(Registration.id).where(
        Registration.case_id == base.id, Registration.state == RegistrationState.CANCELLED
    )
    revoked = select(ListingStanding.listing_code).where(
        ListingStanding.listing_code == base.listing_code,
        ListingStanding.state == ListingState.REVOKED,
    )
    return all(uow.session.scalars(each).first() is None for each in (cancelled, revoked))


def carried_in(uow: UnitOfWork, case: ReviewCase) -> list[CarriedAnswer]:
    """What the case takes over, by rule."""
    wanted = select(CarriedAnswer).where(CarriedAnswer.case_id == case.id)
    return list(uow.session.scalars(wanted.order_by(CarriedAnswer.rule_id)))


def keep_carried(
    uow: UnitOfWork, case: ReviewCase, evaluation: Evaluation, circumstances: Mapping[str, Any]
) -> None:
    """What holds on by this evaluation, in place of what the one before it said.

    An item that moved since opens again, whether the dossier, the circumstances or the rule did.
    """
    if case.base_case_id is None or case.change_class == ChangeClass.IDENTITY:
        return
    base = uow.session.get_one(ReviewCase, case.base_case_id)
    uow.session.execute(delete(CarriedAnswer).where(CarriedAnswer.case_id == case.id))
    if not _stands(uow, base):
        return
    rules = rule_set.current()
    before, sources = _judged_before(uow, base, rules), _sources(uow, base)
    facts = gather(case.dossier, circumstances, rules.facts_version)
    now = Judged(rules, facts, case.dossier, evaluation.outcomes)
    for rule_id in sorted(carried_items(before, now, sources) if before else ()):
        from_case_id, from_version_id = sources[rule_id]
        uow.session.add(
            CarriedAnswer(
                case_id=case.id,
                rule_id=rule_id,
                from_case_id=from_case_id,
                from_version_id=from_version_id,
                carried_at=uow.now,
            )
        )
    uow.session.flush()


def _judged_before(uow: UnitOfWork, base: ReviewCase, rules: rule_set.RuleSet) -> Judged | None:
    """What the base was approved on, read as the present rules read a dossier."""
    wanted = select(RuleEvaluation).where(
        RuleEvaluation.subject_id == base.id,
        RuleEvaluation.stage == rule_set.Stage.REVIEW,
        RuleEvaluation.evaluated_at <= base.decided_at,
    )
    last = uow.session.scalars(wanted.order_by(RuleEvaluation.id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    outcomes = tuple(RuleOutcome.read(each) for each in last.outcomes)
    facts = gather(base.dossier, last.circumstances, rules.facts_version)
    return Judged(held_rule_set(uow, last.rule_set_hash), facts, base.dossier, outcomes)


def _sources(uow: UnitOfWork, base: ReviewCase) -> dict[str, Source]:
    """Where each item of the base was answered: there, by all who had to, or before it."""
    sources = {each.rule_id: (each.from_case_id, each.from_version_id) for each in
               carried_in(uow, base)}  # fmt: skip
    wanted = select(ItemAnswer).where(ItemAnswer.case_id == base.id)
    given: dict[str, dict[str, str]] = {}
    for answer in uow.session.scalars(wanted):
        given.setdefault(answer.rule_id, {})[answer.reviewer_id] = answer.outcome
    needed = base.answerers()
    for rule_id, by_person in given.items():
        if Outcome.FAIL in by_person.values():
            # Somebody found it broken, however it ended: the next ones look for themselves.
            sources.pop(rule_id, None)
        elif needed and needed <= by_person.keys():
            sources[rule_id] = (base.id, base.version_id)
    return sources
