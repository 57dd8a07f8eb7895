"""The posting template of a settlement. Pure and balanced."""

from ledger.journal.books.chart import payable_of, settled_of
from ledger.journal.books.postings import Draft, Posting


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
