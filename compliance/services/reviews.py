"""Opening review cases, probing their upstream, and taking them into a reviewer's hands."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance import rule_set
from compliance.errors import DossierHashMismatch, ReviewAlreadyOpen, ReviewCaseNotFound
from compliance.events import ReviewOpened, ReviewReturned
from compliance.models import ConflictDeclaration, ReviewCase
from compliance.ports import ProbeResult
from compliance.review import risk
from compliance.review.case_machine import OPEN_STAGES, Stage, conclude_rules, take
from compliance.review.conflicts import find_conflicts
from compliance.rule_set import Severity
from compliance.services.evaluations import findings_of, hold_rule_set, run_rules


def open_review(
    uow: UnitOfWork,
    *,
    version_id: str,
    product_id: str,
    supplier_id: str,
    listing_code: str,
    dossier: dict[str, Any],
    dossier_hash: str,
) -> ReviewCase:
    """A case for a submitted version, with the rules run: to the reviewers or straight back.

    The same submission twice is one case. Raises `DossierHashMismatch`, `ReviewAlreadyOpen`.
    """
    if digest_hex(dossier) != dossier_hash:
        raise DossierHashMismatch(version_id)
    open_case = _find_open(uow, version_id)
    if open_case is not None:
        if open_case.dossier_hash != dossier_hash:
            raise ReviewAlreadyOpen(version_id, open_case.id)
        return open_case
    points = risk.score(dossier)
    case = ReviewCase(
        id=uow.ids.new("cas"),
        version_id=version_id,
        product_id=product_id,
        supplier_id=supplier_id,
        listing_code=listing_code,
        round=_rounds(uow, version_id) + 1,
        dossier=dossier,
        dossier_hash=dossier_hash,
        stage=Stage.PRECHECK,
        severity=Severity.INFO,
        risk_score=points,
        risk_level=risk.level(points),
        findings=[],
        opened_at=uow.now,
        stage_since_at=uow.now,
    )
    _precheck(uow, case)
    return case


def _find_open(uow: UnitOfWork, version_id: str) -> ReviewCase | None:
    wanted = select(ReviewCase).where(
        ReviewCase.version_id == version_id,
        ReviewCase.stage.in_([Stage.PRECHECK, *OPEN_STAGES]),
    )
    return uow.session.scalars(wanted).one_or_none()


def _rounds(uow: UnitOfWork, version_id: str) -> int:
    counted = select(func.count()).where(ReviewCase.version_id == version_id)
    return uow.session.scalars(counted).one()


def _precheck(uow: UnitOfWork, case: ReviewCase) -> None:
    hold_rule_set(uow, rule_set.current())
    evaluation = run_rules(uow, case)
    case.follow(conclude_rules(case.review([]), blocks=bool(evaluation.blocking)), uow.now)
    if evaluation.blocking:
        case.findings = findings_of(evaluation.blocking, rule_set.current())
        record_return(uow, case)
        return
    uow.record(
        ReviewOpened(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            supplier_id=case.supplier_id,
        )
    )


def record_return(uow: UnitOfWork, case: ReviewCase) -> None:
    """Send the case's findings back to the supplier."""
    uow.record(
        ReviewReturned(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            findings=case.findings,
        )
    )


def lock_case(uow: UnitOfWork, case_id: str) -> ReviewCase:
    """The case, held until the end of the transaction; raises `ReviewCaseNotFound`."""
    case = uow.session.get(ReviewCase, case_id, with_for_update=True)
    if case is None:
        raise ReviewCaseNotFound(case_id)
    return case


def declarations_of(uow: UnitOfWork, case: ReviewCase) -> list[ConflictDeclaration]:
    """Every declaration made for the case."""
    wanted = select(ConflictDeclaration).where(ConflictDeclaration.case_id == case.id)
    return list(uow.session.scalars(wanted))


def take_case(
    uow: UnitOfWork, principal: Principal, *, case_id: str, answers: dict[str, str]
) -> ConflictDeclaration:
    """The reviewer's declaration; without a conflict the case is theirs at its present stage.

    A declared conflict is kept for good and leaves the case to others. Raises
    `ReviewCaseNotFound`, `DeclarationIncomplete`, `ReviewerConflicted`, `CaseTaken`,
    `SecondReviewerMustDiffer`, `IllegalTransition`.
    """
    case = lock_case(uow, case_id)
    conflicts = find_conflicts(
        answers,
        reviewer_organisation_id=principal.organisation_id,
        supplier_id=case.supplier_id,
    )
    review = case.review(declarations_of(uow, case))
    taken = take(review, principal.id, is_conflicted=bool(conflicts))
    declaration = uow.session.merge(
        ConflictDeclaration(
            case_id=case.id,
            reviewer_id=principal.id,
            is_conflicted=bool(conflicts),
            reviewer_organisation_id=principal.organisation_id,
            answers=answers,
            conflicts=conflicts,
            declared_at=uow.now,
        )
    )
    uow.session.flush()  # the case may only name a reviewer whose declaration is there
    case.follow(taken, uow.now)
    return declaration


def note_probe(uow: UnitOfWork, *, case_id: str, result: ProbeResult) -> ReviewCase:
    """Keep what a probe of the upstream found and run the rules with it.

    A case that was decided meanwhile stays as it was decided. Raises `ReviewCaseNotFound`.
    """
    case = lock_case(uow, case_id)
    if case.stage not in OPEN_STAGES:
        return case
    case.probe = {"probed_at": iso_instant(uow.now), **asdict(result)}
    run_rules(uow, case)
    return case
