"""Posting templates of withdrawals. Pure and balanced."""

from typing import TypedDict, Unpack

from ledger.journal.books.chart import AccountKind, exchange_account, wallet_of
from ledger.journal.books.postings import Draft, Posting


class WithdrawalFacts(TypedDict):
    """What each template of a withdrawal needs; ``amount`` in 10⁻⁸ units."""

    withdrawal_id: str
    organisation_id: str
    amount: int
    currency: str


def withdraw(**facts: Unpack[WithdrawalFacts]) -> Draft:
    """An approved withdrawal is under way: no longer the wallet's, not yet gone."""
    return _of_withdrawal("withdraw", facts, AccountKind.TRANSIT, facts["amount"])


def withdrawal_paid(**facts: Unpack[WithdrawalFacts]) -> Draft:
    """The bank's money left for the buyer."""
    currency = facts["currency"]
    return Draft(
        "withdrawal_paid",
        facts["withdrawal_id"],
        (
            Posting(exchange_account(AccountKind.TRANSIT, currency), -facts["amount"]),
            Posting(exchange_account(AccountKind.BANK, currency), facts["amount"]),
        ),
    )


def withdrawal_failed(**facts: Unpack[WithdrawalFacts]) -> Draft:
    """The money never left: the wallet has it again."""
    return _of_withdrawal("withdrawal_failed", facts, AccountKind.TRANSIT, -facts["amount"])


def withdrawal_returned(**facts: Unpack[WithdrawalFacts]) -> Draft:
    """Money that had left came back to the bank."""
    return _of_withdrawal("withdrawal_returned", facts, AccountKind.BANK, -facts["amount"])


def _of_withdrawal(template: str, facts: WithdrawalFacts, other: AccountKind, amount: int) -> Draft:
    """``amount`` leaves the wallet for another account; below 0: comes back."""
    return Draft(
        template,
        facts["withdrawal_id"],
        (
            Posting(wallet_of(facts["organisation_id"], facts["currency"]), -amount),
            Posting(exchange_account(other, facts["currency"]), amount),
        ),
    )
