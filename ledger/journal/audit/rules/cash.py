"""Rules of cash: what came in, and what went out, is in the books once and with its amount."""

from ledger.journal.audit.rules.stretches import BANK, SETTLED, WALLET, Check, moved, row_by_row
from ledger.journal.books.chart import GATEWAY, NAMED_CLEARING

_NAMED = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in NAMED_CLEARING.items())
# Where a gateway's money rests (`chart.clearing_account`), of any table with gateway and currency.
_CLEARING = (
    f"'exchange/' || CASE u.gateway {_NAMED} ELSE '{GATEWAY}' || u.gateway END || '/' || u.currency"
)

# Cash = books: every credited payment is in the books once, with its amount.
TOP_UPS = row_by_row(
    "top_ups",
    "top_up_id",
    500,
    Check(
        "cash_is_booked",
        expected="CASE WHEN u.state = 'posted' THEN u.amount ELSE 0 END",
        found=moved("top_up", "u.top_up_id", WALLET),
        touches=(WALLET,),
    ),
    Check(
        "cash_is_at_its_gateway",
        expected="CASE WHEN u.state = 'posted' THEN -u.amount ELSE 0 END",
        found=moved("top_up", "u.top_up_id", _CLEARING),
        touches=(WALLET,),
    ),
)

# What left for a supplier left its gateway's account, once and whole.
PAYOUTS = row_by_row(
    "payouts",
    "payout_id",
    500,
    Check(
        "payout_left_its_gateway",
        expected="CASE WHEN u.paid_at IS NULL THEN 0 ELSE u.amount END",
        found=moved("payout_paid", "u.payout_id", _CLEARING),
        touches=(SETTLED,),
    ),
)

# What a buyer took out left its wallet with the approval and the bank when it was paid.
WITHDRAWALS = row_by_row(
    "withdrawals",
    "withdrawal_id",
    500,
    Check(
        "withdrawal_is_booked",
        expected="CASE WHEN u.state IN ('approved', 'sent', 'paid') THEN -u.amount ELSE 0 END",
        found=moved("withdraw withdrawal_failed withdrawal_returned", "u.withdrawal_id", WALLET),
        touches=(WALLET,),
    ),
    Check(
        "withdrawal_left_the_bank",
        expected="CASE WHEN u.state = 'paid' THEN u.amount ELSE 0 END",
        found=moved("withdrawal_paid withdrawal_returned", "u.withdrawal_id", BANK),
        touches=(WALLET,),
    ),
)
