"""Reads of yearly packages."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, holding, matching, of_party, paginate
from ledger.journal.deferrals.models import Deferral
from ledger.journal.trading.queries import of_listing


def list_deferrals(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    side: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    listing_code: str | None = None,
    licence_id: str | None = None,
    order_id: str | None = None,
    currency: str | None = None,
    is_open: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Deferral]:
    """Yearly packages of a party, newest first; the period is that in which they begin."""
    wanted = {
        Deferral.buyer_id: buyer_id,
        Deferral.supplier_id: supplier_id,
        Deferral.licence_id: licence_id,
        Deferral.order_id: order_id,
        Deferral.currency: currency,
    }
    statement = select(Deferral).where(
        *of_party(organisation_id, side, buyer=Deferral.buyer_id, supplier=Deferral.supplier_id),
        *matching(wanted),
        *of_listing(Deferral.licence_id, listing_code),
        *holding(Deferral.closed_at.is_(None), is_open),
        *between(Deferral.starts_at, from_at, until_at),
    )
    return paginate(session, statement, key=Deferral.order_id, cursor=cursor, limit=limit)
