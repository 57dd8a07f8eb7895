"""Verbs that the trade asks for: charge an order, remember a licence's parties."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from app.core.ids import OrderId, OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books import postings
from ledger.journal.trading.events import OrderCharged
from ledger.journal.trading.models import LicenceParties
from ledger.journal.wallets.covered_booking import book_covered
from ledger.journal.wallets.services import open_accounts, open_receivers


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
    open_receivers(uow, supplier_id=supplier_id, currency=currency, split=split)
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
    open_accounts(uow, organisation_id=OrganisationId(buyer_id), currency=currency)
    open_receivers(uow, supplier_id=supplier_id, currency=currency, split=split or {})
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
