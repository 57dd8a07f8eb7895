"""Reads of payouts."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, matching, paginate
from app.core.principals import Principal
from ledger.journal.bank_accounts.queries import awaiting_second
from ledger.journal.ids import PayoutId, SettlementId
from ledger.journal.payouts.errors import PayoutNotFound
from ledger.journal.payouts.models import Payout


def get_payout(
    session: Session, payout_id: PayoutId, organisation_id: OrganisationId | None
) -> Payout:
    """The payout, of one supplier or of any in reach; raises `PayoutNotFound`."""
    found = session.get(Payout, payout_id)
    if found is None or organisation_id not in {None, found.supplier_id}:
        raise PayoutNotFound(payout_id)
    return found


def get_payout_for_update(session: Session, payout_id: PayoutId) -> Payout:
    """The payout, locked and as last committed; raises `PayoutNotFound`."""
    found = session.get(Payout, payout_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise PayoutNotFound(payout_id)
    return found


def find_open_payout(session: Session, settlement_id: SettlementId) -> Payout | None:
    """The settlement's payout that was not cancelled."""
    return session.scalar(
        select(Payout).where(Payout.settlement_id == settlement_id, Payout.state != "cancelled")
    )


def list_payouts(
    session: Session,
    own: OrganisationId | None,
    *,
    asks: Principal | None = None,
    state: str | None,
    organisation_id: str | None = None,
    settlement_id: str | None = None,
    currency: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Payout]:
    """Payouts of one's ``own`` organisation, or of all in reach, newest first.

    With ``asks`` those alone that wait for a word of its. The period is that of proposing.
    """
    wanted = {
        Payout.supplier_id: organisation_id,
        Payout.settlement_id: settlement_id,
        Payout.currency: currency,
        Payout.state: state,
    }
    statement = select(Payout).where(
        *matching(wanted), *between(Payout.requested_at, from_at, until_at)
    )
    if own is not None:
        statement = statement.where(Payout.supplier_id == own)
    if asks is not None:
        statement = statement.where(
            awaiting_second(
                asks,
                state=Payout.state,
                requested_by=Payout.requested_by,
                stated_by=Payout.return_stated_by,
            )
        )
    return paginate(session, statement, key=Payout.payout_id, cursor=cursor, limit=limit)
