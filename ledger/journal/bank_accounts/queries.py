"""Reads of bank details."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.ids import OrganisationId, PersonId
from app.core.paging import Page, awaiting_word, matching, paginate
from app.core.principals import Permission, Principal
from ledger.journal.bank_accounts.errors import BankAccountNotFound
from ledger.journal.bank_accounts.models import BankAccount
from ledger.journal.bank_accounts.outgoing import OutgoingState
from ledger.journal.ids import BankAccountId


def find_bank_account(
    session: Session, organisation_id: str, currency: str, *, at: datetime
) -> BankAccount | None:
    """The bank details that count at an instant: the last that had come into force by then."""
    return session.scalar(
        select(BankAccount)
        .where(
            BankAccount.organisation_id == organisation_id,
            BankAccount.currency == currency,
            BankAccount.effective_at <= at,
            BankAccount.cancelled_at.is_(None),
        )
        .order_by(BankAccount.effective_at.desc(), BankAccount.bank_account_id.desc())
        .limit(1)
    )


def get_bank_account(
    session: Session, bank_account_id: BankAccountId, organisation_id: OrganisationId | None
) -> BankAccount:
    """Bank details, of one supplier or of any in reach; raises `BankAccountNotFound`."""
    found = session.get(BankAccount, bank_account_id)
    if found is None or organisation_id not in {None, found.organisation_id}:
        raise BankAccountNotFound(bank_account_id)
    return found


def list_bank_accounts(
    session: Session,
    own: OrganisationId | None,
    *,
    organisation_id: str | None = None,
    currency: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[BankAccount]:
    """Bank details of one's ``own`` organisation, or of all in reach, newest first."""
    wanted = {BankAccount.organisation_id: organisation_id, BankAccount.currency: currency}
    statement = select(BankAccount).where(*matching(wanted))
    if own is not None:
        statement = statement.where(BankAccount.organisation_id == own)
    return paginate(session, statement, key=BankAccount.bank_account_id, cursor=cursor, limit=limit)


def awaiting_second(
    asks: Principal,
    *,
    state: InstrumentedAttribute[str],
    requested_by: InstrumentedAttribute[PersonId],
    stated_by: InstrumentedAttribute[PersonId | None],
) -> ColumnElement[bool]:
    """Condition on a transfer out: ``asks`` may approve it, or second that it came back."""
    is_requested = state == OutgoingState.REQUESTED
    is_stated = and_(state == OutgoingState.PAID, stated_by.is_not(None))
    return or_(
        awaiting_word(asks, Permission.APPROVE_PAYOUTS, requested_by, is_requested),
        awaiting_word(asks, Permission.PROPOSE_PAYOUTS, stated_by, is_stated),
    )
