"""Reads of top-ups."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId, TopUpId
from app.core.paging import Page, awaiting_word, between, paginate
from app.core.principals import Permission, Principal
from ledger.journal.top_ups.errors import TopUpNotFound
from ledger.journal.top_ups.life_cycle import TopUpState
from ledger.journal.top_ups.models import TopUp


def get_top_up(
    session: Session, top_up_id: TopUpId, organisation_id: OrganisationId | None
) -> TopUp:
    """One top-up; ``organisation_id`` None asks as the exchange. Raises `TopUpNotFound`."""
    found = session.get(TopUp, top_up_id)
    if found is None or (organisation_id is not None and found.organisation_id != organisation_id):
        raise TopUpNotFound(top_up_id)
    return found


def get_top_up_for_update(session: Session, top_up_id: TopUpId) -> TopUp:
    """The top-up, locked and as last committed; raises `TopUpNotFound`."""
    found = session.get(TopUp, top_up_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise TopUpNotFound(top_up_id)
    return found


@dataclass(frozen=True)
class TopUpFilter:
    """Which top-ups; ``own`` is the organisation that asks, None for the exchange's people."""

    own: OrganisationId | None
    cursor: str | None
    limit: int
    state: str | None = None
    organisation_id: str | None = None
    currency: str | None = None
    reference: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    """In which period they were announced."""
    asks: Principal | None = None
    """Only those that wait for a word of this person."""

    def members(self) -> dict[str, str]:
        """What each member of a top-up has to be; a reference is printed in groups (ISO 11649)."""
        reference = self.reference and "".join(self.reference.split()).upper()
        asked = {
            "state": self.state,
            "organisation_id": self.organisation_id,
            "currency": self.currency,
            "reference": reference,
        }
        return {name: value for name, value in asked.items() if value is not None}


def list_top_ups(session: Session, wanted: TopUpFilter) -> Page[TopUp]:
    """Top-ups, newest first; raises `InvalidCursor`."""
    announced = between(TopUp.requested_at, wanted.from_at, wanted.until_at)
    statement = select(TopUp).filter_by(**wanted.members()).where(*announced)
    if wanted.own is not None:
        statement = statement.where(TopUp.organisation_id == wanted.own)
    if wanted.asks is not None:
        is_waiting = TopUp.state == TopUpState.CONFIRMED_ONCE
        first_by = TopUp.first_confirmed_by
        statement = statement.where(
            awaiting_word(wanted.asks, Permission.CONFIRM_TOP_UPS, first_by, is_waiting)
        )
    return paginate(
        session, statement, key=TopUp.top_up_id, cursor=wanted.cursor, limit=wanted.limit
    )
