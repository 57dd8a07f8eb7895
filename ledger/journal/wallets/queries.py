"""Wallets as their owners see them, with what is still owed beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, matching, paginate
from ledger.journal.books.chart import receivable_of
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.wallets.held_money import spent_amounts
from ledger.journal.wallets.models import Wallet


def find_wallet_for_update(
    session: Session, organisation_id: OrganisationId, currency: str
) -> Wallet | None:
    """The wallet, locked until the transaction ends."""
    key = (organisation_id, currency)
    return session.get(Wallet, key, with_for_update=True, populate_existing=True)


INVOICE_ROUNDING = "invoice_rounding"


WRITTEN_OFF = ("write_off", "recover_write_off")
"""Templates whose lines on a debtor's accounts sum to what was given up and not recovered."""


@dataclass(frozen=True)
class WalletView:
    """A wallet as its owner sees it; amounts in 10⁻⁸ units.

    What calls have spent is gone, be it that a worker has not given its lease back yet.
    ``owed_amount`` is what charge-backs and minimums left owed, and what was written off: it is
    taken from the wallet's own money as soon as there is some.
    """

    account_id: str
    organisation_id: str
    currency: str
    balance_amount: int
    pending_amount: int
    available_amount: int
    owed_amount: int


def list_wallets(
    session: Session,
    own: OrganisationId | None,
    *,
    organisation_id: str | None = None,
    currency: str | None = None,
    cursor: str | None,
    limit: int,
) -> Page[WalletView]:
    """Wallets of one's ``own`` organisation, or of all in reach (None), by account."""
    wanted = {Wallet.organisation_id: organisation_id, Wallet.currency: currency}
    statement = select(Wallet).where(*matching(wanted))
    if own is not None:
        statement = statement.where(Wallet.organisation_id == own)
    page = paginate(
        session,
        statement,
        key=Wallet.account_id,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )
    receivables = [receivable_of(each.organisation_id, each.currency) for each in page.items]
    owed = owed_amounts(session, receivables)
    spent = spent_amounts(session, [wallet.organisation_id for wallet in page.items])
    return Page([_shown(wallet, owed, spent) for wallet in page.items], page.next_cursor)


def owed_amounts(session: Session, receivables: Sequence[str]) -> dict[str, int]:
    """What buyers owe (10⁻⁸ units), by the receivable's account; an invoice's rounding is no debt.

    Charge-backs and commitments that no wallet covered, and what was written off and is owed all
    the same, less what was taken for them since.
    """
    rows = session.execute(
        select(PostedLine.account_id, func.sum(-PostedLine.amount))
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(
            PostedLine.account_id.in_(receivables),
            JournalTransaction.template != INVOICE_ROUNDING,
        )
        .group_by(PostedLine.account_id)
    )
    owed = {account_id: max(0, int(amount)) for account_id, amount in rows}
    for account_id, amount in _written_off(session, receivables).items():
        owed[account_id] = owed.get(account_id, 0) + amount
    return owed


def _written_off(session: Session, receivables: Sequence[str]) -> dict[str, int]:
    """What was written off and has not come in since, by the receivable's account."""
    by_account = {account_id: account_id for account_id in receivables}
    by_account |= {each.replace("/receivable/", "/wallet/"): each for each in receivables}
    rows = session.execute(
        select(PostedLine.account_id, func.sum(PostedLine.amount))
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(JournalTransaction.template.in_(WRITTEN_OFF), PostedLine.account_id.in_(by_account))
        .group_by(PostedLine.account_id)
    )
    found: dict[str, int] = {}
    for account_id, amount in rows:
        receivable = by_account[account_id]
        found[receivable] = found.get(receivable, 0) + int(amount)
    return found


def _shown(
    wallet: Wallet, owed: Mapping[str, int], spent: Mapping[tuple[str, str], int]
) -> WalletView:
    spent_amount = spent.get((wallet.organisation_id, wallet.currency), 0)
    # Read after the wallet: a lease that was opened in between is not pending here.
    spent_amount = min(spent_amount, wallet.pending_amount)
    return WalletView(
        account_id=wallet.account_id,
        organisation_id=wallet.organisation_id,
        currency=wallet.currency,
        balance_amount=wallet.balance_amount - spent_amount,
        pending_amount=wallet.pending_amount - spent_amount,
        available_amount=wallet.available_amount,
        owed_amount=owed.get(receivable_of(wallet.organisation_id, wallet.currency), 0),
    )
