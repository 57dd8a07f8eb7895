"""The rules of the books in the order in which the audit goes round them."""

from collections.abc import Sequence

from ledger.journal.audit.rules import books, cash, dues, leases, suspense
from ledger.journal.audit.rules.stretches import Stretch

STRETCHES: Sequence[Stretch] = (
    books.TRANSACTIONS,
    books.WALLETS,
    books.WALLETS_FROM_SCRATCH,
    leases.LEASES,
    cash.TOP_UPS,
    cash.PAYOUTS,
    cash.WITHDRAWALS,
    suspense.ARRIVALS,
    suspense.ASSIGNMENTS,
    suspense.RETURNS,
    suspense.DECISIONS,
    dues.DEFERRALS,
    dues.SETTLEMENTS,
    dues.WRITE_OFFS,
)
