"""A case in a reviewer's hands: taken with a declaration, given back with a reason."""

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ConflictDeclaration, ReviewCase
from compliance.review.case_errors import NotTheAssignedReviewer
from compliance.review.case_machine import release, take
from compliance.review.events import ReviewAssigned, ReviewReassigned
from compliance.services.cases.reviews import advance, lock_case
from compliance.services.declarations import declarations_of, declare
from compliance.services.reasons import seal_reason


def take_case(
    uow: UnitOfWork, principal: Principal, *, case_id: str, answers: dict[str, str]
) -> ConflictDeclaration:
    """The reviewer's declaration; without a conflict the case is theirs at its present stage.

    A declared conflict is kept for good and leaves the case to others. Raises
    `ReviewCaseNotFound`, `DeclarationIncomplete`, `ReviewerConflicted`, `CaseTaken`,
    `SecondReviewerMustDiffer`, `IllegalTransition`.
    """
    case = lock_case(uow, case_id)
    review = case.review(declarations_of(uow, case))
    # Whether the case can be taken at all is asked before anything is declared.
    take(review, principal.id, is_conflicted=False)
    declaration = declare(uow, principal, case, answers)
    advance(uow, case, take(review, principal.id, is_conflicted=declaration.is_conflicted))
    if not declaration.is_conflicted:
        uow.record(
            ReviewAssigned(
                occurred_at=uow.now,
                case_id=case.id,
                version_id=case.version_id,
                stage=case.stage,
                reviewer_id=principal.id,
                declared_at=declaration.declared_at,
            )
        )
    return declaration


def release_case(uow: UnitOfWork, principal: Principal, *, case_id: str, reason: str) -> ReviewCase:
    """The case back in the queue: by its holder, or by a colleague once its time is over.

    Raises `ReviewCaseNotFound`, `NotTheAssignedReviewer`.
    """
    case = lock_case(uow, case_id)
    review = case.review(declarations_of(uow, case))
    is_overdue = case.due_at is not None and case.due_at <= uow.now
    released = release(review)
    if review.holder_id != principal.id and not is_overdue:
        raise NotTheAssignedReviewer(case.id)
    advance(uow, case, released)
    uow.record(
        ReviewReassigned(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            stage=case.stage,
            reviewer_id=str(review.holder_id),
            released_by=principal.id,
            reason_hash=seal_reason(uow, reason).hash,
        )
    )
    return case
