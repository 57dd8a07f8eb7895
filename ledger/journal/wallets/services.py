"""Verbs on accounts with a wallet among them: open them, undo what was booked."""

from collections.abc import Mapping

from sqlalchemy.dialects.postgresql import insert

from app.core.ids import LicenceId, OrderId, OrganisationId
from app.core.money import HOME_CURRENCY
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books import postings
from ledger.journal.books import queries as book_queries
from ledger.journal.books.chart import (
    EXCHANGE,
    EXCHANGE_KINDS,
    ORGANISATION_KINDS,
    account_id,
    wallet_of,
)
from ledger.journal.books.errors import NotReversible, TransactionNotFound
from ledger.journal.books.models import JournalAccount
from ledger.journal.books.postings import Posting
from ledger.journal.books.splits import contributors
from ledger.journal.wallets.covered_booking import book_covered
from ledger.journal.wallets.models import Wallet


def open_accounts(
    uow: UnitOfWork, *, organisation_id: OrganisationId, currency: str = HOME_CURRENCY
) -> None:
    """Open an organisation's accounts and wallet in a currency, and the exchange's own; once."""
    owned = [(organisation_id, kind) for kind in ORGANISATION_KINDS]
    owned += [(OrganisationId(EXCHANGE), kind) for kind in EXCHANGE_KINDS]
    accounts = [
        {
            "account_id": account_id(owner_id, kind, currency),
            "organisation_id": owner_id,
            "kind": kind,
            "currency": currency,
            "opened_at": uow.now,
        }
        for owner_id, kind in owned
    ]
    wallet = {
        "organisation_id": organisation_id,
        "currency": currency,
        "account_id": wallet_of(organisation_id, currency),
        "opened_at": uow.now,
    }
    uow.session.execute(insert(JournalAccount).values(accounts).on_conflict_do_nothing())
    uow.session.execute(insert(Wallet).values(wallet).on_conflict_do_nothing())


def open_receivers(
    uow: UnitOfWork, *, supplier_id: str, currency: str, split: Mapping[str, int]
) -> None:
    """Open the accounts of everybody who gets a part of a charge, in its currency."""
    for organisation_id in (supplier_id, *contributors(split)):
        open_accounts(uow, organisation_id=OrganisationId(organisation_id), currency=currency)


def reverse(uow: UnitOfWork, *, template: str, reference: str) -> int | None:
    """Undo a booked journal transaction by its negation; the reversal's id, None when done before.

    Raises `TransactionNotFound`, `NotReversible`, and `InsufficientFunds` when a wallet that
    would give money back no longer holds it.
    """
    original = book_queries.find_transaction(uow.session, template, reference)
    if original is None:
        raise TransactionNotFound(template, reference)
    if original.reverses is not None:
        raise NotReversible(template, reference)
    lines = [
        Posting(line.account_id, line.amount)
        for line in book_queries.list_lines(uow.session, original.transaction_id)
    ]
    draft = postings.reverse(template=template, reference=reference, postings=lines)
    return book_covered(
        uow,
        draft,
        reverses=original.transaction_id,
        licence_id=None if original.licence_id is None else LicenceId(original.licence_id),
        order_id=None if original.order_id is None else OrderId(original.order_id),
    )
