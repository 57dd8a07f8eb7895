"""Posting templates of deferred revenue: pure, balanced."""

from collections.abc import Mapping

from ledger.journal.books.chart import AccountKind, exchange_account, wallet_of
from ledger.journal.books.postings import Draft, Posting, paid_by
from ledger.journal.books.splits import added_shares


def defer_order(*, order_id: str, buyer_id: str, amount: int, currency: str) -> Draft:
    """A yearly package's price leaves the wallet and waits to be earned."""
    return Draft(
        "defer_order",
        order_id,
        (
            Posting(wallet_of(buyer_id, currency), -amount),
            Posting(exchange_account(AccountKind.DEFERRED, currency), amount),
        ),
    )


def recognise(
    *,
    reference: str,
    supplier_id: str,
    amount: int,
    recognised_before: int,
    currency: str,
    split: Mapping[str, int],
) -> Draft:
    """Days of a yearly package are earned; parts follow the running total, so they sum exactly."""
    deferred = exchange_account(AccountKind.DEFERRED, currency)
    parts = added_shares(amount, recognised_before, split)
    return Draft("recognise", reference, paid_by(deferred, supplier_id, currency, parts))


def refund_deferred(*, reference: str, buyer_id: str, amount: int, currency: str) -> Draft:
    """What was paid and never earned goes back to the buyer's wallet.

    The reference begins with the order: the order alone for the rest of its price, behind a colon
    the days that a narrowed term kept.
    """
    return Draft(
        "refund_deferred",
        reference,
        (
            Posting(exchange_account(AccountKind.DEFERRED, currency), -amount),
            Posting(wallet_of(buyer_id, currency), amount),
        ),
    )
