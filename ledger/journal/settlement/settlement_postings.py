"""Posting templates behind the charge: settle, pay out, refund, charge back. Pure and balanced."""

from typing import TypedDict, Unpack

from ledger.journal.chart import (
    AccountKind,
    clearing_account,
    exchange_account,
    payable_of,
    receivable_of,
    settled_of,
    wallet_of,
)
from ledger.journal.postings import Draft, Posting


def settle(*, settlement_id: str, supplier_id: str, amount: int, currency: str) -> Draft:
    """What a settlement fixed leaves the payable, whole minor units; the rest stays in it."""
    return Draft(
        "settle",
        settlement_id,
        (
            Posting(payable_of(supplier_id, currency), -amount),
            Posting(settled_of(supplier_id, currency), amount),
        ),
    )


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
