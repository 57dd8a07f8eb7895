"""Posting templates of payouts. Pure and balanced."""

from ledger.journal.books.chart import (
    AccountKind,
    clearing_account,
    exchange_account,
    payable_of,
    settled_of,
)
from ledger.journal.books.postings import Draft, Posting


def pay_out(*, payout_id: str, supplier_id: str, amount: int, currency: str) -> Draft:
    """An approved payout is under way: no longer the supplier's balance, not yet gone."""
    return Draft(
        "pay_out",
        payout_id,
        (
            Posting(settled_of(supplier_id, currency), -amount),
            Posting(exchange_account(AccountKind.TRANSIT, currency), amount),
        ),
    )


def payout_paid(*, payout_id: str, amount: int, currency: str, gateway: str) -> Draft:
    """The gateway's money left for the supplier."""
    return Draft(
        "payout_paid",
        payout_id,
        (
            Posting(exchange_account(AccountKind.TRANSIT, currency), -amount),
            Posting(clearing_account(gateway, currency), amount),
        ),
    )


def payout_failed(*, payout_id: str, supplier_id: str, amount: int, currency: str) -> Draft:
    """The money came back, or never left: the payable has it again, for the next settlement."""
    return Draft(
        "payout_failed",
        payout_id,
        (
            Posting(exchange_account(AccountKind.TRANSIT, currency), -amount),
            Posting(payable_of(supplier_id, currency), amount),
        ),
    )


def payout_returned(
    *, payout_id: str, supplier_id: str, amount: int, currency: str, gateway: str
) -> Draft:
    """Money that had been reported as paid came back through the gateway."""
    return Draft(
        "payout_returned",
        payout_id,
        (
            Posting(clearing_account(gateway, currency), -amount),
            Posting(payable_of(supplier_id, currency), amount),
        ),
    )
