"""Requests to erase details of calls: one operator proposes, another agrees, or it is declined."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.paging import Page, awaiting_word, between, matching, paginate
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from metering.erasure.details import erase_details
from metering.erasure.errors import ErasureDecided, ErasureNeedsAnotherPerson, ErasureNotFound
from metering.errors import EntitlementNotFound
from metering.events import ErasureApproved, ErasureDeclined, ErasureProposed
from metering.models import Entitlement


class ErasureState(StrEnum):
    """How far a request has come."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DONE = "done"
    DECLINED = "declined"


class Erasure(Base):
    """One request; ``calls_count`` grows while the worker erases, a portion at a time."""

    __tablename__ = "erasures"

    erasure_id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    until_at: Mapped[datetime]
    reason_code: Mapped[str]
    state: Mapped[str]
    calls_count: Mapped[int]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    declined_by: Mapped[str | None]
    declined_at: Mapped[datetime | None]


def propose_erasure(
    uow: UnitOfWork, person_id: str, *, licence_id: str, until: datetime, reason_code: str
) -> Erasure:
    """Ask for the details of a licence's calls before ``until`` to be erased.

    Raises `EntitlementNotFound`.
    """
    if uow.session.get(Entitlement, licence_id) is None:
        raise EntitlementNotFound(licence_id)
    erasure = Erasure(
        erasure_id=uow.ids.new("era"),
        licence_id=licence_id,
        until_at=until,
        reason_code=reason_code,
        state=ErasureState.PROPOSED,
        calls_count=0,
        proposed_by=person_id,
        proposed_at=uow.now,
    )
    uow.session.add(erasure)
    uow.record(
        ErasureProposed(
            occurred_at=uow.now,
            erasure_id=erasure.erasure_id,
            licence_id=licence_id,
            until_at=until,
            reason_code=reason_code,
            proposed_by=person_id,
        )
    )
    return erasure


def approve_erasure(uow: UnitOfWork, person_id: str, erasure_id: str) -> Erasure:
    """Let the erasure happen; a second time changes nothing.

    Raises `ErasureNotFound`, `ErasureDecided`, `ErasureNeedsAnotherPerson`.
    """
    erasure = _lock_erasure(uow, erasure_id)
    if erasure.state == ErasureState.DECLINED:
        raise ErasureDecided(erasure_id, erasure.state)
    if erasure.proposed_by == person_id:
        raise ErasureNeedsAnotherPerson(erasure_id)
    if erasure.state == ErasureState.PROPOSED:
        erasure.state = ErasureState.APPROVED
        erasure.approved_by, erasure.approved_at = person_id, uow.now
        uow.record(
            ErasureApproved(
                occurred_at=uow.now,
                erasure_id=erasure_id,
                licence_id=erasure.licence_id,
                approved_by=person_id,
            )
        )
    return erasure


def decline_erasure(uow: UnitOfWork, person_id: str, erasure_id: str) -> Erasure:
    """Give a proposal up, one's own or another's; a second time changes nothing.

    Raises `ErasureNotFound`, `ErasureDecided`.
    """
    erasure = _lock_erasure(uow, erasure_id)
    if erasure.state == ErasureState.DECLINED:
        return erasure
    if erasure.state != ErasureState.PROPOSED:
        raise ErasureDecided(erasure_id, erasure.state)
    erasure.state = ErasureState.DECLINED
    erasure.declined_by, erasure.declined_at = person_id, uow.now
    uow.record(
        ErasureDeclined(
            occurred_at=uow.now,
            erasure_id=erasure_id,
            licence_id=erasure.licence_id,
            declined_by=person_id,
        )
    )
    return erasure


def _lock_erasure(uow: UnitOfWork, erasure_id: str) -> Erasure:
    erasure = uow.session.get(Erasure, erasure_id, with_for_update=True)
    if erasure is None:
        raise ErasureNotFound(erasure_id)
    return erasure


def erase_due(uow: UnitOfWork) -> int:
    """Erase the next portion of the oldest request that is agreed to; 0 when there is none left.

    Needs the exchange's reach. Two workers take different requests.
    """
    erasure = uow.session.scalars(
        select(Erasure)
        .where(Erasure.state == ErasureState.APPROVED)
        .order_by(Erasure.erasure_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if erasure is None:
        return 0
    erased = erase_details(
        uow, erasure.licence_id, until=erasure.until_at, reason_code=erasure.reason_code
    )
    erasure.calls_count += erased
    if not erased:
        erasure.state, erasure.done_at = ErasureState.DONE, uow.now
    return 1


def list_erasures(
    session: Session,
    *,
    asks: Principal | None = None,
    licence_id: str | None = None,
    state: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Erasure]:
    """Requests, newest first, by when they were proposed; raises `InvalidCursor`.

    With ``asks`` those alone that wait for a word of its.
    """
    statement = select(Erasure).where(
        *matching({Erasure.licence_id: licence_id, Erasure.state: state}),
        *between(Erasure.proposed_at, from_at, until_at),
    )
    if asks is not None:
        is_proposed = Erasure.state == ErasureState.PROPOSED
        statement = statement.where(
            awaiting_word(asks, Permission.OPERATE, Erasure.proposed_by, is_proposed)
        )
    return paginate(session, statement, key=Erasure.erasure_id, cursor=cursor, limit=limit)
