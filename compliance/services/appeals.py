"""Appeals: filed by the supplier in time and once, decided by a board of others."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.models.panels import PanelSeat, SittingPanel
from compliance.models.registrations import ListingApplication, Objection, Registration
from compliance.models.reviews import Party, ReviewCase, ReviewDecision
from compliance.models.suspensions import FiledAppeal, Revocation, Suspension
from compliance.review import suspension_machine as machine
from compliance.review.appeals import (
    Appeal,
    AppealState,
    AppealSubject,
    conclude,
    demand_in_time,
)
from compliance.review.case_errors import ReviewCaseNotFound
from compliance.review.case_machine import Stage
from compliance.review.errors import AlreadyAppealed, AppealNotFound, NothingToAppeal
from compliance.review.events import AppealDecided, AppealFiled
from compliance.review.listing_machine import MACHINE, ListingState
from compliance.review.panels import APPEAL, PanelState
from compliance.services.cases.reviews import lock_case, reopen_review
from compliance.services.listings.standing import find_suspension, lock_standing, open_causes
from compliance.services.listings.suspensions import (
    announce_resumption,
    end_suspension,
    follow,
    standing_of,
    suspend_by_itself,
)
from compliance.services.panels import lock_panel, open_panel, reasons_of, vote
from compliance.services.policies import policy_in_force
from compliance.services.reasons import seal_reason


def appeal_rejection(
    uow: UnitOfWork, principal: Principal, *, case_id: str, ground: str, statement: str
) -> FiledAppeal:
    """Appeal against the rejection of one's own version.

    Raises `ReviewCaseNotFound`, `NothingToAppeal`, `AlreadyAppealed`, `AppealTooLate`.
    """
    case = lock_case(uow, case_id)
    if case.supplier_id != principal.organisation_id:
        raise ReviewCaseNotFound(case_id)
    if case.stage != Stage.REJECTED or case.decided_at is None:
        raise NothingToAppeal
    filed = _draft(principal, case, AppealSubject.REJECTION, case.id)
    return _file(uow, filed, case, case.decided_at, ground=ground, statement=statement)


def appeal_listing(
    uow: UnitOfWork, principal: Principal, *, listing_code: str, ground: str, statement: str
) -> FiledAppeal:
    """Appeal against the suspension or revocation of one's own listing.

    Raises `ListingNeverPublished`, `NothingToAppeal`, `AlreadyAppealed`, `AppealTooLate`.
    """
    kept = lock_standing(uow, listing_code)
    if kept.supplier_id != principal.organisation_id:
        raise NothingToAppeal
    wanted = select(ReviewCase).where(
        ReviewCase.version_id == kept.version_id, ReviewCase.stage == Stage.APPROVED
    )
    case = uow.session.scalars(wanted.order_by(ReviewCase.id.desc()).limit(1)).one()
    kind, subject_id, decided_at = _appealable(uow, kept)
    filed = _draft(principal, case, kind, subject_id)
    return _file(uow, filed, case, decided_at, ground=ground, statement=statement)


def _appealable(uow: UnitOfWork, kept: ListingStanding) -> tuple[AppealSubject, str, datetime]:
    """What may be appealed of a listing, and when it was decided; raises `NothingToAppeal`."""
    if kept.state == ListingState.SUSPENDED:
        suspension = find_suspension(uow, kept.listing_code)
        assert suspension is not None, "a suspended listing has its suspension"
        return AppealSubject.SUSPENSION, suspension.id, suspension.suspended_at
    revocation = _revocation(uow, kept.listing_code)
    if revocation is None or revocation.decided_at is None:
        raise NothingToAppeal
    return AppealSubject.REVOCATION, revocation.id, revocation.decided_at


def _revocation(uow: UnitOfWork, listing_code: str) -> Revocation | None:
    wanted = select(Revocation).where(
        Revocation.listing_code == listing_code, Revocation.state == PanelState.CARRIED
    )
    return uow.session.scalars(wanted.order_by(Revocation.id.desc()).limit(1)).one_or_none()


def _draft(
    principal: Principal, case: ReviewCase, kind: AppealSubject, subject_id: str
) -> FiledAppeal:
    return FiledAppeal(
        subject_kind=kind,
        subject_id=subject_id,
        case_id=case.id,
        product_id=case.product_id,
        version_id=case.version_id,
        listing_code=case.listing_code,
        supplier_id=case.supplier_id,
        filed_by=principal.id,
        state=AppealState.OPEN,
    )


def _demand_first(uow: UnitOfWork, subject_id: str) -> None:
    """Raises `AlreadyAppealed`: a decision is appealed once."""
    before = select(FiledAppeal).where(FiledAppeal.subject_id == subject_id)
    former = uow.session.scalars(before).one_or_none()
    if former is not None:
        raise AlreadyAppealed(former.id)


def _file(
    uow: UnitOfWork,
    filed: FiledAppeal,
    case: ReviewCase,
    decided_at: datetime,
    *,
    ground: str,
    statement: str,
) -> FiledAppeal:
    policy = policy_in_force(uow)
    _demand_first(uow, filed.subject_id)
    demand_in_time(decided_at, uow.now, policy.appeal_days)
    filed.id, filed.ground, filed.statement = uow.ids.new("apl"), ground, statement
    filed.filed_at = uow.now
    filed.due_at = uow.now + timedelta(days=policy.appeal_decision_days)
    uow.session.add(filed)
    filed.panel_id = open_panel(
        uow,
        kind=APPEAL,
        subject_id=filed.id,
        case=case,
        excluded=involved_in(uow, case),
        due_at=filed.due_at,
    ).id
    uow.record(
        AppealFiled(
            occurred_at=uow.now,
            appeal_id=filed.id,
            subject_kind=filed.subject_kind,
            subject_id=filed.subject_id,
            case_id=case.id,
            version_id=case.version_id,
            supplier_id=case.supplier_id,
            ground=ground,
            statement_hash=seal_reason(uow, statement).hash,
        )
    )
    return filed


def involved_in(uow: UnitOfWork, case: ReviewCase) -> set[str]:
    """Everybody who decided anything about the version or its listing before."""
    listing_code, case_id = case.listing_code, case.id
    asked: Iterable[object] = (
        select(ReviewDecision.reviewer_id).where(ReviewDecision.case_id == case_id),
        select(PanelSeat.member_id).where(PanelSeat.case_id == case_id),
        select(ListingApplication.officer_id).where(ListingApplication.case_id == case_id),
        select(Suspension.suspended_by).where(Suspension.listing_code == listing_code),
        select(Suspension.ratified_by).where(Suspension.listing_code == listing_code),
        select(Suspension.resumption_proposed_by).where(Suspension.listing_code == listing_code),
        select(Suspension.ended_by).where(Suspension.listing_code == listing_code),
        select(Objection.decided_by)
        .join(Registration, Registration.id == Objection.registration_id)
        .where(Registration.case_id == case_id),
        select(Revocation.proposed_by).where(Revocation.listing_code == listing_code),
    )
    found = {each for query in asked for each in uow.session.scalars(query)}  # type: ignore[call-overload] # selects of one text column
    reviewers = {case.admitted_by, case.first_reviewer_id, case.second_reviewer_id}
    return {each for each in found | reviewers | set(case.excluded_ids) if each and each != MACHINE}


def vote_on_appeal(
    uow: UnitOfWork, principal: Principal, *, appeal_id: str, in_favour: bool, reason: str
) -> FiledAppeal:
    """A board member's only vote; the last one decides the appeal.

    Raises `AppealNotFound`, `NoSeatOnPanel`, `VoteAlreadyCast`, `IllegalTransition`.
    """
    filed = lock_appeal(uow, appeal_id)
    sitting = lock_panel(uow, str(filed.panel_id), (APPEAL,))
    vote(uow, sitting, principal.id, in_favour=in_favour, reason=reason)
    conclude_appeal(uow, sitting, filed)
    return filed


def lock_appeal(uow: UnitOfWork, appeal_id: str) -> FiledAppeal:
    """The appeal, held to the end; raises `AppealNotFound`."""
    filed = uow.session.get(FiledAppeal, appeal_id, with_for_update=True)
    if filed is None:
        raise AppealNotFound(appeal_id)
    return filed


def conclude_appeal(uow: UnitOfWork, sitting: SittingPanel, filed: FiledAppeal) -> None:
    """What a concluded board means for what was appealed; an open one means nothing yet."""
    decided = conclude(Appeal(filed.id, AppealState(filed.state)), sitting.panel())
    if decided.state is AppealState.OPEN:
        return
    filed.state, filed.decided_at = decided.state, uow.now
    filed.reason = reasons_of(sitting)
    uow.session.flush()
    uow.record(
        AppealDecided(
            occurred_at=uow.now,
            appeal_id=filed.id,
            subject_kind=filed.subject_kind,
            subject_id=filed.subject_id,
            version_id=filed.version_id,
            supplier_id=filed.supplier_id,
            state=filed.state,
        )
    )
    if decided.state is AppealState.UPHELD:
        _uphold(uow, filed, sitting)


def _uphold(uow: UnitOfWork, filed: FiledAppeal, sitting: SittingPanel) -> None:
    if filed.subject_kind == AppealSubject.REJECTION:
        reopen_review(uow, filed.case_id, excluded=sitting.excluded_ids)
    elif filed.subject_kind == AppealSubject.SUSPENSION:
        _lift(uow, filed)
    # A revoked listing has ended: only a new version leads back, reviewed by others.


def _lift(uow: UnitOfWork, filed: FiledAppeal) -> None:
    kept = lock_standing(uow, filed.listing_code)
    suspension = find_suspension(uow, filed.listing_code)
    if suspension is None or suspension.id != filed.subject_id:
        return  # it ended otherwise while the board sat
    causes = open_causes(kept, uow.session.get(Party, kept.supplier_id), uow.now)
    follow(uow, kept, machine.lift(standing_of(kept, suspension)))
    end_suspension(uow, suspension, outcome="LIFTED", ended_by=filed.id)
    announce_resumption(uow, kept, suspension, filed.id)
    suspend_by_itself(uow, kept, causes)
