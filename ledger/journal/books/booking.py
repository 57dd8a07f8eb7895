"""Writing drafts into the books: one call of the database's `journal_post` per transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.ids import LicenceId, OrderId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.errors import (
    AccountNotOpen,
    BooksRefused,
    LeaseNotOpen,
    LeaseOverspent,
    LeaseSpendDiffers,
    ReferenceReused,
)
from ledger.journal.books.postings import Draft

_REFUSALS: dict[str, type[BooksRefused]] = {
    "JN003": AccountNotOpen,
    "JN004": ReferenceReused,
    "JN005": LeaseNotOpen,
    "JN006": LeaseSpendDiffers,
}
_SPEND_CHECK = "spent_within_lease"

_POST = text(
    "SELECT journal_post(:template, :reference, :occurred_at, :booked_at, :reverses, NULL,"
    " :licence_id, :order_id, CAST(:account_ids AS text[]), CAST(:amounts AS bigint[]))"
)


def refusal_of(error: psycopg.Error) -> BooksRefused | None:
    """The fact behind an error of the books' database functions, or None for another error."""
    if error.diag.constraint_name == _SPEND_CHECK:
        return LeaseOverspent("More would be spent than the lease holds.")
    refusal = _REFUSALS.get(error.sqlstate or "")
    return None if refusal is None else refusal(error.diag.message_primary or refusal.title)


@contextmanager
def named_refusals() -> Iterator[None]:
    """Turns the database's refusals into `BooksRefused`; other errors pass."""
    try:
        yield
    except psycopg.Error as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
    except DBAPIError as error:
        refusal = refusal_of(error.orig) if isinstance(error.orig, psycopg.Error) else None
        if refusal is None:
            raise
        raise refusal from error


def book(
    session: Session,
    draft: Draft,
    *,
    occurred_at: datetime,
    booked_at: datetime,
    reverses: int | None = None,
    licence_id: LicenceId | None = None,
    order_id: OrderId | None = None,
) -> int | None:
    """Book a draft and move its wallets; the transaction's id, or None when it was booked before.

    Raises `ReferenceReused` when the reference carries other postings, `AccountNotOpen`.
    """
    with named_refusals():
        transaction_id: int | None = session.scalar(
            _POST,
            {
                "template": draft.template,
                "reference": draft.reference,
                "occurred_at": occurred_at,
                "booked_at": booked_at,
                "reverses": reverses,
                "licence_id": licence_id,
                "order_id": order_id,
                "account_ids": [posting.account_id for posting in draft.postings],
                "amounts": [posting.amount for posting in draft.postings],
            },
        )
    return transaction_id


def book_now(uow: UnitOfWork, draft: Draft, *, licence_id: LicenceId | None = None) -> int | None:
    """As `book`, for what happens when it is booked."""
    return book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now, licence_id=licence_id)
