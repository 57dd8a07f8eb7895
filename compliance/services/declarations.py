"""Declarations of conflicts: what a person answers, and what the exchange knows besides."""

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ConflictDeclaration, Party, ReviewCase
from compliance.review.case_machine import Stage
from compliance.review.conflicts import KnownFacts, find_conflicts, known_conflicts
from compliance.review.events import ConflictDeclared
from compliance.services.policies import policy_in_force

DECIDED = (Stage.APPROVED, Stage.REJECTED)


def declarations_of(uow: UnitOfWork, case: ReviewCase) -> list[ConflictDeclaration]:
    """Every declaration made for the case."""
    wanted = select(ConflictDeclaration).where(ConflictDeclaration.case_id == case.id)
    return list(uow.session.scalars(wanted))


def conflicts_known(uow: UnitOfWork, principal: Principal, case: ReviewCase) -> list[str]:
    """What bars the person without any question asked."""
    return known_conflicts(_facts(uow, principal, case))


def _facts(uow: UnitOfWork, principal: Principal, case: ReviewCase) -> KnownFacts:
    own = uow.session.get(Party, principal.organisation_id)
    supplier = uow.session.get(Party, case.supplier_id)
    rotation = policy_in_force(uow).rotation_cases
    return KnownFacts(
        organisation_id=principal.organisation_id,
        supplier_id=case.supplier_id,
        credit_code=own.uscc if own else None,
        supplier_credit_code=supplier.uscc if supplier else None,
        consecutive_cases=_consecutive_cases(uow, principal.id, case, rotation),
        rotation_cases=rotation,
    )


def _consecutive_cases(uow: UnitOfWork, person_id: str, case: ReviewCase, most: int) -> int:
    wanted = (
        select(ReviewCase.first_reviewer_id, ReviewCase.second_reviewer_id)
        .where(ReviewCase.supplier_id == case.supplier_id, ReviewCase.stage.in_(DECIDED))
        .order_by(ReviewCase.decided_at.desc(), ReviewCase.id.desc())
        .limit(most)
    )
    count = 0
    for reviewers in uow.session.execute(wanted):
        if person_id not in reviewers:
            break
        count += 1
    return count


def declare(
    uow: UnitOfWork, principal: Principal, case: ReviewCase, answers: dict[str, str]
) -> ConflictDeclaration:
    """Keep the person's answers for the case with the conflicts found in them.

    Flushed, because a case, a seat or an application may only name who has declared. Raises
    `DeclarationIncomplete`.
    """
    conflicts = find_conflicts(answers, _facts(uow, principal, case))
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
    uow.session.flush()
    if conflicts:
        uow.record(
            ConflictDeclared(
                occurred_at=uow.now,
                case_id=case.id,
                reviewer_id=principal.id,
                declared_at=uow.now,
            )
        )
    return declaration


def is_barred(uow: UnitOfWork, case_id: str, person_id: str) -> bool:
    """Whether the person once declared a conflict in the case."""
    wanted = select(ConflictDeclaration).where(
        ConflictDeclaration.case_id == case_id,
        ConflictDeclaration.reviewer_id == person_id,
        ConflictDeclaration.is_conflicted,
    )
    return uow.session.scalars(wanted).one_or_none() is not None
