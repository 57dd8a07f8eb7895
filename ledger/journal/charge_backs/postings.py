"""Posting templates of refunds, charge-backs and providers' fees. Pure and balanced."""

from ledger.journal.books.chart import (
    AccountKind,
    clearing_account,
    exchange_account,
    receivable_of,
    wallet_of,
)
from ledger.journal.books.postings import Draft, Posting


def take_back(
    *,
    template: str,
    reference: str,
    organisation_id: str,
    wallet_amount: int,
    owed_amount: int,
    currency: str,
    gateway: str,
) -> Draft:
    """A ``refund`` or ``charge_back``: paid-in money leaves through the gateway it came by.

    Both amounts in 10⁻⁸ units. What the wallet no longer has (``owed_amount``) stands as a
    negative receivable until a wallet holds it again (`collect_owed`).
    """
    lines = (
        Posting(clearing_account(gateway, currency), wallet_amount + owed_amount),
        Posting(wallet_of(organisation_id, currency), -wallet_amount),
        Posting(receivable_of(organisation_id, currency), -owed_amount),
    )
    return Draft(template, reference, tuple(line for line in lines if line.amount))


def collect_owed(*, reference: str, organisation_id: str, amount: int, currency: str) -> Draft:
    """What a charge-back left owed is taken from money that came into the wallet since."""
    return Draft(
        "collect_charge_back",
        reference,
        (
            Posting(wallet_of(organisation_id, currency), -amount),
            Posting(receivable_of(organisation_id, currency), amount),
        ),
    )


def give_again(
    *,
    template: str,
    reference: str,
    organisation_id: str,
    amount: int,
    owed_amount: int,
    currency: str,
    gateway: str,
) -> Draft:
    """A ``charge_back_won`` or ``refund_failed``: the undoing of `take_back`, line by line."""
    lines = (
        Posting(clearing_account(gateway, currency), -amount),
        Posting(wallet_of(organisation_id, currency), amount - owed_amount),
        Posting(receivable_of(organisation_id, currency), owed_amount),
    )
    return Draft(template, reference, tuple(line for line in lines if line.amount))


def provider_fee(*, reference: str, amount: int, currency: str, gateway: str) -> Draft:
    """A gateway kept a fee out of the exchange's balance with it."""
    return Draft(
        "provider_fee",
        reference,
        (
            Posting(clearing_account(gateway, currency), amount),
            Posting(exchange_account(AccountKind.FEES, currency), -amount),
        ),
    )
