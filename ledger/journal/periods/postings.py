"""Posting templates of a licence's periods: pure, balanced."""

from collections.abc import Mapping

from ledger.journal.books.chart import receivable_of, wallet_of
from ledger.journal.books.postings import Draft, Posting, paid_by, received
from ledger.journal.books.splits import shares


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
    wallet = wallet_of(buyer_id, currency)
    paid = paid_by(wallet, supplier_id, currency, shares(amount, split))
    return Draft("charge_period", reference, paid)


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
    receivable = receivable_of(buyer_id, currency)
    owed = paid_by(receivable, supplier_id, currency, shares(amount, split))
    return Draft("charge_minimum", reference, owed)


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
