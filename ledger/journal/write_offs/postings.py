"""Posting templates of debts that are written off. Pure and balanced."""

from ledger.journal.books.chart import AccountKind, exchange_account, receivable_of, wallet_of
from ledger.journal.books.postings import Draft, Posting


def write_off(
    *,
    write_off_id: str,
    organisation_id: str,
    wallet_amount: int,
    receivable_amount: int,
    currency: str,
) -> Draft:
    """What is owed is given up, at the exchange's expense alone.

    Nobody who received a part of the charges gives any back: suppliers, commission and tax keep
    what they have.
    """
    lines = (
        Posting(wallet_of(organisation_id, currency), wallet_amount),
        Posting(receivable_of(organisation_id, currency), receivable_amount),
        Posting(
            exchange_account(AccountKind.BAD_DEBT, currency), -wallet_amount - receivable_amount
        ),
    )
    return Draft("write_off", write_off_id, tuple(line for line in lines if line.amount))


def recover_write_off(*, reference: str, account_id: str, amount: int, currency: str) -> Draft:
    """What was written off came in, on a wallet or by a charge-back that was won."""
    return Draft(
        "recover_write_off",
        reference,
        (
            Posting(account_id, -amount),
            Posting(exchange_account(AccountKind.BAD_DEBT, currency), amount),
        ),
    )
