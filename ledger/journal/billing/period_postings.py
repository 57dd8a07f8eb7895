"""Posting templates of periods and of deferred revenue: pure, balanced."""

from collections.abc import Mapping

from ledger.journal.books.chart import AccountKind, exchange_account, receivable_of, wallet_of
from ledger.journal.books.postings import Draft, Posting, received
from ledger.journal.books.splits import added_shares, shares


def charge_period(
    *,
    reference: str,
    buyer_id: str,
    supplier_id: str,
    amount: int,
    currency: str,
    split: Mapping[str, int],
) -> Draft:
    """A period's fee leaves the buyer's wallet by the agreement's split."""
    return _from(
        "charge_period", reference, wallet_of(buyer_id, currency), supplier_id, currency,
        shares(amount, split),
    )  # fmt: skip


def charge_minimum(
    *,
    reference: str,
    buyer_id: str,
    supplier_id: str,
    amount: int,
    currency: str,
    split: Mapping[str, int],
) -> Draft:
    """What a closed period lacks of its minimum commitment is owed by the buyer."""
    return _from(
        "charge_minimum", reference, receivable_of(buyer_id, currency), supplier_id, currency,
        shares(amount, split),
    )  # fmt: skip


def collect_minimum(*, reference: str, buyer_id: str, amount: int, currency: str) -> Draft:
    """What a minimum left owed is taken from the wallet."""
    return Draft(
        "collect_minimum",
        reference,
        (
            Posting(wallet_of(buyer_id, currency), -amount),
            Posting(receivable_of(buyer_id, currency), amount),
        ),
    )


def true_up(
    *,
    reference: str,
    buyer_id: str,
    supplier_id: str,
    amount: int,
    currency: str,
    split: Mapping[str, int],
) -> Draft:
    """What was charged call by call beyond the plan's price goes back by the same split."""
    given = [
        Posting(line.account_id, -line.amount)
        for line in received(supplier_id, currency, shares(amount, split))
    ]
    return Draft("true_up", reference, (Posting(wallet_of(buyer_id, currency), amount), *given))


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
    return _from(
        "recognise", reference, exchange_account(AccountKind.DEFERRED, currency), supplier_id,
        currency, added_shares(amount, recognised_before, split),
    )  # fmt: skip


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


def _from(  # noqa: PLR0917 -- one shape of draft, given its parts in the order of a booking
    template: str,
    reference: str,
    payer: str,
    supplier_id: str,
    currency: str,
    parts: Mapping[str, int],
) -> Draft:
    payment = Posting(payer, -sum(parts.values()))
    return Draft(template, reference, (payment, *received(supplier_id, currency, parts)))
