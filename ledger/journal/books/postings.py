"""Posting templates by name: pure functions from a business fact to a balanced draft."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.journal.books.chart import (
    BANK_TRANSFER,
    AccountKind,
    clearing_account,
    exchange_account,
    payable_of,
    receivable_of,
    wallet_of,
)
from ledger.journal.books.splits import CONTRIBUTOR, added_shares, shares

TEMPLATES = frozenset(
    {
        "accrue_calls",
        "assign_suspense",
        "charge_back",
        "charge_back_won",
        "charge_minimum",
        "charge_order",
        "charge_period",
        "collect_charge_back",
        "collect_minimum",
        "credit",
        "defer_order",
        "invoice_rounding",
        "pay_out",
        "payout_failed",
        "payout_paid",
        "payout_part_returned",
        "payout_returned",
        "provider_fee",
        "provider_payout",
        "provider_unexplained",
        "recognise",
        "recover_write_off",
        "refund",
        "refund_deferred",
        "refund_failed",
        "return_suspense",
        "reverse",
        "settle",
        "suspense_return_back",
        "suspense_return_failed",
        "suspense_return_paid",
        "top_up",
        "true_up",
        "withdraw",
        "withdrawal_failed",
        "withdrawal_paid",
        "withdrawal_returned",
        "write_off",
    }
)
"""Why money moves, over all rooms that book: nothing is booked for a reason that is not here."""


class UnknownTemplate(ValueError):
    """A draft names a reason to move money that the list of them does not have."""


class Unbalanced(ValueError):
    """A currency of the draft does not sum to zero, or a draft has fewer than two postings."""


@dataclass(frozen=True)
class Posting:
    """One line; ``amount`` in 10⁻⁸ units, positive when the exchange owes the owner more."""

    account_id: str
    amount: int

    @property
    def currency(self) -> str:
        """The currency of the account."""
        return self.account_id.rsplit("/", 1)[-1]

    @property
    def owner_id(self) -> str:
        """The owner of the account."""
        return self.account_id.split("/", 1)[0]

    @property
    def is_of_wallet(self) -> bool:
        """Whether prepaid money moves."""
        return self.account_id == wallet_of(self.owner_id, self.currency)


@dataclass(frozen=True)
class Draft:
    """A journal transaction before it is booked; (template, reference) makes it happen once."""

    template: str
    reference: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if self.template not in TEMPLATES:
            raise UnknownTemplate(self.template)
        check_balanced(self.postings)


def check_balanced(postings: Sequence[Posting]) -> None:
    """Raises `Unbalanced` unless every currency sums to zero over at least two postings."""
    sums: dict[str, int] = defaultdict(int)
    for posting in postings:
        sums[posting.currency] += posting.amount
    if len(postings) < 2 or any(sums.values()):  # noqa: PLR2004 -- money comes from and goes to
        raise Unbalanced(dict(sums))


def top_up(
    *,
    reference: str,
    organisation_id: str,
    amount: int,
    currency: str,
    gateway: str = BANK_TRANSFER,
) -> Draft:
    """Money arrived at the bank or at a provider, by its gateway, for a buyer's wallet."""
    return Draft(
        "top_up",
        reference,
        (
            Posting(clearing_account(gateway, currency), -amount),
            Posting(wallet_of(organisation_id, currency), amount),
        ),
    )


def charge_order(
    *,
    order_id: str,
    buyer_id: str,
    supplier_id: str,
    amount: int,
    currency: str,
    split: Mapping[str, int],
) -> Draft:
    """A package's price leaves the buyer's wallet by the agreement's split."""
    parts = shares(amount, split)
    return Draft(
        "charge_order",
        order_id,
        paid_by(wallet_of(buyer_id, currency), supplier_id, currency, parts),
    )


def accrue_calls(
    *,
    reference: str,
    buyer_id: str,
    supplier_id: str,
    amount: int,
    total_amount_before: int,
    currency: str,
    split: Mapping[str, int],
) -> Draft:
    """A run of calls of one lane leaves the buyer's wallet; parts follow the lane's total."""
    parts = added_shares(amount, total_amount_before, split)
    return Draft(
        "accrue_calls",
        reference,
        paid_by(wallet_of(buyer_id, currency), supplier_id, currency, parts),
    )


def invoice_rounding(*, invoice_id: str, buyer_id: str, rounding: int, currency: str) -> Draft:
    """What rounding an invoice to the minor unit added (or took) is owed by (or to) the buyer.

    It goes through the receivable, never the wallet: a wallet holds exactly what was paid in.
    """
    return Draft(
        "invoice_rounding",
        invoice_id,
        (
            Posting(receivable_of(buyer_id, currency), -rounding),
            Posting(exchange_account(AccountKind.ROUNDING, currency), rounding),
        ),
    )


def credit(
    *, reference: str, buyer_id: str, supplier_id: str, currency: str, parts: Mapping[str, int]
) -> Draft:
    """Money given back to a buyer by those who had received it.

    ``parts`` (10⁻⁸ units) are what each gives back: the original lines, by `unwound_shares`. A
    supplier that was paid out meanwhile owes it: its payable goes below zero.
    """
    charged = paid_by(wallet_of(buyer_id, currency), supplier_id, currency, parts)
    return Draft("credit", reference, _negated(charged))


def reverse(*, template: str, reference: str, postings: Sequence[Posting]) -> Draft:
    """The undoing of a booked journal transaction; it names what it undoes."""
    return Draft("reverse", f"{template}:{reference}", _negated(postings))


def paid_by(
    account_id: str, supplier_id: str, currency: str, parts: Mapping[str, int]
) -> tuple[Posting, ...]:
    """The parts (10⁻⁸ units) leave the account, and each goes to whom it is for."""
    payment = Posting(account_id, -sum(parts.values()))
    lines = (payment, *received(supplier_id, currency, parts))
    return tuple(line for line in lines if line.amount)


def received(supplier_id: str, currency: str, parts: Mapping[str, int]) -> tuple[Posting, ...]:
    """Who gets which part of a charge; parts of nothing are left out."""
    return tuple(
        Posting(_receiver_of(part, supplier_id, currency), amount)
        for part, amount in parts.items()
        if amount
    )


def _receiver_of(part: str, supplier_id: str, currency: str) -> str:
    if part == "supplier":
        return payable_of(supplier_id, currency)
    if part.startswith(CONTRIBUTOR):
        return payable_of(part.removeprefix(CONTRIBUTOR), currency)
    return exchange_account(AccountKind(part), currency)


def _negated(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    return tuple(Posting(line.account_id, -line.amount) for line in postings)
