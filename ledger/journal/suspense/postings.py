"""Posting templates of money that leaves suspense. Pure and balanced."""

from typing import TypedDict, Unpack

from ledger.journal.books.chart import AccountKind, exchange_account, wallet_of
from ledger.journal.books.postings import Draft, Posting


def assign_suspense(*, reference: str, organisation_id: str, amount: int, currency: str) -> Draft:
    """Money that arrived unexplained is its owner's."""
    return Draft(
        "assign_suspense",
        reference,
        (
            Posting(exchange_account(AccountKind.SUSPENSE, currency), -amount),
            Posting(wallet_of(organisation_id, currency), amount),
        ),
    )


class SuspenseReturnFacts(TypedDict):
    """What each template of a return needs; ``amount`` in 10⁻⁸ units."""

    return_id: str
    amount: int
    currency: str


def return_suspense(**facts: Unpack[SuspenseReturnFacts]) -> Draft:
    """Money in suspense is on its way to its sender."""
    return _of_return("return_suspense", facts, (AccountKind.SUSPENSE, AccountKind.TRANSIT))


def suspense_return_paid(**facts: Unpack[SuspenseReturnFacts]) -> Draft:
    """The bank's money left for the sender."""
    return _of_return("suspense_return_paid", facts, (AccountKind.TRANSIT, AccountKind.BANK))


def suspense_return_back(**facts: Unpack[SuspenseReturnFacts]) -> Draft:
    """Money that had left came back to the bank."""
    return _of_return("suspense_return_back", facts, (AccountKind.BANK, AccountKind.TRANSIT))


def suspense_return_failed(**facts: Unpack[SuspenseReturnFacts]) -> Draft:
    """The sender did not get it: it is in suspense again."""
    return _of_return("suspense_return_failed", facts, (AccountKind.TRANSIT, AccountKind.SUSPENSE))


def _of_return(
    template: str, facts: SuspenseReturnFacts, way: tuple[AccountKind, AccountKind]
) -> Draft:
    source, target = (exchange_account(kind, facts["currency"]) for kind in way)
    return Draft(
        template,
        facts["return_id"],
        (Posting(source, -facts["amount"]), Posting(target, facts["amount"])),
    )
