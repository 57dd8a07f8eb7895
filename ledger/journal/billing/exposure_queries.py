"""What an organisation owes at this moment, for itself and for the exchange's staff."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, paginate
from ledger.journal.billing.models import CreditBill
from ledger.journal.models import Wallet


@dataclass(frozen=True)
class Exposure:
    """One wallet on credit; amounts in 10⁻⁸ units."""

    organisation_id: OrganisationId
    currency: str
    limit_amount: int
    used_amount: int
    pending_amount: int
    available_amount: int
    billed_amount: int
    overdue_amount: int
    is_suspended: bool


def list_exposures(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    at: datetime,
    cursor: str | None,
    limit: int,
) -> Page[Exposure]:
    """Wallets with a credit line, of one organisation or of all in reach, by account."""
    statement = select(Wallet).where(Wallet.credit_limit_amount > 0)
    if organisation_id is not None:
        statement = statement.where(Wallet.organisation_id == organisation_id)
    page = paginate(
        session,
        statement,
        key=Wallet.account_id,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )
    return Page([_exposure(session, wallet, at) for wallet in page.items], page.next_cursor)


def _exposure(session: Session, wallet: Wallet, at: datetime) -> Exposure:
    left = CreditBill.amount - CreditBill.paid_amount
    is_overdue = CreditBill.due_at <= at
    row = session.execute(
        select(
            func.coalesce(func.sum(left), 0).label("billed"),
            func.coalesce(func.sum(left).filter(is_overdue), 0).label("overdue"),
        ).where(
            CreditBill.organisation_id == wallet.organisation_id,
            CreditBill.currency == wallet.currency,
            CreditBill.paid_at.is_(None),
        )
    ).one()
    return Exposure(
        organisation_id=wallet.organisation_id,
        currency=wallet.currency,
        limit_amount=wallet.credit_limit_amount,
        used_amount=max(-wallet.balance_amount, 0),
        pending_amount=wallet.pending_amount,
        available_amount=wallet.available_amount,
        billed_amount=int(row.billed),
        overdue_amount=int(row.overdue),
        is_suspended=wallet.is_credit_suspended,
    )
