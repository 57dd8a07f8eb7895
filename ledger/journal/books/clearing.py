"""Booking what comes and goes through a gateway, on the account where its money rests."""

from sqlalchemy.dialects.postgresql import insert

from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.booking import book_now
from ledger.journal.books.chart import EXCHANGE, clearing_account, clearing_kind
from ledger.journal.books.models import JournalAccount
from ledger.journal.books.postings import Draft


def book_cleared(uow: UnitOfWork, draft: Draft, *, gateway: str) -> int | None:
    """Book a draft that moves a gateway's money; its first money opens its account.

    As `book`; raises `ReferenceReused`, `AccountNotOpen` for another account than the gateway's.
    """
    for currency in sorted({posting.currency for posting in draft.postings}):
        _open(uow, gateway, currency)
    return book_now(uow, draft)


def _open(uow: UnitOfWork, gateway: str, currency: str) -> None:
    account = {
        "account_id": clearing_account(gateway, currency),
        "organisation_id": EXCHANGE,
        "kind": clearing_kind(gateway),
        "currency": currency,
        "opened_at": uow.now,
    }
    uow.session.execute(insert(JournalAccount).values(account).on_conflict_do_nothing())
