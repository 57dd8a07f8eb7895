"""Reads of credits and of what they corrected."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.ids import LicenceId, OrganisationId
from app.core.paging import Page, between, matching, of_party, paginate
from ledger.journal.credits.errors import CreditNotFound
from ledger.journal.credits.models import Credit, CreditItem
from ledger.journal.credits.notes import CALL
from ledger.journal.evidence.leaves import call_place
from ledger.journal.ids import CreditId
from ledger.journal.trading.queries import of_listing


def get_credit(
    session: Session, credit_id: CreditId, organisation_id: OrganisationId | None
) -> Credit:
    """The credit, of one party or of any in reach; raises `CreditNotFound`."""
    found = session.get(Credit, credit_id)
    if found is None or organisation_id not in {None, found.buyer_id, found.supplier_id}:
        raise CreditNotFound(credit_id)
    return found


def list_credits(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    licence_id: LicenceId | None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Credit]:
    """Credits of a party, newest first; the period is that in which they were given."""
    wanted = {
        Credit.licence_id: licence_id,
        Credit.buyer_id: buyer_id,
        Credit.supplier_id: supplier_id,
    }
    statement = select(Credit).where(
        *of_party(organisation_id, buyer=Credit.buyer_id, supplier=Credit.supplier_id),
        *matching(wanted),
        *of_listing(Credit.licence_id, listing_code),
        *between(Credit.given_at, from_at, until_at),
    )
    return paginate(session, statement, key=Credit.credit_id, cursor=cursor, limit=limit)


def find_last_credit(session: Session, licence_id: LicenceId) -> Credit | None:
    """The licence's credit with the highest number."""
    statement = select(Credit).where(Credit.licence_id == licence_id)
    return session.scalar(statement.order_by(Credit.n.desc()).limit(1))


def credited_amounts(
    session: Session, licence_id: LicenceId, kind: str, references: Sequence[str]
) -> dict[str, int]:
    """What was given back so far of charges of one kind, by reference (10⁻⁸ units)."""
    rows = session.execute(
        select(CreditItem.reference, func.sum(CreditItem.amount))
        .where(
            CreditItem.licence_id == licence_id,
            CreditItem.kind == kind,
            CreditItem.reference.in_(references),
        )
        .group_by(CreditItem.reference)
    )
    return {reference: int(amount) for reference, amount in rows}


def credited_calls(session: Session, licence_id: LicenceId) -> dict[tuple[int, int], int]:
    """What was given back of each credited call of a licence (10⁻⁸ units), by lane and n."""
    statement = select(CreditItem.reference, CreditItem.amount).where(
        CreditItem.licence_id == licence_id, CreditItem.kind == CALL
    )
    return {call_place(row.reference): row.amount for row in session.execute(statement)}
