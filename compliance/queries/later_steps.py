"""Reads of the later steps: panels, the register, objections, applications, appeals."""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.core.paging import Page, paginate
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ScenarioDeclaration
from compliance.models.panels import PanelSeat, SittingPanel
from compliance.models.registrations import ListingApplication, Objection, Registration
from compliance.models.reviews import ConflictDeclaration
from compliance.models.suspensions import FiledAppeal, Suspension
from compliance.review.errors import AppealNotFound, PanelNotFound, RegistrationNotFound
from compliance.review.panels import APPEAL, KINDS, PanelState
from compliance.review.registration_machine import ApplicationState


def list_panels(
    uow: UnitOfWork,
    *,
    state: str | None = None,
    asks: Principal | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[SittingPanel]:
    """Panels of a state, oldest first; without one those that still sit.

    ``asks`` finds those on which this person may vote now, or take a seat.
    """
    wanted = select(SittingPanel).where(SittingPanel.state == (state or PanelState.OPEN))
    if asks is not None:
        wanted = wanted.where(*_has_room_for(asks))
    return paginate(
        uow.session, wanted, key=SittingPanel.id, cursor=cursor, limit=limit, newest_first=False
    )


def _has_room_for(asks: Principal) -> list[ColumnElement[bool]]:
    """A panel of a kind that the person's roles decide, and a seat that is theirs or free."""
    boards = [APPEAL] if asks.may(Permission.DECIDE_APPEALS) else []
    others = [kind for kind in KINDS if kind != APPEAL] if asks.may(Permission.VOTE) else []
    seats = select(func.count()).where(PanelSeat.panel_id == SittingPanel.id).scalar_subquery()
    seat = exists().where(PanelSeat.panel_id == SittingPanel.id, PanelSeat.member_id == asks.id)
    declared = exists().where(
        ScenarioDeclaration.scenario_id == SittingPanel.subject_id,
        ScenarioDeclaration.reviewer_id == asks.id,
        ScenarioDeclaration.is_conflicted,
    )
    return [
        SittingPanel.state == PanelState.OPEN,
        SittingPanel.kind.in_([*boards, *others]),
        not_(SittingPanel.excluded_ids.contains([asks.id])),
        not_(_is_barred(SittingPanel.case_id, asks)),
        not_(declared),
        or_(
            seat.where(PanelSeat.voted_at.is_(None)),
            not_(seat) & (seats < SittingPanel.size),
        ),
    ]


def _is_barred(case_id: InstrumentedAttribute[Any], asks: Principal) -> ColumnElement[bool]:
    return exists().where(
        ConflictDeclaration.case_id == case_id,
        ConflictDeclaration.reviewer_id == asks.id,
        ConflictDeclaration.is_conflicted,
    )


def get_panel(uow: UnitOfWork, panel_id: str) -> SittingPanel:
    """One panel; raises `PanelNotFound`."""
    panel = uow.session.get(SittingPanel, panel_id)
    if panel is None:
        raise PanelNotFound(panel_id)
    return panel


def list_registrations(
    uow: UnitOfWork,
    *,
    state: str | None = None,
    listing_code: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Registration]:
    """The register, newest first."""
    wanted = select(Registration)
    if state is not None:
        wanted = wanted.where(Registration.state == state)
    if listing_code is not None:
        wanted = wanted.where(Registration.listing_code == listing_code)
    return paginate(uow.session, wanted, key=Registration.id, cursor=cursor, limit=limit)


def get_registration(uow: UnitOfWork, registration_id: str) -> Registration:
    """One entry; raises `RegistrationNotFound`."""
    registration = uow.session.get(Registration, registration_id)
    if registration is None:
        raise RegistrationNotFound(registration_id)
    return registration


def list_objections(
    uow: UnitOfWork,
    *,
    organisation_id: str | None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Objection]:
    """Objections in which the organisation is a party, or all for the exchange (None)."""
    wanted = select(Objection)
    if organisation_id is not None:
        wanted = wanted.where(
            (Objection.objector_id == organisation_id) | (Objection.supplier_id == organisation_id)
        )
    if state is not None:
        wanted = wanted.where(Objection.state == state)
    return paginate(uow.session, wanted, key=Objection.id, cursor=cursor, limit=limit)


def list_applications(
    uow: UnitOfWork,
    *,
    state: str,
    asks: Principal | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[ListingApplication]:
    """Applications of a state, oldest first; ``asks`` finds those that this person may decide."""
    wanted = select(ListingApplication).where(ListingApplication.state == state)
    if asks is not None:
        states = [ApplicationState.LISTING_REVIEW] if asks.may(Permission.LIST) else []
        wanted = wanted.where(
            ListingApplication.state.in_(states),
            not_(ListingApplication.excluded_ids.contains([asks.id])),
            not_(_is_barred(ListingApplication.case_id, asks)),
        )
    return paginate(
        uow.session,
        wanted,
        key=ListingApplication.id,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )


def list_suspensions(
    uow: UnitOfWork,
    *,
    listing_code: str | None = None,
    is_in_force: bool | None = None,
    is_overdue: bool = False,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Suspension]:
    """Suspensions, newest first; overdue are those that nobody ratified in time."""
    wanted = select(Suspension)
    if listing_code is not None:
        wanted = wanted.where(Suspension.listing_code == listing_code)
    if is_in_force is not None:
        ended = Suspension.ended_at
        wanted = wanted.where(ended.is_(None) if is_in_force else ended.is_not(None))
    if is_overdue:
        wanted = wanted.where(
            Suspension.ended_at.is_(None),
            Suspension.ratified_by.is_(None),
            Suspension.ratify_until <= uow.now,
        )
    return paginate(uow.session, wanted, key=Suspension.id, cursor=cursor, limit=limit)


def list_appeals(
    uow: UnitOfWork,
    *,
    supplier_id: str | None,
    state: str | None = None,
    asks: Principal | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[FiledAppeal]:
    """A supplier's appeals, or all for the exchange (None), newest first.

    ``asks`` finds those on whose board this person may vote now, or take a seat.
    """
    wanted = select(FiledAppeal)
    if supplier_id is not None:
        wanted = wanted.where(FiledAppeal.supplier_id == supplier_id)
    if state is not None:
        wanted = wanted.where(FiledAppeal.state == state)
    if asks is not None:
        boards = select(SittingPanel.id).where(*_has_room_for(asks))
        wanted = wanted.where(FiledAppeal.panel_id.in_(boards))
    return paginate(uow.session, wanted, key=FiledAppeal.id, cursor=cursor, limit=limit)


def get_appeal(uow: UnitOfWork, appeal_id: str) -> FiledAppeal:
    """One appeal; raises `AppealNotFound`."""
    appeal = uow.session.get(FiledAppeal, appeal_id)
    if appeal is None:
        raise AppealNotFound(appeal_id)
    return appeal
