"""Booking a draft that takes from wallets: locked, not frozen, and covered, or refused."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.ids import LicenceId, OrderId, OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books import queries as book_queries
from ledger.journal.books.booking import book
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.books.postings import Draft, Posting
from ledger.journal.wallets import queries
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.held_money import ask_back_amount, held_amount
from ledger.journal.wallets.models import Wallet


def book_covered(
    uow: UnitOfWork,
    draft: Draft,
    *,
    occurred_at: datetime | None = None,
    reverses: int | None = None,
    licence_id: LicenceId | None = None,
    order_id: OrderId | None = None,
    may_wait: bool = True,
) -> int | None:
    """Book a draft after locking and checking the wallets that it takes from.

    The transaction's id, or None when it was booked before. ``occurred_at`` is now unless given.
    ``may_wait`` for what workers hold: not where wallets are locked already, which calls need.
    Raises `InsufficientFunds` (the credit line counts), `AccountFrozen`, and what `book` raises.
    """
    payments = [
        posting
        for posting in sorted(draft.postings, key=lambda posting: posting.account_id)
        if posting.amount < 0 and posting.is_of_wallet
    ]
    for each in payments if may_wait else ():
        ask_back_amount(uow, OrganisationId(each.owner_id), each.currency, -each.amount)
    wallets = [_lock_cover(uow.session, draft, payment) for payment in payments]
    booked = book(
        uow.session,
        draft,
        occurred_at=occurred_at or uow.now,
        booked_at=uow.now,
        reverses=reverses,
        licence_id=licence_id,
        order_id=order_id,
    )
    for wallet in wallets:
        uow.session.expire(wallet)
    return booked


def _lock_cover(session: Session, draft: Draft, posting: Posting) -> Wallet:
    owner_id = OrganisationId(posting.owner_id)
    wallet = queries.find_wallet_for_update(session, owner_id, posting.currency)
    available = 0 if wallet is None else wallet.available_amount
    # Asked under the lock: another transaction may have booked the same while this one waited.
    is_booked = book_queries.find_transaction(session, draft.template, draft.reference) is not None
    if wallet is not None and not is_booked:
        check_not_frozen(session, wallet.account_id)
    if wallet is None or (available < -posting.amount and not is_booked):
        raise InsufficientFunds(
            needed_amount=-posting.amount,
            available_amount=available,
            pending_amount=0 if wallet is None else held_amount(session, wallet),
            currency=posting.currency,
        )
    return wallet
