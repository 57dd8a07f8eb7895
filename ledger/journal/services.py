"""Verbs on the books: opening accounts, charging orders, reversing, remembering parties."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from app.core.ids import LicenceId, OrderId, OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal import postings, queries
from ledger.journal.chart import (
    EXCHANGE,
    EXCHANGE_KINDS,
    HOME_CURRENCY,
    ORGANISATION_KINDS,
    account_id,
    wallet_of,
)
from ledger.journal.covered_booking import book_covered
from ledger.journal.errors import NotReversible, TransactionNotFound
from ledger.journal.events import OrderCharged
from ledger.journal.models import JournalAccount, LicenceParties, Wallet
from ledger.journal.postings import Posting


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


def charge_order(
    uow: UnitOfWork,
    *,
    order_id: OrderId,
    buyer_id: OrganisationId,
    supplier_id: OrganisationId,
    amount: int,
    currency: str,
    split: Mapping[str, int],
) -> None:
    """Take an order's price (10⁻⁸ units) from the buyer's wallet, once per order; 0 is no charge.

    Raises `InsufficientFunds`.
    """
    if amount == 0:
        return
    draft = postings.charge_order(
        order_id=order_id,
        buyer_id=buyer_id,
        supplier_id=supplier_id,
        amount=amount,
        currency=currency,
        split=split,
    )
    open_accounts(uow, organisation_id=supplier_id, currency=currency)
    if book_covered(uow, draft, order_id=order_id) is None:
        return
    uow.record(
        OrderCharged(
            occurred_at=uow.now,
            order_id=order_id,
            buyer_id=buyer_id,
            supplier_id=supplier_id,
            amount=amount,
            currency=currency,
        )
    )


def reverse(uow: UnitOfWork, *, template: str, reference: str) -> int | None:
    """Undo a booked journal transaction by its negation; the reversal's id, None when done before.

    Raises `TransactionNotFound`, `NotReversible`, and `InsufficientFunds` when a wallet that
    would give money back no longer holds it.
    """
    original = queries.find_transaction(uow.session, template, reference)
    if original is None:
        raise TransactionNotFound(template, reference)
    if original.reverses is not None:
        raise NotReversible(template, reference)
    lines = [
        Posting(line.account_id, line.amount)
        for line in queries.list_lines(uow.session, original.transaction_id)
    ]
    draft = postings.reverse(template=template, reference=reference, postings=lines)
    return book_covered(
        uow,
        draft,
        reverses=original.transaction_id,
        licence_id=None if original.licence_id is None else LicenceId(original.licence_id),
        order_id=None if original.order_id is None else OrderId(original.order_id),
    )


def note_licence(
    uow: UnitOfWork,
    *,
    licence_id: str,
    order_id: str,
    buyer_id: str,
    supplier_id: str,
    currency: str,
    plan_hash: str,
    listing_code: str,
    starts_at: datetime,
    ends_at: datetime,
    split: Mapping[str, int] | None = None,
) -> None:
    """Remember who pays whom under a licence and see that their accounts are open; once."""
    for organisation_id in (buyer_id, supplier_id):
        open_accounts(uow, organisation_id=OrganisationId(organisation_id), currency=currency)
    parties = {
        "licence_id": licence_id,
        "order_id": order_id,
        "buyer_id": buyer_id,
        "supplier_id": supplier_id,
        "currency": currency,
        "plan_hash": plan_hash,
        "listing_code": listing_code,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "split": None if split is None else dict(split),
    }
    uow.session.execute(insert(LicenceParties).values(parties).on_conflict_do_nothing())
